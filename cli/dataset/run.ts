/** The whole run: what is done already, what is left, all cores, and what is left behind. */
import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { Scratch } from "../audio/scratch.ts";
import { CliError, reasonOf } from "../errors.ts";
import { byteSizeOf } from "../files.ts";
import { augmentFile } from "./augment.ts";
import { type Failure, Journal, type JournalRecord, writeLines } from "./journal.ts";
import { type LockOptions, takeLock } from "./lock.ts";
import { planUnits, type SourceOptions, type Unit } from "./plan.ts";
import { isInShard, type Shard, shardSuffix, WHOLE } from "./shard.ts";
import { claimFolder, type Settings, STATE_FOLDER } from "./settings.ts";

/** How a run goes. */
export interface RunOptions extends LockOptions {
  readonly sources: SourceOptions;
  readonly folder: string;
  readonly settings: Settings;
  readonly shard: Shard;
  /** How many files at once; default: what keeps all cores busy. */
  readonly threads?: number;
  /** Stops before the next file; those under way are finished. */
  readonly signal: AbortSignal;
  readonly onStart?: (unitCount: number, doneCount: number) => void;
  readonly onDone?: (record: JournalRecord) => void;
  readonly onFailed?: () => void;
}

/** What a run has done. */
export interface RunResult {
  readonly unitCount: number;
  /** Done by earlier runs. */
  readonly skippedCount: number;
  readonly doneCount: number;
  readonly failures: readonly Failure[];
  readonly isInterrupted: boolean;
  /** Written when nothing is left to do but what has failed. */
  readonly manifest?: string;
}

/** Where a shard's journal is. */
export function journalPath(folder: string, shard: Shard): string {
  return join(folder, STATE_FOLDER, `journal${shardSuffix(shard)}.jsonl`);
}

function lockPath(folder: string, shard: Shard): string {
  return join(folder, STATE_FOLDER, `lock${shardSuffix(shard)}`);
}

/** Where a shard's manifest is, and the list of its failures. */
export function manifestPath(folder: string, shard: Shard): string {
  return join(folder, `manifest${shardSuffix(shard)}.jsonl`);
}

/** Does what is not done yet. */
export async function runDataset(options: RunOptions): Promise<RunResult> {
  const { folder, settings, shard, signal } = options;
  const plan = await planUnits(options.sources, settings);
  const units = plan.units.filter(({ name }) => isInShard(name, shard));
  await claimFolder(folder, settings);
  const unlock = await takeLock(lockPath(folder, shard), options);
  try {
    const journal = await Journal.open(journalPath(folder, shard));
    if (shard.count > 1) await adoptMerged(units, folder, journal);
    const left = await unitsLeft(units, folder, journal);
    options.onStart?.(units.length, units.length - left.length);
    const { doneCount, failures } = await runUnits(left, journal, options);
    const result = {
      unitCount: units.length,
      skippedCount: units.length - left.length,
      doneCount,
      failures: [...plan.failures, ...failures].sort((a, b) => a.source < b.source ? -1 : 1),
      isInterrupted: signal.aborted,
    };
    if (!signal.aborted) return { ...result, manifest: await finish(options, units, journal) };
    journal.close();
    return result;
  } finally {
    await unlock();
  }
}

/** Works on the units, several at once. */
async function runUnits(units: readonly Unit[], journal: Journal, options: RunOptions) {
  const { folder, settings, signal } = options;
  const failures: Failure[] = [];
  let doneCount = 0;
  // Some more than cores, so that none is idle while files are read and written.
  const atOnce = options.threads ?? availableParallelism() + 4;
  const tarCount = units.filter(({ isTar }) => isTar).length;
  const atOncePerTar = Math.ceil(atOnce / Math.max(1, Math.min(atOnce, tarCount)));
  await forEach(units, atOnce, signal, async (unit, scratch) => {
    try {
      const job = { settings, scratch, signal };
      const record = unit.isTar
        ? await (await import("./tar.ts")).augmentTar(unit, folder, job, atOncePerTar)
        : await augmentFile(unit, folder, job);
      journal.add(record);
      doneCount++;
      options.onDone?.(record);
      failures.push(...record.failures ?? []);
    } catch (error) {
      if (signal.aborted) return; // a long one that was stopped on the way
      if (isFatal(error)) throw error;
      failures.push({ source: unit.name, reason: reasonOf(error) });
      options.onFailed?.();
    }
  });
  return { doneCount, failures };
}

/** What will fail for every file ends the run. */
function isFatal(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return ["ENOSPC", "EROFS", "EDQUOT", "LIBRARY_NOT_FOUND", "LIBRARY_INCOMPATIBLE"]
    .includes(String(code));
}

/** A shard that runs again after the merge finds its records there. */
async function adoptMerged(units: readonly Unit[], folder: string, journal: Journal) {
  const path = journalPath(folder, WHOLE);
  if (!existsSync(path)) return;
  const merged = await Journal.open(path);
  for (const { name } of units) {
    const record = merged.get(name);
    if (record && !journal.get(name)) journal.add(record);
  }
  merged.close();
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

/** Runs `work` on all items, `limit` at once, until the signal or an error; what is under way is finished. */
async function forEach<T>(
  items: readonly T[],
  limit: number,
  signal: AbortSignal,
  work: (item: T, scratch: Scratch) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  const errors: unknown[] = [];
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, async () => {
    const scratch = new Scratch();
    for (const item of queue) {
      if (signal.aborted || errors.length > 0) return;
      await work(item, scratch).catch((error) => errors.push(error));
    }
  }));
  if (errors.length === 0) return;
  throw new CliError(`${reasonOf(errors[0])}. What is done is recorded: run it again to go on`);
}

/** The manifest, sorted, and the journal in the same order. */
async function finish(
  { folder, shard }: RunOptions,
  units: readonly Unit[],
  journal: Journal,
): Promise<string> {
  const names = units.map(({ name }) => name);
  const path = manifestPath(folder, shard);
  await writeLines(path, manifestLines(journal.records(names)));
  await journal.settle(names);
  return path;
}

/** The rows of records, as lines. */
export function* manifestLines(records: Iterable<JournalRecord>): Iterable<string> {
  for (const { rows } of records) {
    for (const row of rows) yield `${JSON.stringify(row)}\n`;
  }
}
