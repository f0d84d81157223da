/** The manifest: one row per output, and lists of sources that users bring. */
import { readFile } from "node:fs/promises";
import type { Coding } from "../audio/code.ts";
import { reasonOf, usageError } from "../errors.ts";

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
  readonly parameters: Coding & { readonly codedBitrateKbps?: number } | null;
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
  return parseSourceList(await readFile(path, "utf8"), path, column);
}

/** The sources that a list's text names. */
export async function parseSourceList(
  text: string,
  path: string,
  column: string,
): Promise<ListedSource[]> {
  const records = /\.csv$/i.test(path) ? await parseCsv(text, path) : parseJsonLines(text, path);
  return records.map(({ where, fields }) => {
    const { [column]: source, ...metadata } = fields;
    if (typeof source === "string" && source !== "") return { path: source, metadata };
    const names = Object.keys(fields).slice(0, 8).join(", ");
    throw usageError(
      `${path}: ${where} has no "${column}" with a path (it has ${names || "no fields"}); ` +
        "--path-column names the field",
    );
  });
}

/** One entry of a list and where it stands. */
interface ListRecord {
  readonly where: string;
  readonly fields: Record<string, unknown>;
}

async function parseCsv(text: string, path: string): Promise<ListRecord[]> {
  const { parse } = await import("csv-parse/sync");
  try {
    const records: Record<string, unknown>[] = parse(text, {
      columns: true,
      bom: true,
      skip_empty_lines: true,
    });
    return records.map((fields, index) => ({ where: `record ${index + 1}`, fields }));
  } catch (error) {
    throw usageError(`${path} is no CSV: ${reasonOf(error)}`);
  }
}

const BYTE_ORDER_MARK = /^\ufeff/;

function parseJsonLines(text: string, path: string): ListRecord[] {
  return text.replace(BYTE_ORDER_MARK, "").split(/\r?\n/).flatMap((line, index) => {
    if (line.trim() === "") return [];
    const where = `line ${index + 1}`;
    const value = parseJson(line);
    if (value !== null && typeof value === "object" && !Array.isArray(value)) {
      return [{ where, fields: value as Record<string, unknown> }];
    }
    throw usageError(`${path}: ${where} is no JSON object, such as {"path": "a.wav"}`);
  });
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
