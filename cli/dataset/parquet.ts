/** Parquet shards, as Hugging Face data sets hold audio: rows in, rows out. */
import { open } from "node:fs/promises";
import { extname, join } from "node:path";
import { checkUnchanged } from "../audio/source.ts";
import { isFatal, reasonOf } from "../errors.ts";
import { writeAtomically } from "../files.ts";
import { soundExtension } from "../options.ts";
import { findAudioColumn } from "../parquet/audio-column.ts";
import { readFooter } from "../parquet/format.ts";
import { checkColumns, type NewRow, rewriteParquet, type Row } from "../parquet/rewrite.ts";
import { look } from "../paths.ts";
import { VERSION } from "../version.ts";
import type { Job } from "./augment.ts";
import type { Failure, JournalRecord } from "./journal.ts";
import { makeRows, type ManifestRow } from "./manifest.ts";
import { copySuffix, type Task } from "./plan.ts";
import { codeSample, inOrder } from "./sample.ts";

/** What a row becomes, and what the manifest and the journal will say. */
interface Result extends NewRow {
  readonly rows?: readonly ManifestRow[];
  readonly failure?: Failure;
}

/** Does one shard: reads a Parquet file, writes one of the same name, which grows under `partial`. */
export async function augmentParquet(
  task: Task,
  folder: string,
  job: Job,
  atOnce: number,
): Promise<JournalRecord> {
  const { unit, outputs: [output = ""], partial } = task;
  const { settings, signal } = job;
  const before = await look(unit.path);
  if (before?.kind !== "file") throw new Error("it is not a file");
  const rows: ManifestRow[] = [];
  const failures: Failure[] = [];
  const file = await open(unit.path);
  try {
    const footer = await readFooter(file, before.byteSize);
    const column = findAudioColumn(footer, settings.audioColumn);
    if (column === undefined) return withoutAudio(unit);
    checkColumns(footer);
    const change = async function* (input: AsyncIterable<Row>): AsyncIterable<NewRow> {
      for await (const result of inOrder(input, atOnce, (row) => codeRow(row, task, job))) {
        signal.throwIfAborted();
        rows.push(...result.rows ?? []);
        if (result.failure) failures.push(result.failure);
        yield result;
      }
    };
    const options = { column, copies: settings.copies, version: VERSION, change };
    const pieces = async function* () {
      yield* rewriteParquet(file, footer, options);
      checkUnchanged(unit.path, before);
    };
    const written = await writeAtomically(join(folder, output), pieces(), { partial });
    const outputs = [{ path: output, ...written }];
    return { unit: unit.name, outputs, rows, ...(failures.length > 0 && { failures }) };
  } finally {
    await file.close();
  }
}

/** Among other files it may be a table of anything; one that was named is an error. */
function withoutAudio(unit: Task["unit"]): JournalRecord {
  if (unit.isAlone) {
    throw new Error(
      "no column holds audio as Hugging Face data sets do, with bytes and path inside: " +
        "--audio-column names a column of bytes",
    );
  }
  return { unit: unit.name, outputs: [], rows: [], skipped: { ".parquet without audio": 1 } };
}

/** A row whose audio can't be read keeps it, and says why. */
async function codeRow(
  { row, outputRow, copy, bytes, path }: Row,
  { unit, outputs: [output = ""] }: Task,
  { settings, signal, threads }: Job,
): Promise<Result> {
  const source = `${unit.name}/${row}`;
  if (bytes === undefined && path === undefined) return {};
  try {
    if (bytes === undefined) throw new Error(`the row has no bytes, but a path alone: ${path}`);
    const own = new Uint8Array(bytes); // another row may have the same ones
    const range = { from: copy, to: copy + 1 };
    const [coded] = await codeSample(own, source, settings, signal, range, threads);
    if (coded === undefined) throw new Error("nothing came of it");
    const { row: said, written } = coded;
    return {
      bytes: coded.bytes,
      ...(path !== undefined && { path: newPath(path, copy, settings) }),
      ...(said.parameters && { drawn: JSON.stringify(said.parameters) }),
      rows: makeRows({ ...said, output, row: outputRow, ...written }, unit.metadata),
    };
  } catch (error) {
    if (signal.aborted || isFatal(error)) throw error;
    const reason = reasonOf(error);
    const failure = { source, reason };
    return { drawn: JSON.stringify({ error: reason }), ...(copy === 0 && { failure }) };
  }
}

/** The path with the extension of what the bytes are now. */
function newPath(path: string, copy: number, { copies, format }: Job["settings"]): string {
  const stem = soundExtension(path) ? path.slice(0, -extname(path).length) : path;
  return `${stem}${copySuffix(copy, copies)}.${format.container}`;
}
