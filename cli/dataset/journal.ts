/**
 * What is done, one line per unit of work, appended as it is done. A run that is killed leaves at
 * worst half a line at the end. In memory is only where each line is.
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
import { makeFolderOf, replaceFile, writeAll } from "../files.ts";
import type { ManifestRow } from "./manifest.ts";

/** A finished unit of work: a source file or a tar shard. */
export interface JournalRecord {
  readonly unit: string;
  /** The files that it has written. */
  readonly outputs: readonly OutputFile[];
  readonly rows: readonly ManifestRow[];
  /** What a tar shard had to leave out. */
  readonly failures?: readonly Failure[];
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

/** The journal of one shard. */
export class Journal {
  readonly #path: string;
  readonly #file: number;
  readonly #places = new Map<string, Place>();
  #end = 0;

  private constructor(path: string) {
    this.#path = path;
    this.#file = openSync(path, "a+");
  }

  /** Opens the journal or starts it. A line that was cut short is dropped. */
  static async open(path: string): Promise<Journal> {
    await makeFolderOf(path);
    const journal = new Journal(path);
    for await (const { record, place } of readLines(path)) {
      journal.#places.set(record.unit, place);
      journal.#end = place.offset + place.byteSize;
    }
    if (fstatSync(journal.#file).size > journal.#end) ftruncateSync(journal.#file, journal.#end);
    return journal;
  }

  /** What is recorded of a unit. */
  get(unit: string): JournalRecord | undefined {
    const place = this.#places.get(unit);
    return place && JSON.parse(this.#read(place).toString("utf8"));
  }

  /** Records a unit as done. It counts once its line is there. */
  add(record: JournalRecord): void {
    const line = Buffer.from(`${JSON.stringify(record)}\n`);
    for (let at = 0; at < line.length;) at += writeSync(this.#file, line, at);
    this.#places.set(record.unit, { offset: this.#end, byteSize: line.length });
    this.#end += line.length;
  }

  /** The records of these units, in their order. */
  *records(units: Iterable<string>): Iterable<JournalRecord> {
    for (const unit of units) {
      const record = this.get(unit);
      if (record) yield record;
    }
  }

  /** Puts the lines into this order, so that equal runs leave equal files. Closes the journal. */
  async settle(units: readonly string[]): Promise<void> {
    const lines = mapLines(units, (unit) => {
      const place = this.#places.get(unit);
      return place ? this.#read(place) : undefined;
    });
    await writeLines(this.#path, lines);
    this.close();
  }

  close(): void {
    closeSync(this.#file);
  }

  #read({ offset, byteSize }: Place): Buffer {
    const line = Buffer.alloc(byteSize);
    readSync(this.#file, line, 0, byteSize, offset);
    return line;
  }
}

function* mapLines(units: readonly string[], read: (unit: string) => Buffer | undefined) {
  for (const unit of units) {
    const line = read(unit);
    if (line) yield line;
  }
}

/** Writes lines into a file atomically, however many there are. */
export async function writeLines(
  path: string,
  lines: Iterable<string | Uint8Array>,
): Promise<void> {
  await replaceFile(path, async (file) => {
    let waiting: Uint8Array[] = [];
    for (const line of lines) {
      waiting.push(typeof line === "string" ? Buffer.from(line) : line);
      if (waiting.length < 1000) continue;
      await writeAll(file, Buffer.concat(waiting));
      waiting = [];
    }
    await writeAll(file, Buffer.concat(waiting));
  });
}

/** The complete lines of a journal and where they are. */
export async function* readLines(
  path: string,
): AsyncIterable<{ record: JournalRecord; place: Place }> {
  if (!existsSync(path)) return;
  let offset = 0;
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of createReadStream(path)) {
    rest = Buffer.concat([rest, chunk as Buffer]);
    for (let end = rest.indexOf(NEWLINE); end >= 0; end = rest.indexOf(NEWLINE)) {
      const record = parseLine(rest.toString("utf8", 0, end));
      if (record === undefined) return; // damaged: nothing after it counts
      yield { record, place: { offset, byteSize: end + 1 } };
      offset += end + 1;
      rest = rest.subarray(end + 1);
    }
  }
}

const NEWLINE = 0x0a;

function parseLine(line: string): JournalRecord | undefined {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
