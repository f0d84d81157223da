/** Outputs: files that are there whole or not at all; pipes and devices, which are written in place. */
import { Buffer } from "node:buffer";
import { createHash, randomBytes } from "node:crypto";
import {
  closeSync,
  constants,
  fchmodSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { dirname, join } from "node:path";
import process from "node:process";
import { KIND_WORDS, naming, usageError } from "./errors.ts";
import { endOnSignals } from "./interrupt.ts";
import {
  type Found,
  isDescriptor,
  isStandardInput,
  isStandardOutput,
  look,
  lookAtDescriptor,
  targetOf,
} from "./paths.ts";

const madeFolders = new Set<string>();

/** Makes the folder of a file, once. */
export function makeFolderOf(path: string): void {
  const folder = dirname(path);
  if (madeFolders.has(folder)) return;
  mkdirSync(folder, { recursive: true });
  madeFolders.add(folder);
}

/** What was written. */
export interface Written {
  readonly byteSize: number;
  readonly sha256: string;
}

type Pieces = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** How a file is written. */
export interface WriteOptions {
  /** A name in the file's folder that the caller owns: what an earlier process has left there goes. */
  readonly partial?: string;
  /** Waits until the disk has it, whatever was there before. */
  readonly sync?: boolean;
}

/** Writes a file at once: whoever looks sees the old one or the new one. */
export async function writeAtomically(
  path: string,
  pieces: Pieces,
  options: WriteOptions = {},
): Promise<Written> {
  const hash = createHash("sha256");
  let byteSize = 0;
  await replaceFile(path, async (file) => {
    for await (const piece of pieces) {
      hash.update(piece);
      byteSize += piece.length;
      file.write(piece);
    }
  }, options);
  return { byteSize, sha256: hash.digest("hex") };
}

/** Writes lines likewise, however many there are, and waits until the disk has them. */
export function writeLines(
  path: string,
  lines: Iterable<string | Uint8Array>,
  partial?: string,
): Promise<Written> {
  return writeAtomically(path, batches(lines), { sync: true, ...(partial && { partial }) });
}

function* batches(lines: Iterable<string | Uint8Array>): Iterable<Uint8Array> {
  let waiting: Uint8Array[] = [];
  for (const line of lines) {
    waiting.push(typeof line === "string" ? Buffer.from(line) : line);
    if (waiting.length < 1000) continue;
    yield Buffer.concat(waiting);
    waiting = [];
  }
  yield Buffer.concat(waiting);
}

/** A short name that nobody has, for a file that grows beside its place until it is complete. */
export function newPartialName(): string {
  return `.mp3-augment-${randomBytes(6).toString("hex")}.partial`;
}

/** Whether it is one of these names. */
export function isPartialName(name: unknown): name is string {
  return typeof name === "string" && /^\.mp3-augment-[0-9a-f]{12}\.partial$/.test(name);
}

/** Files that would stay half written if the process ended now. */
const growing = new Set<string>();
process.on("exit", () => growing.forEach((path) => rmSync(path, { force: true })));

let halt: Int32Array | undefined;

/**
 * Lets this thread write nothing more once `flag` isn't 0. So the one that ends the process can remove
 * what is half written.
 */
export function haltBy(flag: Int32Array): void {
  halt = flag;
}

function checkHalt(): void {
  if (halt && Atomics.load(halt, 0) !== 0) throw new Error("the process is ending");
}

let waitedMs = 0;

/** Calls the file system; counts how long this thread has waited for it. */
export function waitingFor<T>(call: () => T): T {
  const startMs = performance.now();
  try {
    return call();
  } finally {
    waitedMs += performance.now() - startMs;
  }
}

/** How long that was, since the last time that this was asked. */
export function takeWaitedMs(): number {
  const taken = waitedMs;
  waitedMs = 0;
  return taken;
}

/** A file on its way to its place. */
export interface GrowingFile {
  /** Writes all bytes, at the end or from `at` on. */
  write(bytes: Uint8Array, at?: number): void;
}

/**
 * Lets `fill` write a new file, which takes the place of what the path's links lead to when it is
 * complete. The calls are the synchronous ones: handing each to another thread of the runtime's and
 * back costs several times what most of them do.
 */
export async function replaceFile(
  path: string,
  fill: (file: GrowingFile) => Promise<void>,
  { partial, sync = false }: WriteOptions = {},
): Promise<void> {
  makeFolderOf(path);
  const isThere = lstatSync(path, { throwIfNoEntry: false }) !== undefined; // cheap where it isn't
  const target = isThere ? await targetOf(path) : path;
  const old = isThere ? await look(target) : undefined;
  if (old && old.kind !== "file") throw new Error(KIND_WORDS[old.kind]);
  const growingPath = join(dirname(target), partial ?? newPartialName());
  checkHalt();
  const file = waitingFor(() => create(growingPath, old, partial !== undefined));
  growing.add(growingPath);
  try {
    try {
      if (old) keepMode(file, old);
      await fill({ write: (bytes, at) => waitingFor(() => writeAll(file, bytes, at)) });
      if (old || sync) waitingFor(() => fsyncSync(file)); // else a power cut could take the old one and the new one
    } finally {
      closeSync(file);
    }
    checkHalt();
    waitingFor(() => renameSync(growingPath, target));
  } catch (error) {
    rmSync(growingPath, { force: true });
    throw error;
  } finally {
    growing.delete(growingPath);
  }
}

/** Makes a file where none is: a link that somebody has put there isn't followed. */
function create(path: string, old: Found | undefined, mayRemove: boolean): number {
  const mode = old ? 0o600 : 0o666; // what is secret stays so while it is written
  try {
    return openSync(path, "wx", mode);
  } catch (error) {
    if (!mayRemove || (error as { code?: unknown }).code !== "EEXIST") throw error;
    rmSync(path);
    return openSync(path, "wx", mode);
  }
}

function keepMode(file: number, { mode }: Found): void {
  try {
    fchmodSync(file, mode & 0o777);
  } catch {
    // Not all file systems have modes.
  }
}

/** Writes all bytes of a piece: a write may stop short. */
function writeAll(file: number, bytes: Uint8Array, position?: number): void {
  for (let at = 0; at < bytes.length;) {
    const place = position === undefined ? null : position + at;
    at += writeSync(file, bytes, at, bytes.length - at, place);
  }
}

/** Where a command writes its result. */
export interface Output {
  readonly path: string;
  /** Standard output, so that messages go to standard error. */
  readonly isStandard: boolean;
  /** A file, whose start can be written again at the end. */
  readonly isFile: boolean;
  write(pieces: Pieces): Promise<void>;
}

/**
 * Looks at what a command is to write, before it works.
 *
 * @throws {CliError} if that is one of the sources, a folder, or (without `force`) a terminal
 */
export async function openOutput(
  path: string,
  { sources, force }: { sources: readonly string[]; force: boolean },
): Promise<Output> {
  const isStandard = isStandardOutput(path);
  const found = isStandard ? lookAtDescriptor(1) : await look(path);
  const isOpen = isStandard || isDescriptor(path);
  if (found?.kind === "folder" || (found?.kind === "socket" && !isOpen)) {
    throw usageError(`${path}: ${KIND_WORDS[found.kind]}, not a file to write`);
  }
  if (isStandard && process.stdout.isTTY && !force) {
    throw usageError(
      "standard output is a terminal, which can't show this: send it to a file or a program " +
        "(> FILE, | PROGRAM), name a file, or use --force",
    );
  }
  if (found) await refuseSources(path, found, sources);
  endOnSignals();
  const isFile = !isOpen && (!found || found.kind === "file");
  const write = async (pieces: Pieces) => {
    let failedPiece: unknown;
    const watched = watch(pieces, (error) => failedPiece = error);
    try {
      if (isFile) await writeAtomically(path, watched);
      else if (isStandard) await writeToStandardOutput(watched);
      else await writeInPlace(path, watched);
    } catch (error) { // of reading, which the caller names, or of writing
      if (error === failedPiece) throw error;
      await naming(isStandard ? "standard output" : path, Promise.reject(error));
    }
  };
  return { path, isStandard, isFile, write };
}

async function* watch(
  pieces: Pieces,
  onError: (error: unknown) => void,
): AsyncIterable<Uint8Array> {
  try {
    yield* pieces;
  } catch (error) {
    onError(error);
    throw error;
  }
}

async function refuseSources(path: string, found: Found, sources: readonly string[]) {
  if (found.kind !== "file") return; // a terminal may be read and written
  for (const source of sources) {
    if ((await look(source))?.identity !== found.identity) continue;
    const name = isStandardInput(source) ? "what standard input reads" : source;
    throw usageError(`${path} is the same file as ${name}, which would be lost: name another one`);
  }
}

async function writeToStandardOutput(pieces: Pieces): Promise<void> {
  for await (const piece of pieces) {
    const copy = new Uint8Array(piece); // the pipe may take it after the next piece was made
    await new Promise<void>((resolve, reject) =>
      process.stdout.write(copy, (error) => error ? reject(error) : resolve())
    );
  }
}

/** A pipe, a device, or a file that was opened by whoever started the program, behind what is there. */
async function writeInPlace(path: string, pieces: Pieces): Promise<void> {
  const file = await open(path, constants.O_WRONLY | (isDescriptor(path) ? constants.O_APPEND : 0));
  try {
    for await (const piece of pieces) await writeAllTo(file, piece);
  } finally {
    await file.close();
  }
}

async function writeAllTo(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    at += (await file.write(bytes, at, bytes.length - at)).bytesWritten;
  }
}

/** A file's size, or undefined if there is none. */
export async function byteSizeOf(path: string): Promise<number | undefined> {
  return (await look(path).catch(() => undefined))?.byteSize;
}
