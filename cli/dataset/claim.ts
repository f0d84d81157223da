/** What a run may write: never a source, and what it doesn't know only by `--force`. */
import { readdirSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { usageError } from "../errors.ts";
import { type Found, look, realPathOf } from "../paths.ts";
import type { Unit } from "./plan.ts";

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
  const outputs = units.flatMap((unit) => unit.outputs);
  const places = await placesOf(folder, outputs);
  if ((await look(source))?.kind === "folder") {
    const [target, origin] = [await realPathOf(folder), await realPathOf(source)];
    if (isBelow(target, origin)) {
      throw usageError(`${folder} is inside of ${source}: its files would become sources`);
    }
    const inside = outputs.find((path) => isBelow(places.get(path) ?? "", origin));
    if (inside) {
      throw usageError(`${join(folder, inside)} is inside of ${source}: it would become a source`);
    }
  }
  if (await look(folder) === undefined) return;
  const existing = await lookAtAll(folder, [...outputs, ...ownFiles]);
  if (existing.size === 0) return;
  const paths = [
    source,
    ...units.flatMap(({ path, files }) => files ? files.map((f) => f.path) : path),
  ];
  const sources = new Set<string>();
  await inBatches(paths, async (path) => {
    const found = await look(path).catch(() => undefined);
    if (found?.kind === "file") sources.add(found.identity);
  });
  const lost = outputs.concat(ownFiles).filter((path) =>
    sources.has(existing.get(path)?.identity ?? "")
  );
  if (lost.length === 0) return;
  throw usageError(
    `the run would overwrite ${
      counted(lost, "of its own sources")
    }: choose another DST than ${folder}`,
  );
}

/** Where outputs really are: DST may hold links. Throws where two are one file. */
async function placesOf(folder: string, outputs: readonly string[]): Promise<Map<string, string>> {
  const folders = new Map<string, string>();
  const links = new Set<string>();
  for (const name of new Set(outputs.map((path) => dirname(path)))) {
    const path = join(folder, name);
    folders.set(name, await realPathOf(path).catch(() => resolve(path))); // such as too long a name
    for (const entry of await readdir(path, { withFileTypes: true }).catch(() => [])) {
      if (entry.isSymbolicLink()) links.add(join(name, entry.name));
    }
  }
  const places = new Map<string, string>();
  const owners = new Map<string, string>();
  for (const output of outputs) {
    const plain = join(folders.get(dirname(output)) as string, basename(output));
    const place = links.has(join(output)) ? await realPathOf(plain).catch(() => plain) : plain;
    const other = owners.get(place);
    if (other !== undefined) {
      throw usageError(
        `${other} and ${output} would be one file, as links in ${folder} lead there: remove them`,
      );
    }
    owners.set(place, output);
    places.set(output, place);
  }
  return places;
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
export function sameNames(paths: readonly string[]): [string, string] | undefined {
  const seen = new Map<string, string>();
  for (const path of paths) {
    const folded = path.normalize("NFC").toLowerCase();
    const other = seen.get(folded);
    if (other !== undefined) return [other, path];
    seen.set(folded, path);
  }
  return undefined;
}

/**
 * Throws where an output would take the place of a file that isn't the run's.
 *
 * @param outputsOf the files that the run's journal knows of a unit
 * @param others what other journals in the folder know
 */
export async function refuseForeign(
  units: readonly Unit[],
  folder: string,
  outputsOf: (unit: string) => readonly string[],
  others: () => Promise<ReadonlySet<string>>,
): Promise<void> {
  const existing = await lookAtAll(folder, units.flatMap((unit) => unit.outputs));
  const unknown = units.flatMap(({ name, outputs }) => {
    const there = outputs.filter((path) => existing.has(path));
    if (there.length === 0) return [];
    const own = outputsOf(name);
    return there.filter((path) => !own.includes(path));
  });
  if (unknown.length === 0) return;
  const recorded = await others();
  const foreign = unknown.filter((path) => !recorded.has(path));
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

/** Folders that are not there yet, or hold nothing but this command's own, are looked at only once. */
async function lookAtAll(folder: string, paths: readonly string[]): Promise<Map<string, Found>> {
  const existing = new Map<string, Found>();
  const bare = new Map<string, boolean>();
  const isBare = (below: string) => {
    const known = bare.get(below);
    if (known !== undefined) return known;
    const found = holdsNothing(join(folder, below));
    bare.set(below, found);
    return found;
  };
  const possible = paths.filter((path) => basename(path).startsWith(OWN) || !isBare(dirname(path)));
  await inBatches(possible, async (path) => {
    const found = await look(join(folder, path)).catch(() => undefined); // such as too long a name
    if (found) existing.set(path, found);
  });
  return existing;
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

async function inBatches<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  for (let at = 0; at < items.length; at += BATCH) {
    await Promise.all(items.slice(at, at + BATCH).map(work));
  }
}
