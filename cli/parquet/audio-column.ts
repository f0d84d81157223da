/** Which column of a Parquet file holds the audio. */
import { type Footer, isBinary, isText, keyValuesOf, type Leaf } from "./format.ts";

/** The audio, and the path beside it, as indices of the file's columns. */
export interface AudioColumn {
  readonly name: string;
  readonly bytes: number;
  readonly path?: number;
}

/** A column with `bytes` and `path` inside, as Hugging Face data sets have it, or one of plain bytes. */
function columnAt({ leaves }: Footer, name: string): AudioColumn | undefined {
  const find = (is: (leaf: Leaf) => boolean, ...path: string[]) => {
    const index = leaves.findIndex((leaf) => leaf.path.join("\0") === path.join("\0") && is(leaf));
    return index < 0 ? undefined : index;
  };
  const bytes = find(isBinary, name, "bytes") ?? find(isBinary, name);
  if (bytes === undefined) return undefined;
  const path = leaves[bytes]?.path.length === 2 ? find(isText, name, "path") : undefined;
  return { name, bytes, ...(path !== undefined && { path }) };
}

/**
 * The audio column; undefined where nothing looks like one.
 *
 * @param wanted the column that was asked for
 * @throws where that is none, or several look alike
 */
export function findAudioColumn(footer: Footer, wanted?: string): AudioColumn | undefined {
  const names = [...new Set(footer.leaves.map(({ path }) => path[0] as string))];
  if (wanted !== undefined) {
    const found = columnAt(footer, wanted);
    if (found) return found;
    throw new Error(
      `the column "${wanted}" holds no bytes, or isn't there (it has ${names.join(", ")}): ` +
        "--audio-column names a column with bytes and path inside, or one of bytes",
    );
  }
  const types = featureTypes(keyValuesOf(footer.file).get("huggingface"));
  const structs = names.map((name) => columnAt(footer, name))
    .filter((column): column is AudioColumn => column?.path !== undefined);
  const audio = structs.filter(({ name }) => types.get(name) === "Audio");
  const untold = structs.filter(({ name }) => !types.has(name));
  const found = audio.length > 0 ? audio : untold;
  if (found.length < 2) return found[0];
  const list = found.map(({ name }) => name).join(", ");
  throw new Error(`several columns may hold the audio (${list}): --audio-column names the one`);
}

/** What Hugging Face's metadata says that columns are: Audio, Image, Value … */
function featureTypes(text = "{}"): Map<string, unknown> {
  try {
    const features = Object(JSON.parse(text)?.info?.features) as Record<string, unknown>;
    return new Map(
      Object.entries(features).map(([name, feature]) => {
        const { _type } = Object(feature) as { _type?: unknown };
        return [name, _type];
      }),
    );
  } catch {
    return new Map();
  }
}
