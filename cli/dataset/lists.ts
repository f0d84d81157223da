/** Lists of sources that users bring: JSON Lines as NeMo, Lhotse and others write them, and CSV. */
import { readFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";
import { CliError, reasonOf, usageError } from "../errors.ts";

/** What a list says about a source. */
export type Metadata = Readonly<Record<string, unknown>>;

/** One entry of a list. */
export interface ListedSource {
  readonly path: string;
  readonly metadata: Metadata;
}

/** Names of lists; NeMo calls its JSON Lines `.json`. */
export const LIST = /\.(jsonl|ndjson|json|csv)(\.gz)?$/i;

/** The fields that hold the path where nobody says which one does: ours and NeMo's. */
const USUAL_COLUMNS = ["path", "audio_filepath"];
/** Its lines are read by NeMo again: they stay whole. */
const KEPT_COLUMN = "audio_filepath";

/**
 * Reads a list of sources: JSON Lines or CSV by its extension, perhaps in gzip.
 *
 * @param column the field that holds the path, also as a way into objects and arrays
 *   (`recording.sources.0.source`); default: `path` or `audio_filepath`
 */
export async function readSourceList(path: string, column?: string): Promise<ListedSource[]> {
  return parseSourceList(await readText(path), path.replace(/\.gz$/i, ""), column);
}

async function readText(path: string): Promise<string> {
  const bytes = await readFile(path);
  const plain = /\.gz$/i.test(path) ? unzipped(bytes, path) : bytes;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(plain); // without a byte order mark
  } catch {
    throw usageError(`${path} is not UTF-8, so that names and texts would be lost: convert it`);
  }
}

function unzipped(bytes: Uint8Array, path: string): Uint8Array {
  try {
    return gunzipSync(bytes);
  } catch (error) {
    throw usageError(`${path} is no gzip file, or it was cut short: ${reasonOf(error)}`);
  }
}

/** The sources that a list's text names. */
export async function parseSourceList(
  text: string,
  path: string,
  column?: string,
): Promise<ListedSource[]> {
  const records = /\.csv$/i.test(path) ? await parseCsv(text, path) : parseJsonLines(text, path);
  const columns = column === undefined ? USUAL_COLUMNS : [column];
  return records.map(({ where, fields }) => {
    for (const name of columns) {
      const source = valueAt(fields, name);
      if (typeof source !== "string" || source === "") continue;
      const { [name]: _, ...others } = fields;
      return { path: source, metadata: name === KEPT_COLUMN ? fields : others };
    }
    const names = Object.keys(fields).slice(0, 8).join(", ");
    throw usageError(
      `${path}: ${where} has no "${columns.join('" or "')}" with a path ` +
        `(it has ${names || "no fields"}); --path-column names the field`,
    );
  });
}

/** A field's value, or what the parts of its name between dots lead to. */
function valueAt(fields: Metadata, name: string): unknown {
  if (Object.hasOwn(fields, name)) return fields[name];
  let value: unknown = fields;
  for (const part of name.split(".")) {
    if (value === null || typeof value !== "object" || !Object.hasOwn(value, part)) {
      return undefined;
    }
    value = (value as Record<string, unknown>)[part];
  }
  return value;
}

/** One entry of a list and where it stands. */
interface ListRecord {
  readonly where: string;
  readonly fields: Metadata;
}

async function parseCsv(text: string, path: string): Promise<ListRecord[]> {
  const { parse } = await import("csv-parse/sync");
  try {
    const records: Record<string, unknown>[] = parse(text, {
      columns: (names: string[]) => {
        const twice = names.find((name, index) => name !== "" && names.indexOf(name) !== index);
        if (twice === undefined) return names;
        throw usageError(`${path}: two columns are called "${twice}": rename one`);
      },
      skip_empty_lines: true,
    });
    return records.map((fields, index) => ({ where: `record ${index + 1}`, fields }));
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw usageError(`${path} is no CSV: ${reasonOf(error)}`);
  }
}

function parseJsonLines(text: string, path: string): ListRecord[] {
  return text.split(/\r?\n/).flatMap((line, index) => {
    if (line.trim() === "") return [];
    const where = `line ${index + 1}`;
    const value = parseJson(line);
    if (value !== null && typeof value === "object" && !Array.isArray(value)) {
      return [{ where, fields: value as Metadata }];
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
