/** The manifest: one row per output, and lists of sources that users bring. */
import { readFile } from "node:fs/promises";
import type { Coding } from "../audio/code.ts";
import { usageError } from "../errors.ts";

/** One output of a data set. */
export interface ManifestRow {
  /** The source, relative to the source folder, with "/". */
  readonly source: string;
  /** The output, relative to the output folder. */
  readonly output: string;
  /** The file inside of `output`, if that is a tar shard. */
  readonly member?: string;
  /** Which copy of the source, from 0 on. */
  readonly copy: number;
  /** Whether it went through MP3; else the samples are the source's. */
  readonly applied: boolean;
  /** What was drawn and what is fixed; `null` where nothing was applied. */
  readonly parameters: Coding | null;
  readonly sampleRate: number;
  readonly channels: number;
  readonly frames: number;
  readonly durationSeconds: number;
  /** The source's largest magnitude. */
  readonly peak: number;
  readonly byteSize: number;
  readonly sha256: string;
  /** What the input manifest said about the source. */
  readonly metadata?: Record<string, unknown>;
}

/** One source of an input manifest. */
export interface ListedSource {
  readonly path: string;
  readonly metadata: Record<string, unknown>;
}

/** Reads a list of sources: JSON Lines or CSV, by its extension. */
export async function readSourceList(path: string, column: string): Promise<ListedSource[]> {
  const text = await readFile(path, "utf8");
  const records = /\.csv$/i.test(path) ? await parseCsv(text, path) : parseJsonLines(text, path);
  return records.map((record, index) => {
    const { [column]: source, ...metadata } = record;
    if (typeof source === "string" && source !== "") return { path: source, metadata };
    throw usageError(
      `${path}: record ${
        index + 1
      } has no "${column}"; --path-column names the field with the path`,
    );
  });
}

async function parseCsv(text: string, path: string): Promise<Record<string, unknown>[]> {
  const { parse } = await import("csv-parse/sync");
  try {
    return parse(text, { columns: true, bom: true, skip_empty_lines: true });
  } catch (error) {
    throw usageError(`${path} is no CSV: ${(error as Error).message}`);
  }
}

function parseJsonLines(text: string, path: string): Record<string, unknown>[] {
  return text.split(/\r?\n/).flatMap((line, index) => {
    if (line.trim() === "") return [];
    try {
      return [JSON.parse(line)];
    } catch {
      throw usageError(`${path}: line ${index + 1} is no JSON`);
    }
  });
}
