/** What a run may write: never a source, and what it doesn't know only by `--force`. */
import { readdirSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { usageError } from "../errors.ts";
import { type Found, look, realPathOf } from "../paths.ts";
import type { Unit } from "./plan.ts";
import { findTwins } from "./twins.ts";

/** A run's sources and outputs. */
export interface Claim {
  /** What was named as the source. */
  readonly source: string;
  readonly folder: string;
  /** All units of all shards. */
  readonly units: readonly Unit[];
  /** Files of this command, relative to the folder: manifests, journals. */
  readonly ownFiles: readonly string[];
}

/** Throws where an output would take the place of a source, or become one. */
export async function refuseSources(claim: Claim): Promise<void> {
  const { source, folder, units, ownFiles } = claim;
  const { placeOf, folders, isPlain } = await findPlaces(folder, units);
  if ((await look(source))?.kind === "folder") {
    const [target, origin] = [await realPathOf(folder), await realPathOf(source)];
    if (isBelow(target, origin)) {
      throw usageError(`${folder} is inside of ${source}: its files would become sources`);
    }
    const isBeside = isPlain && !folders.some((path) => isBelow(path, origin));
    const inside = isBeside
      ? undefined
      : find(outputsOf(units), (path) => isBelow(placeOf(path), origin));
    if (inside) {
      throw usageError(`${join(folder, inside)} is inside of ${source}: it would become a source`);
    }
  }
  if (await look(folder) === undefined) return;
  const existing = new Set<string>();
  await lookAtAll(folder, both(outputsOf(units), ownFiles), (path) => path, (_, { identity }) => {
    existing.add(identity);
  });
  if (existing.size === 0) return;
  const lost = new Set<string>();
  await inBatches(both(sourcesOf(units), [source]), async (path) => {
    const found = await look(path).catch(() => undefined);
    if (found?.kind === "file" && existing.has(found.identity)) lost.add(found.identity);
  });
  if (lost.size === 0) return;
  const paths: string[] = [];
  await lookAtAll(folder, both(outputsOf(units), ownFiles), (path) => path, (path, found) => {
    if (lost.has(found.identity)) paths.push(path);
  });
  throw usageError(
    `the run would overwrite ${
      counted(paths.sort(), "of its own sources")
    }: choose another DST than ${folder}`,
  );
}

function* outputsOf(units: readonly Unit[]): Iterable<string> {
  for (const { outputs } of units) yield* outputs;
}

function* sourcesOf(units: readonly Unit[]): Iterable<string> {
  for (const { path, files } of units) {
    if (files) { for (const file of files) yield file.path; }
    else yield path;
  }
}

function* both<T>(first: Iterable<T>, second: Iterable<T>): Iterable<T> {
  yield* first;
  yield* second;
}

function find<T>(items: Iterable<T>, isIt: (item: T) => boolean): T | undefined {
  for (const item of items) if (isIt(item)) return item;
  return undefined;
}

/**
 * Where outputs really are, as DST may hold links, and their folders. Throws where two are one file.
 * `isPlain`: no link leads anywhere, so that what the names say is true.
 */
async function findPlaces(folder: string, units: readonly Unit[]) {
  const folders = new Map<string, string>();
  const links = new Map<string, string>();
  for (const output of outputsOf(units)) {
    const name = folderOf(output);
    if (folders.has(name)) continue;
    const path = join(folder, name);
    const real = await realPathOf(path).catch(() => resolve(path)); // such as too long a name
    folders.set(name, real);
    for (const entry of await readdir(path, { withFileTypes: true }).catch(() => [])) {
      if (!entry.isSymbolicLink()) continue;
      const plain = join(real, entry.name);
      links.set(plain, await realPathOf(plain).catch(() => plain));
    }
  }
  const placeOf = (output: string) => {
    const plain = join(folders.get(folderOf(output)) as string, basename(output));
    return links.get(plain) ?? plain;
  };
  const real = [...folders.values()];
  const isPlain = links.size === 0 && new Set(real).size === real.length;
  if (!isPlain) checkPlaces(folder, units, placeOf);
  return { placeOf, folders: real, isPlain };
}

function checkPlaces(folder: string, units: readonly Unit[], placeOf: (output: string) => string) {
  for (const [place, owners] of findTwins(units, ({ outputs }) => outputs.map(placeOf))) {
    const pair = owners.flatMap(({ outputs }) => outputs.filter((path) => placeOf(path) === place));
    throw usageError(
      `${pair[0]} and ${
        pair.at(-1)
      } would be one file, as links in ${folder} lead there: remove them`,
    );
  }
}

/** Of a path that has "/" alone; "" where it is the output folder itself. */
function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

function isBelow(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === "" || (way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way));
}

/**
 * Throws where outputs would be one file, as their names differ only in what the file system takes for
 * the same: A.wav and a.wav on most disks of macOS and Windows.
 *
 * @param probe a file in the folder that is there
 */
export async function refuseSameNames(units: readonly Unit[], probe: string): Promise<void> {
  const other = join(dirname(probe), basename(probe).toUpperCase());
  const [found, same] = [await look(probe), await look(other)];
  if (found === undefined || found.identity !== same?.identity) return;
  const pair = sameNames(units.flatMap(({ outputs }) => outputs));
  if (pair === undefined) return;
  throw usageError(
    `${pair.join(" and ")} would be one file, as DST doesn't tell capital letters apart: ` +
      "rename the source of one",
  );
}

/** The first two paths that are the same but for capitals and how accents are written. */
export function sameNames(paths: readonly string[]): readonly string[] | undefined {
  const twins = findTwins(paths, (path) => [path.normalize("NFC").toLowerCase()]);
  return twins.values().next().value?.slice(0, 2);
}

/**
 * Throws where an output would take the place of a file that isn't the run's.
 *
 * @param knownOf the files that the run's journal knows of a unit
 * @param others what other journals in the folder know
 */
export async function refuseForeign(
  units: readonly Unit[],
  folder: string,
  knownOf: (unit: string) => readonly string[],
  others: () => Promise<ReadonlySet<string>>,
): Promise<void> {
  const unknown: string[] = [];
  const each = function* () {
    for (const unit of units) for (const path of unit.outputs) yield { unit, path };
  };
  await lookAtAll(folder, each(), ({ path }) => path, ({ unit, path }) => {
    if (!knownOf(unit.name).includes(path)) unknown.push(path);
  });
  if (unknown.length === 0) return;
  const recorded = await others();
  const foreign = unknown.filter((path) => !recorded.has(path)).sort();
  if (foreign.length > 0) throw foreignError(foreign, folder);
}

/** Files are in the way that no run has recorded. */
export function foreignError(foreign: readonly string[], folder: string): Error {
  return usageError(
    `${folder} holds ${counted(foreign, "that no run of this command has recorded")}: ` +
      "choose another DST, move them away, or use --force to replace them",
  );
}

const NAMED_COUNT = 3;

function counted(paths: readonly string[], whose: string): string {
  const first = paths.slice(0, NAMED_COUNT).join(", ");
  const count = paths.length === 1 ? "a file" : `${paths.length} files`;
  return `${count} ${whose} (${first}${paths.length > NAMED_COUNT ? ", …" : ""})`;
}

/**
 * Tells of those items whose files are there. Folders that are not there yet, or hold nothing but this
 * command's own, are looked at only once.
 */
async function lookAtAll<T>(
  folder: string,
  items: Iterable<T>,
  pathOf: (item: T) => string,
  onFound: (item: T, found: Found) => void,
): Promise<void> {
  const bare = new Map<string, boolean>();
  const isBare = (below: string) => {
    const known = bare.get(below);
    if (known !== undefined) return known;
    const found = holdsNothing(join(folder, below));
    bare.set(below, found);
    return found;
  };
  const possible = function* () {
    for (const item of items) {
      const path = pathOf(item);
      const isOwn = path.startsWith(OWN, path.lastIndexOf("/") + 1);
      if (isOwn || !isBare(folderOf(path))) yield item;
    }
  };
  await inBatches(possible(), async (item) => {
    const found = await look(join(folder, pathOf(item))).catch(() => undefined); // too long a name
    if (found) onFound(item, found);
  });
}

/** What files of this command begin with that may be in any folder. */
const OWN = ".mp3-augment";

function holdsNothing(folder: string): boolean {
  try {
    return readdirSync(folder).every((name) => name.startsWith(OWN));
  } catch (error) {
    return (error as { code?: unknown }).code === "ENOENT";
  }
}

const BATCH = 64;

async function inBatches<T>(items: Iterable<T>, work: (item: T) => Promise<void>): Promise<void> {
  let batch: T[] = [];
  for (const item of items) {
    if (batch.push(item) < BATCH) continue;
    await Promise.all(batch.map(work));
    batch = [];
  }
  await Promise.all(batch.map(work));
}
