/** Which sources there are, where their outputs go, and what of that a thread does at a time. */
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
import { findTwins } from "./twins.ts";

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

/** Some copies of a sound file, or a shard. */
export interface Task {
  readonly id: number;
  readonly unit: Omit<Unit, "outputs">;
  /** Which of the unit's copies: from this one to the one before `to`. */
  readonly from: number;
  readonly to: number;
  /** The files of these. */
  readonly outputs: readonly string[];
  /** The name beside each of them under which it grows: no other task's. */
  readonly partial: string;
  /** How many threads may code it; with 1 that is the one that does the task. */
  readonly threads: number;
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
  const sources = await findSources(options, settings, failures, skipped);
  if (sources.length === 0 && failures.length === 0) {
    const instead = skipped.length === 0 ? "" : ` (but ${countSkipped(skipped)})`;
    throw usageError(
      `${options.source} holds no WAV, AIFF, FLAC, Ogg, MP3, tar or Parquet files${instead}`,
    );
  }
  sources.sort((a, b) => a.name < b.name ? -1 : 1); // no two have the same name
  const unreadable = failures.find(({ source }) => source.endsWith("/"));
  if (unreadable && settings.tarSize !== undefined) { // which file is in which shard would change
    throw new CliError(`${unreadable.source} can't be packed into shards: ${unreadable.reason}`);
  }
  const units = settings.tarSize !== undefined
    ? packUnits(sources, settings.tarSize)
    : nameOutputs(sources);
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

/** What all sources of a run have in common. */
interface Place {
  readonly folder: string;
  readonly settings: Settings;
}

/**
 * A source that becomes files, or a shard. What follows from its name is made when it is asked for:
 * there may be a million of them.
 */
class Source implements Unit {
  readonly name: string;
  declare readonly metadata?: readonly Metadata[];
  declare readonly isAlone?: boolean;
  /** Whether its outputs have its extension before their own. */
  keepsExtension = false;
  readonly #place: Place;

  constructor(name: string, place: Place, more?: Pick<Unit, "metadata" | "isAlone">) {
    this.name = name;
    this.#place = place;
    Object.assign(this, more);
  }

  get path(): string {
    return resolve(this.#place.folder, this.name);
  }

  get isTar(): boolean {
    return TAR.test(this.name);
  }

  get isParquet(): boolean {
    return PARQUET.test(this.name);
  }

  get outputs(): readonly string[] {
    if (this.isTar || this.isParquet) return [this.name];
    return this.outputsWith(this.keepsExtension);
  }

  outputsWith(keepsExtension: boolean): string[] {
    const { copies, format } = this.#place.settings;
    const stem = keepsExtension ? this.name : stemOf(this.name);
    return Array.from(
      { length: copies },
      (_, copy) => `${stem}${copySuffix(copy, copies)}.${format.container}`,
    );
  }
}

/** Numbered shards of `tarSize` files each, in the files' order. */
function packUnits(sources: readonly Source[], tarSize: number): Unit[] {
  const shard = sources.find(({ isTar, isParquet }) => isTar || isParquet);
  if (shard) throw usageError(`${shard.name} is a shard already: leave out --tar`);
  const parted = sources.find(({ metadata }) => metadata && metadata.length > 1);
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
  const plainKey = ({ name }: Source) => {
    const stem = stemOf(name);
    const start = stem.lastIndexOf("/") + 1;
    return stem.slice(0, start) + stem.slice(start).replaceAll(".", "_");
  };
  const twins = findTwins(sources, (source) => [plainKey(source)]);
  const keyed = sources.map((source): ListedFile & { key: string } => {
    const { name, path, metadata } = source;
    const plain = plainKey(source);
    const key = twins.has(plain) ? `${plain}_${hashOf(name).slice(0, 8)}` : plain;
    return { name, path, key, ...(metadata && { metadata }) };
  });
  for (const [key, [a, b]] of findTwins(keyed, ({ key }) => [key])) {
    throw usageError(`${a.name} and ${b.name} would both have the key ${key}: rename one`);
  }
  return keyed;
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

async function findSources(
  { source, pathColumn, root }: SourceOptions,
  settings: Settings,
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
    const place = { folder: resolve(source), settings };
    return names.map((name) => new Source(name, place));
  }
  if (!LIST.test(source)) {
    const name = source.split(sep).at(-1) as string;
    if (!isSource(name)) {
      throw usageError(
        `${source} is no folder, no list (.jsonl, .csv, .jsonl.gz) and no sound file`,
      );
    }
    if (found.kind !== "file") throw usageError(`${source}: ${KIND_WORDS[found.kind]}, not a file`);
    return [new Source(name, { folder: resolve(dirname(source)), settings }, { isAlone: true })];
  }
  const place = { folder: resolve(root ?? dirname(source)), settings };
  return groupByName(await readListed(source, place, pathColumn), source, place);
}

type Listed = Pick<Source, "name"> & { readonly metadata?: Metadata };

async function readListed(source: string, { folder }: Place, pathColumn?: string) {
  const listed = await readSourceList(source, pathColumn);
  return listed.map(({ path, metadata }): Listed => {
    const name = relative(folder, resolve(folder, path)).split(sep).join("/");
    if (name.startsWith("../") || isAbsolute(name)) {
      throw usageError(
        `${path} in ${source} is outside of ${folder}: --root DIR names the folder above all`,
      );
    }
    return { name, ...(Object.keys(metadata).length && { metadata }) };
  });
}

/** Each file once, with all that its lines say: NeMo and Lhotse have one for each utterance in it. */
function groupByName(listed: readonly Listed[], list: string, place: Place): Source[] {
  const groups = new Map<string, Listed[]>();
  for (const one of listed) {
    const group = groups.get(one.name);
    if (group) group.push(one);
    else groups.set(one.name, [one]);
  }
  return [...groups].map(([name, group]) => {
    const metadata = group.flatMap(({ metadata }) => metadata ? [metadata] : []);
    const differing = new Set(metadata.map((line) => JSON.stringify(line))).size;
    if (group.length === 1 || differing === group.length) {
      return new Source(name, place, metadata.length > 0 ? { metadata } : undefined);
    }
    throw usageError(`${list} lists ${name} twice`);
  });
}

/**
 * Mirrors the tree. Sources that differ only in their extension keep it, a.flac.wav, and so do those
 * whose output would have the name of a folder.
 */
function nameOutputs(sources: readonly Source[]): readonly Unit[] {
  const folders = new Set<string>();
  for (const { name } of sources) addFolders(name, folders);
  const suspicious = [...folders].some((name) => /\.\w+$/.test(name)) ? folders : new Set<string>();
  const twins = findTwins(sources, ({ name }) => [stemOf(name)]);
  for (const source of sources) {
    source.keepsExtension = twins.has(stemOf(source.name)) ||
      (suspicious.size > 0 && source.outputsWith(false).some((path) => suspicious.has(path)));
  }
  // Else all stems differ, and with them the outputs.
  if (sources.some(({ keepsExtension }) => keepsExtension)) checkTwins(sources);
  checkOutputs(sources, suspicious);
  return sources;
}

/** Adds the folders that a file's path names. */
function addFolders(path: string, folders: Set<string>): void {
  for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) {
    const folder = path.slice(0, end);
    if (folders.has(folder)) return; // and those above it
    folders.add(folder);
  }
}

/** What the command writes itself. */
const OWN = /^(manifest(-\d+-of-\d+)?\.jsonl|\.mp3-augment)\//;

function checkOutputs(units: readonly Unit[], folders: ReadonlySet<string>): void {
  for (const { name, outputs } of units) {
    for (const output of outputs) {
      if (OWN.test(output)) {
        throw usageError(`${name} would become ${output}, which is this command's own: rename it`);
      }
      if (folders.has(output)) {
        throw usageError(`${name} would become ${output}, which is a folder too: rename it`);
      }
    }
  }
}

function checkTwins(units: readonly Unit[]): void {
  for (const [output, [a, b]] of findTwins(units, ({ outputs }) => outputs)) {
    throw usageError(`${a.name} and ${b.name} would both become ${output}: rename one`);
  }
}

function stemOf(name: string): string {
  return name.slice(0, name.length - extname(name).length);
}

/** What tells copies apart; nothing where there is but one. */
export function copySuffix(copy: number, copies: number): string {
  return copies === 1 ? "" : `-${copy}`;
}
