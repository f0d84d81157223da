/** Many shards' journals as the one that a single machine would have written. */
import { createHash } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { CliError, EXIT } from "../errors.ts";
import { byteSizeOf, writeLines, type Written } from "../files.ts";
import { foreignError } from "./claim.ts";
import {
  isRecord,
  Journal,
  type JournalRecord,
  type OutputFile,
  ownPartialName,
  readLines,
} from "./journal.ts";
import { type LockOptions, takeLock } from "./lock.ts";
import { manifestLines } from "./run.ts";
import { STATE_FOLDER } from "./settings.ts";
import { type Shard, WHOLE } from "./shard.ts";
import {
  isSameSet,
  journalPath,
  lockPath,
  manifestPath,
  type PlanFile,
  planPath,
  readPlan,
  unitSetOf,
  writePlanFile,
} from "./state.ts";

/** What was joined. */
export interface MergeResult {
  readonly shards: number;
  readonly files: number;
  readonly outputs: number;
  /** Sources that could not be processed, in all shards. */
  readonly failed: number;
  readonly manifest: string;
}

/** How shards are joined. */
export interface MergeOptions extends LockOptions {
  /** Whether contents are compared, or sizes only. */
  readonly comparesHashes: boolean;
  /** Whether a manifest.jsonl may be replaced that is none of a run's. */
  readonly force: boolean;
}

/** Verifies that manifests, journals, plans and outputs of all shards agree, and joins them. */
export async function mergeShards(folder: string, options: MergeOptions): Promise<MergeResult> {
  const count = await findShardCount(folder);
  const shards = Array.from({ length: count }, (_, index) => ({ index, count }));
  const missing = shards.filter((shard) => !existsSync(manifestPath(folder, shard)));
  if (missing.length > 0) {
    const names = missing.map(({ index }) => `${index}/${count}`).join(", ");
    throw new CliError(`shards have not finished: ${names}. Run them, again if need be`);
  }
  const manifest = manifestPath(folder, WHOLE);
  const isOurs = existsSync(journalPath(folder, WHOLE)) || existsSync(planPath(folder, WHOLE));
  if (existsSync(manifest) && !isOurs && !options.force) {
    throw foreignError([basename(manifest)], folder);
  }
  const unlocks: (() => Promise<void>)[] = [];
  try {
    for (const shard of count === 1 ? shards : [...shards, WHOLE]) {
      unlocks.push(await takeLock(lockPath(folder, shard), options));
    }
    return await mergeLocked(folder, shards, options);
  } finally {
    for (const unlock of unlocks) await unlock();
  }
}

async function mergeLocked(
  folder: string,
  shards: readonly Shard[],
  { comparesHashes, signal }: MergeOptions,
): Promise<MergeResult> {
  const owners = new Map<string, number>();
  const plans: PlanFile[] = [];
  let outputs = 0;
  let failed = 0;
  for (const shard of shards) {
    plans.push(await checkShard(folder, shard));
    for await (const record of recordsOf(folder, shard)) {
      if (signal.aborted) throw new CliError("interrupted", EXIT.interrupted);
      const other = owners.get(record.unit);
      if (other !== undefined) {
        throw new CliError(`${record.unit} is in shard ${other} and in shard ${shard.index}`);
      }
      owners.set(record.unit, shard.index);
      for (const output of record.outputs) await verify(folder, output, comparesHashes);
      outputs += record.outputs.length;
      failed += record.failures?.length ?? 0;
    }
  }
  const units = [...owners.keys()].sort();
  checkWhole(unitSetOf(units), plans);
  await writeWhole(folder, shards, units, owners);
  if (shards.length > 1) await removeShards(folder, shards);
  const manifest = manifestPath(folder, WHOLE);
  return { shards: shards.length, files: units.length, outputs, failed, manifest };
}

function shardError({ index, count }: Shard, what: string): CliError {
  return new CliError(`shard ${index}/${count}: ${what}. Nothing was changed: run the shard again`);
}

/** A shard's records, or an error where a line isn't one. */
async function* recordsOf(folder: string, shard: Shard): AsyncIterable<JournalRecord> {
  const path = journalPath(folder, shard);
  let byteSize = 0;
  for await (const { line, place } of readLines(path)) {
    if (!isRecord(line)) throw shardError(shard, `${path} is damaged or from a run under way`);
    byteSize += place.byteSize;
    yield line;
  }
  if (await byteSizeOf(path) !== byteSize) throw shardError(shard, `${path} ends within a line`);
}

/** Throws unless a shard's plan, journal and manifest say the same. */
async function checkShard(folder: string, shard: Shard): Promise<PlanFile> {
  if (!existsSync(journalPath(folder, shard))) throw shardError(shard, "its journal is missing");
  const plan = await readPlan(folder, shard);
  if (plan === undefined) throw shardError(shard, "its plan is missing or damaged");
  const names: string[] = [];
  const hash = createHash("sha256");
  for await (const record of recordsOf(folder, shard)) {
    names.push(record.unit);
    for (const line of manifestLines([record])) hash.update(line);
  }
  const found = unitSetOf(names);
  if (!isSameSet(found, plan.part)) {
    throw shardError(
      shard,
      `its journal has ${found.units} sources that are done, its plan ${plan.part.units}` +
        (found.units === plan.part.units ? " others" : ""),
    );
  }
  const manifest = manifestPath(folder, shard);
  if (await hashOf(manifest) !== hash.digest("hex")) {
    throw shardError(shard, `${basename(manifest)} is not what its journal says`);
  }
  return plan;
}

/** Throws unless all shards were parts of the same whole. */
function checkWhole(found: ReturnType<typeof unitSetOf>, plans: readonly PlanFile[]): void {
  const other = plans.findIndex(({ whole }) => !isSameSet(whole, found));
  if (other < 0) return;
  throw new CliError(
    `the shards hold ${found.units} sources, but shard ${other} was one of a run of ` +
      `${plans[other]?.whole.units}: the sources have changed between the shards. ` +
      "Nothing was changed: run all shards again",
  );
}

/** Writes the joined journal, manifest and plan, and reads them again. */
async function writeWhole(
  folder: string,
  shards: readonly Shard[],
  units: readonly string[],
  owners: ReadonlyMap<string, number>,
): Promise<void> {
  const journals = await Promise.all(
    shards.map((shard) => Journal.open(journalPath(folder, shard))),
  );
  const records = function* () {
    for (const unit of units) {
      const record = journals[owners.get(unit) as number]?.get(unit);
      if (record === undefined) throw new CliError(`${unit} has gone while shards were joined`);
      yield record;
    }
  };
  try {
    const [journal, manifest] = [journalPath(folder, WHOLE), manifestPath(folder, WHOLE)];
    await writeProven(journal, jsonLines(records()));
    await writeProven(manifest, manifestLines(records()));
    const set = unitSetOf(units);
    await writePlanFile(folder, WHOLE, { whole: set, part: set });
  } finally {
    journals.forEach((journal) => journal.close());
  }
}

/** Writes lines and throws unless the file holds just these. */
async function writeProven(path: string, lines: Iterable<string>): Promise<void> {
  const { sha256 }: Written = await writeLines(path, lines, ownPartialName(path));
  if (await hashOf(path) === sha256) return;
  throw new CliError(`${path} is not what was written: the shards' files are kept`);
}

async function removeShards(folder: string, shards: readonly Shard[]): Promise<void> {
  for (const shard of shards) {
    await rm(manifestPath(folder, shard));
    await rm(journalPath(folder, shard));
    await rm(planPath(folder, shard));
  }
}

function* jsonLines(values: Iterable<unknown>): Iterable<string> {
  for (const value of values) yield `${JSON.stringify(value)}\n`;
}

const STATE_FILE = /^(?:journal|plan|manifest)(?:-\d+-of-(\d+))?\.jsonl?$/;

async function findShardCount(folder: string): Promise<number> {
  const state = await readdir(join(folder, STATE_FOLDER)).catch(() => undefined);
  if (state === undefined) throw new CliError(`${folder} is not the output folder of "dataset"`);
  const counts = new Set<number>();
  for (const name of [...state, ...await readdir(folder)]) {
    const match = STATE_FILE.exec(name);
    if (match) counts.add(Number(match[1] ?? 1));
  }
  if (counts.size > 1) counts.delete(1); // of an earlier merge, from which shards take what is done
  const [count] = counts;
  if (count === undefined) throw new CliError(`${folder} is not the output folder of "dataset"`);
  if (counts.size > 1) {
    throw new CliError(
      `${folder} has runs of ${
        [...counts].join(" and of ")
      } shards: it must be one and the same for all`,
    );
  }
  return count;
}

async function verify(
  folder: string,
  { path, byteSize, sha256 }: OutputFile,
  comparesHashes: boolean,
) {
  const full = join(folder, path);
  const found = await byteSizeOf(full);
  if (found === undefined) throw new CliError(`${path} is missing: run its shard again`);
  if (found !== byteSize) {
    throw new CliError(
      `${path} has ${found} bytes, its manifest says ${byteSize}: run its shard again`,
    );
  }
  if (!comparesHashes) return;
  if (await hashOf(full) !== sha256) {
    throw new CliError(`${path} is not what its manifest says: delete it and run its shard again`);
  }
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array);
  return hash.digest("hex");
}
