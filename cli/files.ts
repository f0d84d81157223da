/** Files that are there whole or not at all, and what folders hold. */
import { createHash } from "node:crypto";
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import process from "node:process";

/** Where a file grows until it is complete: beside its place, so that a rename suffices. */
export function partialPath(path: string): string {
  return join(dirname(path), `.${basename(path)}.partial`);
}

const madeFolders = new Set<string>();

/** Makes the folder of a file, once. */
export async function makeFolderOf(path: string): Promise<void> {
  const folder = dirname(path);
  if (madeFolders.has(folder)) return;
  await mkdir(folder, { recursive: true });
  madeFolders.add(folder);
}

/** What was written. */
export interface Written {
  readonly byteSize: number;
  readonly sha256: string;
}

type Pieces = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** Writes a file at once: whoever looks sees the old one or the new one. */
export async function writeAtomically(
  path: string,
  pieces: Pieces,
  partial: string = partialPath(path),
): Promise<Written> {
  const hash = createHash("sha256");
  let byteSize = 0;
  await replaceFile(path, async (file) => {
    for await (const piece of pieces) {
      hash.update(piece);
      byteSize += piece.length;
      await writeAll(file, piece);
    }
  }, partial);
  return { byteSize, sha256: hash.digest("hex") };
}

/** Lets `fill` write a new file, which takes its place when it is complete. */
export async function replaceFile(
  path: string,
  fill: (file: FileHandle) => Promise<void>,
  partial: string = partialPath(path),
): Promise<void> {
  await makeFolderOf(path);
  try {
    const file = await open(partial, "w");
    try {
      await fill(file);
    } finally {
      await file.close();
    }
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

/** Writes all bytes of a piece: a write may stop short. */
export async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    at += (await file.write(bytes, at, bytes.length - at)).bytesWritten;
  }
}

/** Writes a file atomically, or to standard output for "-". */
export async function writeOutput(path: string, pieces: Pieces): Promise<void> {
  if (path !== "-") return void await writeAtomically(path, pieces);
  for await (const piece of pieces) {
    const copy = piece.slice(); // the pipe may take it after the next piece was made
    await new Promise<void>((resolve, reject) =>
      process.stdout.write(copy, (error) => error ? reject(error) : resolve())
    );
  }
}

/** A file's size, or undefined if there is none. */
export async function byteSizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch {
    return undefined;
  }
}

/**
 * The files below a folder, as sorted relative paths with "/". Links to files count, links to folders
 * don't: they could lead in circles. Hidden files and folders are left out. A folder below that can't
 * be read is told to `onUnreadable`.
 */
export async function listFiles(
  folder: string,
  isWanted: (name: string) => boolean,
  onUnreadable: (path: string, error: unknown) => void,
): Promise<string[]> {
  const found: string[] = [];
  const waiting = [""];
  const unreadable = (path: string, error: unknown) => {
    if (path === "") throw error;
    onUnreadable(path, error);
    return [];
  };
  for (let below = waiting.pop(); below !== undefined; below = waiting.pop()) {
    const listed = readdir(join(folder, below), { withFileTypes: true });
    for (const entry of await listed.catch((error) => unreadable(below, error))) {
      const path = below === "" ? entry.name : `${below}/${entry.name}`;
      if (entry.name.startsWith(".")) continue;
      if (entry.isDirectory()) waiting.push(path);
      else if (isWanted(entry.name) && await isFile(entry, join(folder, path))) found.push(path);
    }
  }
  return found.sort();
}

async function isFile(
  entry: { isFile(): boolean; isSymbolicLink(): boolean },
  path: string,
): Promise<boolean> {
  if (entry.isFile()) return true;
  if (!entry.isSymbolicLink()) return false;
  return await stat(path).then((target) => target.isFile(), () => true); // a dead link is a bad file
}
