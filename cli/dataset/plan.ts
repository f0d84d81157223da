/** Which sources there are, and where their outputs go. */
import { createHash } from "node:crypto";
import { dirname, extname, isAbsolute, relative, resolve, sep } from "node:path";
import { AUDIO_EXTENSIONS } from "../audio/read.ts";
import { CliError, KIND_WORDS, reasonOf, usageError } from "../errors.ts";
import { soundExtension } from "../options.ts";
import { look } from "../paths.ts";
import { listFiles } from "./find.ts";
import type { Failure } from "./journal.ts";
import { LIST, type Metadata, readSourceList } from "./lists.ts";
import type { Settings } from "./settings.ts";

/** A file of the sources. */
export interface ListedFile {
  /** Relative to the source folder, with "/": what draws go by. */
  readonly name: string;
  /** Where to read it. */
  readonly path: string;
  /** What a list says about it: one for each line, as several may be about parts of a long file. */
  readonly metadata?: readonly Metadata[];
  /** What its sample is called in a tar shard that is made of files. */
  readonly key?: string;
}

/** One piece of work: a sound file, a tar shard, or the files of a tar shard to be. */
export interface Unit extends ListedFile {
  /** Relative to the output folder, one per copy; a tar shard has one for all. */
  readonly outputs: readonly string[];
  /** Whether the output is a tar shard. */
  readonly isTar: boolean;
  /** Whether source and output are Parquet files. */
  readonly isParquet?: boolean;
  /** Whether it was named itself, and not found in a folder. */
  readonly isAlone?: boolean;
  /** What goes into a tar shard that is made of files. */
  readonly files?: readonly ListedFile[];
}

/** Where the sources come from. */
export interface SourceOptions {
  readonly source: string;
  /** The field of a list that holds the path. */
  readonly pathColumn?: string;
  /** What the paths of a list are relative to. */
  readonly root?: string;
}

const TAR = /\.tar$/i;
const PARQUET = /\.parquet$/i;

function isSource(name: string): boolean {
  return TAR.test(name) || PARQUET.test(name) ||
    AUDIO_EXTENSIONS.includes(extname(name).toLowerCase());
}

/** What a run has to do. */
export interface Plan {
  /** Sorted by name. */
  readonly units: readonly Unit[];
  /** Folders that can't be read, and names that can't be given to the system. */
  readonly failures: readonly Failure[];
  /** Sound files that aren't read, and what isn't a file. */
  readonly skipped: readonly Skipped[];
}

/** Something in a folder that is left out. */
export interface Skipped {
  readonly name: string;
  /** Its extension, or what it is. */
  readonly as: string;
}

/** All work. */
export async function planUnits(options: SourceOptions, settings: Settings): Promise<Plan> {
  const failures: Failure[] = [];
  const skipped: Skipped[] = [];
  const sources = await findSources(options, failures, skipped);
  if (sources.length === 0 && failures.length === 0) {
    const instead = skipped.length === 0 ? "" : ` (but ${countSkipped(skipped)})`;
    throw usageError(
      `${options.source} holds no WAV, AIFF, FLAC, Ogg, MP3, tar or Parquet files${instead}`,
    );
  }
  sources.sort((a, b) => a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
  const unreadable = failures.find(({ source }) => source.endsWith("/"));
  if (unreadable && settings.tarSize !== undefined) { // which file is in which shard would change
    throw new CliError(`${unreadable.source} can't be packed into shards: ${unreadable.reason}`);
  }
  const units = settings.tarSize !== undefined
    ? packUnits(sources, settings.tarSize)
    : nameOutputs(sources, settings);
  return { units, failures, skipped };
}

/** As `.m4a 2, pipe 1`. */
export function countSkipped(skipped: readonly Skipped[]): string {
  return Object.entries(countsOf(skipped)).map(([as, count]) => `${as} ${count}`).join(", ");
}

/** How many there are of each kind, sorted. */
export function countsOf(skipped: readonly Skipped[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const { as } of skipped) counts.set(as, (counts.get(as) ?? 0) + 1);
  return Object.fromEntries([...counts].sort(([a], [b]) => a < b ? -1 : 1));
}

type Source = ListedFile & Pick<Unit, "isTar" | "isParquet" | "isAlone">;

function sourceOf(name: string, path: string): Source {
  return { name, path, isTar: TAR.test(name), ...(PARQUET.test(name) && { isParquet: true }) };
}

/** Numbered shards of `tarSize` files each, in the files' order. */
function packUnits(sources: readonly Source[], tarSize: number): Unit[] {
  const shard = sources.find(({ isTar, isParquet }) => isTar || isParquet);
  if (shard) throw usageError(`${shard.name} is a shard already: leave out --tar`);
  const parted = sources.find(({ metadata = [] }) => metadata.length > 1);
  if (parted) {
    throw usageError(`--tar makes one sample of each file, but several lines list ${parted.name}`);
  }
  const keyed = nameKeys(sources);
  const count = Math.ceil(sources.length / tarSize);
  const digits = Math.max(6, String(count - 1).length);
  return Array.from({ length: count }, (_, index) => {
    const name = `${String(index).padStart(digits, "0")}.tar`;
    const files = keyed.slice(index * tarSize, (index + 1) * tarSize);
    return { name, path: "", outputs: [name], isTar: true, files };
  });
}

/**
 * A sample's key is the file's name without its extension and with "_" for its dots, which would end
 * the key. Where several files would have the same, each gets eight digits of its name's hash behind.
 */
function nameKeys(sources: readonly Source[]): ListedFile[] {
  const plain = sources.map(({ name }) => {
    const stem = stemOf(name);
    const start = stem.lastIndexOf("/") + 1;
    return stem.slice(0, start) + stem.slice(start).replaceAll(".", "_");
  });
  const counts = new Map<string, number>();
  for (const key of plain) counts.set(key, (counts.get(key) ?? 0) + 1);
  const keyed = sources.map((source, index) => {
    const key = plain[index] as string;
    if (counts.get(key) === 1) return { ...source, key };
    return { ...source, key: `${key}_${hashOf(source.name).slice(0, 8)}` };
  });
  const owners = new Map<string, string>();
  for (const { name, key } of keyed) {
    const other = owners.get(key);
    if (other) throw usageError(`${other} and ${name} would both have the key ${key}: rename one`);
    owners.set(key, name);
  }
  return keyed;
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

async function findSources(
  { source, pathColumn, root }: SourceOptions,
  failures: Failure[],
  skipped: Skipped[],
): Promise<Source[]> {
  const found = await look(source);
  if (found === undefined) throw new CliError(`${source} doesn't exist`);
  if (found.kind === "folder") {
    const names = await listFiles(source, {
      isWanted: isSource,
      skippedAs: soundExtension,
      onSkipped: (name, as) => skipped.push({ name, as }),
      onUnreadable: (path, error) => failures.push({ source: path, reason: reasonOf(error) }),
    });
    return names.map((name) => sourceOf(name, resolve(source, name)));
  }
  if (!LIST.test(source)) {
    const name = source.split(sep).at(-1) as string;
    if (!isSource(name)) {
      throw usageError(
        `${source} is no folder, no list (.jsonl, .csv, .jsonl.gz) and no sound file`,
      );
    }
    if (found.kind !== "file") throw usageError(`${source}: ${KIND_WORDS[found.kind]}, not a file`);
    return [{ ...sourceOf(name, resolve(source)), isAlone: true }];
  }
  return groupByName(
    await readListed(source, resolve(root ?? dirname(source)), pathColumn),
    source,
  );
}

async function readListed(source: string, base: string, pathColumn?: string): Promise<Source[]> {
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
      ...sourceOf(name, full),
      ...(Object.keys(metadata).length && { metadata: [metadata] }),
    };
  });
}

/** Each file once, with all that its lines say: NeMo and Lhotse have one for each utterance in it. */
function groupByName(listed: readonly Source[], list: string): Source[] {
  const groups = new Map<string, Source[]>();
  for (const source of listed) {
    const group = groups.get(source.name);
    if (group) group.push(source);
    else groups.set(source.name, [source]);
  }
  return [...groups.values()].map((group) => {
    const first = group[0] as Source;
    const metadata = group.flatMap(({ metadata = [] }) => metadata);
    const differing = new Set(metadata.map((line) => JSON.stringify(line))).size;
    if (group.length === 1 || differing === group.length) {
      return metadata.length > 0 ? { ...first, metadata } : first;
    }
    throw usageError(`${list} lists ${first.name} twice`);
  });
}

/**
 * Mirrors the tree. Sources that differ only in their extension keep it, a.flac.wav, and so do those
 * whose output would have the name of a folder.
 */
function nameOutputs(sources: readonly Source[], { copies, format }: Settings): Unit[] {
  const stems = new Map<string, number>();
  for (const { name } of sources) stems.set(stemOf(name), (stems.get(stemOf(name)) ?? 0) + 1);
  const folders = new Set(sources.flatMap(({ name }) => foldersOf(name)));
  const copiesOf = (stem: string) =>
    Array.from(
      { length: copies },
      (_, copy) => `${stem}${copySuffix(copy, copies)}.${format.container}`,
    );
  const units = sources.map((source) => {
    if (source.isTar || source.isParquet) return { ...source, outputs: [source.name] };
    const short = copiesOf(stemOf(source.name));
    const isFree = stems.get(stemOf(source.name)) === 1 && !short.some((path) => folders.has(path));
    return { ...source, outputs: isFree ? short : copiesOf(source.name) };
  });
  checkOutputs(units, folders);
  return units;
}

/** The folders that a file's path names. */
function foldersOf(path: string): string[] {
  const parts = path.split("/");
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join("/"));
}

/** What the command writes itself. */
const OWN = /^(manifest(-\d+-of-\d+)?\.jsonl|\.mp3-augment)$/;

function checkOutputs(units: readonly Unit[], folders: ReadonlySet<string>): void {
  const owners = new Map<string, string>();
  for (const { name, outputs } of units) {
    for (const output of outputs) {
      const other = owners.get(output);
      if (other !== undefined) {
        throw usageError(`${other} and ${name} would both become ${output}: rename one`);
      }
      if (OWN.test(output.split("/")[0] as string)) {
        throw usageError(`${name} would become ${output}, which is this command's own: rename it`);
      }
      if (folders.has(output)) {
        throw usageError(`${name} would become ${output}, which is a folder too: rename it`);
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
