/** Many shards' journals as the one that a single machine would have written. */
import { createHash } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { CliError } from "../errors.ts";
import { byteSizeOf } from "../files.ts";
import { Journal, type OutputFile, readLines, writeLines } from "./journal.ts";
import { journalPath, manifestLines, manifestPath } from "./run.ts";
import { STATE_FOLDER } from "./settings.ts";
import { WHOLE } from "./shard.ts";

/** What was joined. */
export interface MergeResult {
  readonly shards: number;
  readonly files: number;
  readonly outputs: number;
  readonly manifest: string;
}

/** Verifies all outputs and joins the manifests. */
export async function mergeShards(folder: string, comparesHashes: boolean): Promise<MergeResult> {
  const count = await findShardCount(folder);
  const shards = Array.from({ length: count }, (_, index) => ({ index, count }));
  const missing = shards.filter((shard) => !existsSync(manifestPath(folder, shard)));
  if (missing.length > 0) {
    const names = missing.map(({ index }) => `${index}/${count}`).join(", ");
    throw new CliError(`shards have not finished: ${names}. Run them, again if need be`);
  }
  const owners = new Map<string, number>();
  let outputCount = 0;
  for (const shard of shards) {
    for await (const { record } of readLines(journalPath(folder, shard))) {
      const other = owners.get(record.unit);
      if (other !== undefined) {
        throw new CliError(`${record.unit} is in shard ${other} and in shard ${shard.index}`);
      }
      owners.set(record.unit, shard.index);
      for (const output of record.outputs) await verify(folder, output, comparesHashes);
      outputCount += record.outputs.length;
    }
  }
  const units = [...owners.keys()].sort();
  const journals = await Promise.all(
    shards.map((shard) => Journal.open(journalPath(folder, shard))),
  );
  const records = function* () {
    for (const unit of units) {
      const record = journals[owners.get(unit) as number]?.get(unit);
      if (record) yield record;
    }
  };
  const manifest = manifestPath(folder, WHOLE);
  await writeLines(journalPath(folder, WHOLE), jsonLines(records()));
  await writeLines(manifest, manifestLines(records()));
  journals.forEach((journal) => journal.close());
  for (const shard of shards) {
    if (count === 1) break;
    await rm(manifestPath(folder, shard));
    await rm(journalPath(folder, shard));
  }
  return { shards: count, files: units.length, outputs: outputCount, manifest };
}

function* jsonLines(values: Iterable<unknown>): Iterable<string> {
  for (const value of values) yield `${JSON.stringify(value)}\n`;
}

async function findShardCount(folder: string): Promise<number> {
  const names = await readdir(join(folder, STATE_FOLDER)).catch(() => []);
  const counts = new Set<number>();
  for (const name of names) {
    const match = /^journal(?:-\d+-of-(\d+))?\.jsonl$/.exec(name);
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
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(full)) hash.update(chunk as Uint8Array);
  if (hash.digest("hex") !== sha256) {
    throw new CliError(`${path} is not what its manifest says: delete it and run its shard again`);
  }
}
