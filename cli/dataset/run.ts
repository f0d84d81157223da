/** The whole run: what is done already, what is left, all cores, and what is left behind. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { byteSizeOf, writeLines } from "../files.ts";
import { foreignError, refuseForeign, refuseSameNames, refuseSources } from "./claim.ts";
import {
  type Failure,
  isRecord,
  Journal,
  type JournalRecord,
  ownPartialName,
  readLines,
} from "./journal.ts";
import { type LockOptions, takeLock } from "./lock.ts";
import { type Plan, planUnits, type Skipped, type SourceOptions, type Unit } from "./plan.ts";
import { isInShard, type Shard, WHOLE } from "./shard.ts";
import { claimFolder, settingsPath } from "./settings.ts";
import {
  findRecords,
  journalPath,
  lockPath,
  manifestPath,
  namesOf,
  planPath,
  writePlan,
} from "./state.ts";
import { doUnits, type WorkOptions } from "./work.ts";

/** How a run goes. */
export interface RunOptions extends LockOptions, WorkOptions {
  readonly sources: SourceOptions;
  readonly shard: Shard;
  /** Whether files may be replaced that no run has recorded. */
  readonly force?: boolean;
  readonly onStart?: (unitCount: number, doneCount: number) => void;
}

/** What a run has done. */
export interface RunResult {
  readonly unitCount: number;
  /** Done by earlier runs. */
  readonly skippedCount: number;
  readonly doneCount: number;
  readonly failures: readonly Failure[];
  /** What is no source, though it sounds. */
  readonly skipped: readonly Skipped[];
  readonly isInterrupted: boolean;
  /** Written when nothing is left to do but what has failed. */
  readonly manifest?: string;
}

/** Does what is not done yet. */
export async function runDataset(options: RunOptions): Promise<RunResult> {
  const { folder, settings, shard } = options;
  const plan = await planUnits(options.sources, settings);
  const isWhole = shard.count === 1;
  const units = isWhole ? plan.units : plan.units.filter(({ name }) => isInShard(name, shard));
  await checkFolder(options, plan, units);
  await claimFolder(folder, settings);
  await refuseSameNames(plan.units, settingsPath(folder));
  const unlock = await takeLock(lockPath(folder, shard), options);
  try {
    const journal = await Journal.open(journalPath(folder, shard));
    try {
      return await runShard(options, plan, units, journal);
    } finally {
      journal.close();
    }
  } finally {
    await unlock();
  }
}

/** Before anything is written: nobody's files may be lost. */
async function checkFolder(options: RunOptions, plan: Plan, units: readonly Unit[]) {
  const { folder, shard, force } = options;
  const manifests = [manifestPath("", WHOLE), manifestPath("", shard)];
  const state = [journalPath("", WHOLE), journalPath("", shard), planPath("", shard)];
  const ownFiles = [...manifests, ...state, settingsPath("")];
  const { source } = options.sources;
  await refuseSources({ source, folder, units: plan.units, ownFiles });
  if (force || existsSync(settingsPath(folder))) return; // then the journal tells
  await refuseForeign(units, folder, () => [], () => Promise.resolve(new Set()));
  const manifest = manifests.find((path) => existsSync(join(folder, path)));
  if (manifest) throw foreignError([manifest], folder);
}

async function runShard(
  options: RunOptions,
  plan: Plan,
  units: readonly Unit[],
  journal: Journal,
): Promise<RunResult> {
  const { folder, shard, signal } = options;
  if (shard.count > 1) await adoptMerged(units, folder, journal);
  if (!options.force) {
    const known = (unit: string) => journal.outputsOf(unit);
    await refuseForeign(units, folder, known, () => outputsOfAllShards(folder));
  }
  await journal.sweep(folder);
  await writePlan(folder, shard, plan.units, units);
  const left = await unitsLeft(units, folder, journal);
  options.onStart?.(units.length, units.length - left.length);
  const { doneCount, failures } = await doUnits(left, journal, options);
  const skipped = [
    ...plan.skipped.filter(({ name }) => isInShard(name, shard)),
    ...skippedMembers(units, journal),
  ];
  const result = {
    unitCount: units.length,
    skippedCount: units.length - left.length,
    doneCount,
    failures: [...plan.failures, ...failures].sort((a, b) => a.source < b.source ? -1 : 1),
    skipped,
    isInterrupted: signal.aborted,
  };
  if (signal.aborted) return result;
  return { ...result, manifest: await finish(options, units, journal) };
}

/** What tar shards hold that sounds and isn't read, of this run and earlier ones. */
function skippedMembers(units: readonly Unit[], journal: Journal): Skipped[] {
  return units.filter(({ isTar, isParquet }) => isTar || isParquet).flatMap(({ name }) =>
    Object.entries(journal.get(name)?.skipped ?? {}).flatMap(([as, count]) =>
      Array.from({ length: count }, () => ({ name, as }))
    )
  );
}

/** What any run in this folder has written, by its journal or, where that was damaged, its manifest. */
async function outputsOfAllShards(folder: string): Promise<Set<string>> {
  const paths = new Set<string>();
  for (const path of await findRecords(folder)) {
    for await (const { line } of readLines(path)) {
      if (isRecord(line)) line.outputs.forEach(({ path }) => paths.add(path));
      const { output } = Object(line) as { output?: unknown };
      if (typeof output === "string") paths.add(output);
    }
  }
  return paths;
}

/** A shard that runs again after the merge finds its records there. */
async function adoptMerged(units: readonly Unit[], folder: string, journal: Journal) {
  const wanted = new Set(units.map(({ name }) => name));
  for await (const { line } of readLines(journalPath(folder, WHOLE))) {
    if (isRecord(line) && wanted.has(line.unit) && !journal.get(line.unit)) journal.add(line);
  }
}

/** The units without a record whose outputs are all there. */
async function unitsLeft(units: readonly Unit[], folder: string, journal: Journal) {
  const left: Unit[] = [];
  for (const unit of units) {
    const record = journal.get(unit.name);
    if (!record || record.failures || !await areThere(record, folder)) left.push(unit);
  }
  return left;
}

async function areThere({ outputs }: JournalRecord, folder: string): Promise<boolean> {
  for (const { path, byteSize } of outputs) {
    if (await byteSizeOf(join(folder, path)) !== byteSize) return false;
  }
  return true;
}

/** The manifest, sorted, and the journal in the same order. */
async function finish(
  { folder, shard }: RunOptions,
  units: readonly Unit[],
  journal: Journal,
): Promise<string> {
  const path = manifestPath(folder, shard);
  await writeLines(path, manifestLines(journal.records(namesOf(units))), ownPartialName(path));
  await journal.settle(namesOf(units));
  return path;
}

/** The rows of records, as lines. */
export function* manifestLines(records: Iterable<JournalRecord>): Iterable<string> {
  for (const { rows } of records) {
    for (const row of rows) yield `${JSON.stringify(row)}\n`;
  }
}
