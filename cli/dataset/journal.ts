/**
 * What is done, one line per unit of work, appended as it is done, and before that a line that says
 * what the unit is about to write: so a later run knows which files are its own. A run that is killed
 * leaves at worst half a line at the end. In memory is only where each line is.
 */
import {
  closeSync,
  createReadStream,
  existsSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  writeSync,
} from "node:fs";
import { Buffer } from "node:buffer";
import { rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { isPartialName, makeFolderOf, newPartialName, writeLines } from "../files.ts";
import { targetOf } from "../paths.ts";
import type { ManifestRow } from "./manifest.ts";

/** A unit of work that was worked on to its end: a source file or a tar shard. */
export interface JournalRecord {
  readonly unit: string;
  /** The files that it has written. */
  readonly outputs: readonly OutputFile[];
  readonly rows: readonly ManifestRow[];
  /** Why there is no output, or what a tar shard had to leave out. Tried again by the next run. */
  readonly failures?: readonly Failure[];
  /** Outputs that an earlier run has made of it, before it failed. */
  readonly kept?: readonly string[];
  /** Sound files in a tar shard that were copied as they are: how many of which kind. */
  readonly skipped?: Readonly<Record<string, number>>;
}

/** What a unit is about to write. */
interface Beginning {
  readonly unit: string;
  readonly begins: readonly string[];
  /** The name beside each of them under which it grows. */
  readonly partial: string;
}

/** A source that could not be processed. */
export interface Failure {
  readonly source: string;
  readonly reason: string;
}

/** A file that was written. */
export interface OutputFile {
  readonly path: string;
  readonly byteSize: number;
  readonly sha256: string;
}

interface Place {
  readonly offset: number;
  readonly byteSize: number;
}

const WINDOW_BYTE_SIZE = 1 << 16;

/** The journal of one shard. */
export class Journal {
  readonly #path: string;
  readonly #file: number;
  /** Where in the file a unit's last record begins. */
  readonly #offsets = new Map<string, number>();
  /** A part of the file, so that records that lie side by side are read together. */
  #window: { offset: number; bytes: Buffer } = { offset: 0, bytes: Buffer.alloc(0) };
  #memory: Buffer = Buffer.alloc(WINDOW_BYTE_SIZE);
  /** Several of a unit whose copies are made at the same time. */
  readonly #beginnings = new Map<string, Beginning[]>();
  /** Lines that are not in the file yet. */
  #waiting: Buffer[] = [];
  #end = 0;
  #isOpen = true;

  private constructor(path: string) {
    this.#path = path;
    this.#file = openSync(path, "a+");
  }

  /** Opens the journal or starts it. A line that was cut short is dropped, a damaged one passed over. */
  static async open(path: string): Promise<Journal> {
    makeFolderOf(path);
    const journal = new Journal(path);
    for await (const { line, place } of readLines(path)) {
      journal.#end = place.offset + place.byteSize;
      if (isRecord(line)) journal.#offsets.set(line.unit, place.offset);
      if (isRecord(line)) journal.#beginnings.delete(line.unit);
      if (isBeginning(line)) journal.#note(line);
    }
    if (fstatSync(journal.#file).size > journal.#end) ftruncateSync(journal.#file, journal.#end);
    return journal;
  }

  /** What is recorded of a unit. */
  get(unit: string): JournalRecord | undefined {
    const line = this.#lineOf(unit);
    return line && JSON.parse(line.toString("utf8"));
  }

  /** Which files this run or an earlier one has made of a unit, or was about to. */
  outputsOf(unit: string): readonly string[] {
    const { outputs = [], kept = [] } = this.get(unit) ?? {};
    const begun = this.#beginnings.get(unit) ?? [];
    return [...outputs.map(({ path }) => path), ...kept, ...begun.flatMap(({ begins }) => begins)];
  }

  /**
   * Records what a unit is about to write; gives the name under which its outputs are to grow. It may
   * be made after the next `flush`.
   */
  begin(unit: string, begins: readonly string[]): string {
    const partial = newPartialName();
    this.#append(JSON.stringify({ unit, begins, partial } satisfies Beginning));
    return partial;
  }

  /** Records a unit as done. It counts once its line is there, after the next `flush`. */
  add(record: JournalRecord): void {
    this.addLine(record.unit, JSON.stringify(record));
  }

  /** The same with a record in JSON. */
  addLine(unit: string, line: string): void {
    this.#offsets.set(unit, this.#append(line));
    this.#beginnings.delete(unit);
  }

  /** Writes what was recorded. */
  flush(): void {
    if (this.#waiting.length === 0) return;
    const lines = Buffer.concat(this.#waiting);
    this.#waiting = [];
    for (let at = 0; at < lines.length;) at += writeSync(this.#file, lines, at);
  }

  /** Removes the half-written files of a run that was killed. */
  async sweep(folder: string): Promise<void> {
    for (const { begins, partial } of [...this.#beginnings.values()].flat()) {
      for (const path of begins) {
        const target = await targetOf(join(folder, path)).catch(() => undefined);
        if (target) await rm(join(dirname(target), partial), { force: true }).catch(() => {});
      }
    }
  }

  /** The records of these units, in their order. */
  *records(units: Iterable<string>): Iterable<JournalRecord> {
    for (const unit of units) {
      const record = this.get(unit);
      if (record) yield record;
    }
  }

  /** Puts the lines into this order, so that equal runs leave equal files. Closes the journal. */
  async settle(units: Iterable<string>): Promise<void> {
    const lines = mapLines(units, (unit) => {
      const line = this.#lineOf(unit);
      return line && Buffer.from(line); // the window will hold others
    });
    await writeLines(this.#path, lines, ownPartialName(this.#path));
    this.close();
  }

  /** May be called again. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    try {
      this.flush();
    } finally {
      closeSync(this.#file);
    }
  }

  #note(beginning: Beginning): void {
    const begun = this.#beginnings.get(beginning.unit);
    if (begun) begun.push(beginning);
    else this.#beginnings.set(beginning.unit, [beginning]);
  }

  /** Gives where the line begins. */
  #append(json: string): number {
    const line = Buffer.from(`${json}\n`);
    this.#waiting.push(line);
    this.#end += line.length;
    return this.#end - line.length;
  }

  /** A unit's record, with its line's end, as a part of the window. */
  #lineOf(unit: string): Buffer | undefined {
    const offset = this.#offsets.get(unit);
    if (offset === undefined) return undefined;
    this.flush();
    for (;;) {
      const { offset: start, bytes } = this.#window;
      const end = offset < start ? -1 : bytes.indexOf(NEWLINE, offset - start);
      if (end >= 0) return bytes.subarray(offset - start, end + 1);
      if (offset === start && bytes.length > 0) { // a long line, or a part of one
        if (bytes.length < this.#memory.length) throw this.#wasCut();
        this.#memory = Buffer.alloc(2 * this.#memory.length);
      }
      this.#window = { offset, bytes: this.#read(offset) };
      if (this.#window.bytes.length === 0) throw this.#wasCut();
    }
  }

  #wasCut(): Error {
    return new Error(`${this.#path} was cut while it was read`);
  }

  /** What lies there, as much as there is memory for. */
  #read(offset: number): Buffer {
    const memory = this.#memory;
    let at = 0;
    for (let count = 1; count > 0 && at < memory.length; at += count) {
      count = readSync(this.#file, memory, at, memory.length - at, offset + at);
    }
    return memory.subarray(0, at);
  }
}

/** Under which name a file that only the lock's owner writes grows. */
export function ownPartialName(path: string): string {
  return `.mp3-augment-${basename(path)}.partial`;
}

function* mapLines(units: Iterable<string>, read: (unit: string) => Buffer | undefined) {
  for (const unit of units) {
    const line = read(unit);
    if (line) yield line;
  }
}

/** The complete lines of a journal and where they are; undefined for what is no JSON. */
export async function* readLines(
  path: string,
): AsyncIterable<{ line: unknown; place: Place }> {
  if (!existsSync(path)) return;
  let offset = 0;
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of createReadStream(path)) {
    rest = Buffer.concat([rest, chunk as Buffer]);
    let start = 0;
    for (let end = rest.indexOf(NEWLINE); end >= 0; end = rest.indexOf(NEWLINE, start)) {
      const line = parseLine(rest.toString("utf8", start, end));
      yield { line, place: { offset, byteSize: end + 1 - start } };
      offset += end + 1 - start;
      start = end + 1;
    }
    rest = rest.subarray(start);
  }
}

const NEWLINE = 0x0a;

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? value as Record<string, unknown> : {};
}

/** Whether a line says what was done. */
export function isRecord(line: unknown): line is JournalRecord {
  const { unit, outputs, rows, failures } = fieldsOf(line);
  return typeof unit === "string" && Array.isArray(outputs) && outputs.every(isOutputFile) &&
    Array.isArray(rows) && rows.every((row) => typeof fieldsOf(row)["source"] === "string") &&
    (failures === undefined || (Array.isArray(failures) && failures.every(isFailure)));
}

function isOutputFile(value: unknown): boolean {
  const { path, byteSize, sha256 } = fieldsOf(value);
  return typeof path === "string" && typeof byteSize === "number" && typeof sha256 === "string";
}

function isFailure(value: unknown): boolean {
  const { source, reason } = fieldsOf(value);
  return typeof source === "string" && typeof reason === "string";
}

function isBeginning(line: unknown): line is Beginning {
  const { unit, begins, partial } = fieldsOf(line);
  return typeof unit === "string" && Array.isArray(begins) &&
    begins.every((path) => typeof path === "string") && isPartialName(partial);
}
