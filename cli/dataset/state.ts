/** What a run keeps in `DST/.mp3-augment/` and beside it: one place for the names, and the plan. */
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeLines } from "../files.ts";
import { ownPartialName } from "./journal.ts";
import { type Shard, shardSuffix } from "./shard.ts";
import { STATE_FOLDER } from "./settings.ts";

/** Where a shard's journal is. */
export function journalPath(folder: string, shard: Shard): string {
  return join(folder, STATE_FOLDER, `journal${shardSuffix(shard)}.jsonl`);
}

/** Where a shard's lock is. */
export function lockPath(folder: string, shard: Shard): string {
  return join(folder, STATE_FOLDER, `lock${shardSuffix(shard)}`);
}

/** Where it is written what a shard had to do. */
export function planPath(folder: string, shard: Shard): string {
  return join(folder, STATE_FOLDER, `plan${shardSuffix(shard)}.json`);
}

/** Where a shard's manifest is. */
export function manifestPath(folder: string, shard: Shard): string {
  return join(folder, `manifest${shardSuffix(shard)}.jsonl`);
}

/** The journals and manifests of all shards and of the whole. */
export async function findRecords(folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const place of [join(folder, STATE_FOLDER), folder]) {
    const names = await readdir(place).catch(() => []);
    const records = names.filter((name) => /^(journal|manifest)(-\d+-of-\d+)?\.jsonl$/.test(name));
    found.push(...records.map((name) => join(place, name)));
  }
  return found;
}

/** A set of units, told by their number and a hash of their names. */
export interface UnitSet {
  readonly units: number;
  readonly sha256: string;
}

/** What a run had to do. */
export interface PlanFile {
  /** All shards together. */
  readonly whole: UnitSet;
  /** This one. */
  readonly part: UnitSet;
}

/** The set of these names, which are sorted. */
export function unitSetOf(names: Iterable<string>): UnitSet {
  const hash = createHash("sha256");
  let units = 0;
  for (const name of names) {
    hash.update(`${JSON.stringify(name)}\n`);
    units++;
  }
  return { units, sha256: hash.digest("hex") };
}

/** Whether two are the same. */
export function isSameSet(a: UnitSet, b: UnitSet): boolean {
  return a.units === b.units && a.sha256 === b.sha256;
}

/** Writes down what a shard has to do. */
export async function writePlan(
  folder: string,
  shard: Shard,
  whole: readonly { readonly name: string }[],
  part: readonly { readonly name: string }[],
): Promise<void> {
  const wholeSet = unitSetOf(namesOf(whole));
  const partSet = part === whole ? wholeSet : unitSetOf(namesOf(part));
  await writePlanFile(folder, shard, { whole: wholeSet, part: partSet });
}

/** Units' names. */
export function* namesOf(units: Iterable<{ readonly name: string }>): Iterable<string> {
  for (const { name } of units) yield name;
}

/** Writes it as it is. */
export async function writePlanFile(folder: string, shard: Shard, plan: PlanFile): Promise<void> {
  const path = planPath(folder, shard);
  await writeLines(path, [`${JSON.stringify(plan)}\n`], ownPartialName(path));
}

/** What a shard had to do; undefined where that is missing or damaged. */
export async function readPlan(folder: string, shard: Shard): Promise<PlanFile | undefined> {
  try {
    const plan = JSON.parse(await readFile(planPath(folder, shard), "utf8"));
    return isUnitSet(plan.whole) && isUnitSet(plan.part) ? plan : undefined;
  } catch {
    return undefined;
  }
}

function isUnitSet(value: unknown): value is UnitSet {
  const { units, sha256 } = Object(value) as { units?: unknown; sha256?: unknown };
  return typeof units === "number" && typeof sha256 === "string";
}
