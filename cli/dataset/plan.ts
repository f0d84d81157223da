/** Which sources there are, and where their outputs go. */
import { existsSync, statSync } from "node:fs";
import { dirname, extname, isAbsolute, relative, resolve, sep } from "node:path";
import { AUDIO_EXTENSIONS } from "../audio/read.ts";
import { CliError, reasonOf, usageError } from "../errors.ts";
import { listFiles } from "../files.ts";
import type { Failure } from "./journal.ts";
import { readSourceList } from "./manifest.ts";
import type { Settings } from "./settings.ts";

/** A file of the sources. */
export interface ListedFile {
  /** Relative to the source folder, with "/": what draws go by. */
  readonly name: string;
  /** Where to read it. */
  readonly path: string;
  /** What a list says about it. */
  readonly metadata?: Record<string, unknown>;
}

/** One piece of work: a sound file, a tar shard, or the files of a tar shard to be. */
export interface Unit extends ListedFile {
  /** Relative to the output folder, one per copy; a tar shard has one for all. */
  readonly outputs: readonly string[];
  /** Whether the output is a tar shard. */
  readonly isTar: boolean;
  /** What goes into a tar shard that is made of files. */
  readonly files?: readonly ListedFile[];
}

/** Where the sources come from. */
export interface SourceOptions {
  readonly source: string;
  /** The field of a list that holds the path. */
  readonly pathColumn: string;
  /** What the paths of a list are relative to. */
  readonly root?: string;
}

const LIST = /\.(jsonl|ndjson|csv)$/i;
const TAR = /\.tar$/i;

function isSource(name: string): boolean {
  return TAR.test(name) || AUDIO_EXTENSIONS.includes(extname(name).toLowerCase());
}

/** What a run has to do. */
export interface Plan {
  /** Sorted by name. */
  readonly units: readonly Unit[];
  /** Folders that can't be read. */
  readonly failures: readonly Failure[];
}

/** All work. */
export async function planUnits(options: SourceOptions, settings: Settings): Promise<Plan> {
  const failures: Failure[] = [];
  const sources = await findSources(options, failures);
  if (sources.length === 0 && failures.length === 0) {
    throw usageError(`${options.source} holds no WAV, FLAC, Ogg, MP3 or tar files`);
  }
  sources.sort((a, b) => a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
  const twice = sources.find(({ name }, index) => name === sources[index + 1]?.name);
  if (twice) throw usageError(`${options.source} lists ${twice.name} twice`);
  const [unreadable] = failures;
  if (unreadable && settings.tarSize !== undefined) { // which file is in which shard would change
    throw new CliError(`${unreadable.source} can't be packed into shards: ${unreadable.reason}`);
  }
  const units = settings.tarSize !== undefined
    ? packUnits(sources, settings.tarSize)
    : nameOutputs(sources, settings);
  return { units, failures };
}

type Source = ListedFile & Pick<Unit, "isTar">;

/** Numbered shards of `tarSize` files each, in the files' order. */
function packUnits(sources: readonly Source[], tarSize: number): Unit[] {
  const tar = sources.find(({ isTar }) => isTar);
  if (tar) throw usageError(`${tar.name} is a tar shard already: leave out --tar`);
  const count = Math.ceil(sources.length / tarSize);
  const digits = Math.max(6, String(count - 1).length);
  return Array.from({ length: count }, (_, index) => {
    const name = `${String(index).padStart(digits, "0")}.tar`;
    const files = sources.slice(index * tarSize, (index + 1) * tarSize);
    return { name, path: "", outputs: [name], isTar: true, files };
  });
}

async function findSources(
  { source, pathColumn, root }: SourceOptions,
  failures: Failure[],
): Promise<Source[]> {
  if (!existsSync(source)) throw new CliError(`${source} doesn't exist`);
  if (statSync(source).isDirectory()) {
    const names = await listFiles(
      source,
      isSource,
      (path, error) => failures.push({ source: `${path}/`, reason: reasonOf(error) }),
    );
    return names.map((name) => ({ name, path: resolve(source, name), isTar: TAR.test(name) }));
  }
  if (!LIST.test(source)) {
    const name = source.split(sep).at(-1) as string;
    if (isSource(name)) return [{ name, path: resolve(source), isTar: TAR.test(name) }];
    throw usageError(`${source} is no folder, no list (.jsonl, .csv) and no sound file`);
  }
  const base = resolve(root ?? dirname(source));
  const listed = await readSourceList(source, pathColumn);
  return listed.map(({ path, metadata }) => {
    const full = resolve(base, path);
    const name = relative(base, full).split(sep).join("/");
    if (name.startsWith("../") || isAbsolute(name)) {
      throw usageError(
        `${path} in ${source} is outside of ${base}: --root DIR names the folder above all`,
      );
    }
    return {
      name,
      path: full,
      isTar: TAR.test(name),
      ...(Object.keys(metadata).length && { metadata }),
    };
  });
}

/** Mirrors the tree. Sources that differ only in their extension keep it: a.flac.wav. */
function nameOutputs(sources: readonly Source[], { copies, format }: Settings): Unit[] {
  const stems = new Map<string, number>();
  for (const { name } of sources) stems.set(stemOf(name), (stems.get(stemOf(name)) ?? 0) + 1);
  const units = sources.map((source) => {
    if (source.isTar) return { ...source, outputs: [source.name] };
    const isAlone = stems.get(stemOf(source.name)) === 1;
    const stem = isAlone ? stemOf(source.name) : source.name;
    const outputs = Array.from(
      { length: copies },
      (_, copy) => `${stem}${copySuffix(copy, copies)}.${format.container}`,
    );
    return { ...source, outputs };
  });
  checkOutputsDiffer(units);
  return units;
}

function checkOutputsDiffer(units: readonly Unit[]): void {
  const owners = new Map<string, string>();
  for (const { name, outputs } of units) {
    for (const output of outputs) {
      const other = owners.get(output);
      if (other !== undefined) {
        throw usageError(`${other} and ${name} would both become ${output}: rename one`);
      }
      owners.set(output, name);
    }
  }
}

function stemOf(name: string): string {
  return name.slice(0, name.length - extname(name).length);
}

/** What tells copies apart; nothing where there is but one. */
export function copySuffix(copy: number, copies: number): string {
  return copies === 1 ? "" : `-${copy}`;
}
