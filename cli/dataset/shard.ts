/** Which part of the work is this process's. */
import { createHash } from "node:crypto";
import { usageError } from "../errors.ts";

/** Part `index` (from 0) of `count`. */
export interface Shard {
  readonly index: number;
  readonly count: number;
  /** Who said so, for messages. */
  readonly source?: string;
}

export const WHOLE: Shard = { index: 0, count: 1 };

type Environment = Record<string, string | undefined>;

/** The shard that was asked for, by options or by the cluster's environment. */
export function chooseShard(
  options: { shard?: string | false; shards?: number },
  environment: Environment,
): Shard {
  if (options.shard === false) return WHOLE;
  if (options.shard !== undefined) return parseShard(options.shard);
  return fromSlurm(environment, options.shards) ?? fromKubernetes(environment, options.shards) ??
    alone(options.shards);
}

function alone(count: number | undefined): Shard {
  if (count === undefined || count === 1) return WHOLE;
  throw usageError(
    `--shards ${count} says how many there are, but nothing says which one this is: ` +
      "use --shard I/N, or run it as a SLURM array or a Kubernetes indexed job",
  );
}

function parseShard(text: string): Shard {
  const match = /^(\d+)\/(\d+)$/.exec(text);
  return checkShard(Number(match?.[1] ?? NaN), Number(match?.[2] ?? NaN), `--shard ${text}`);
}

function checkShard(index: number, count: number, source: string): Shard {
  if (Number.isInteger(index) && index >= 0 && index < count) return { index, count, source };
  throw usageError(`${source} is no shard: use I/N with I from 0 to N - 1, for example 0/4`);
}

function fromSlurm(environment: Environment, shards: number | undefined): Shard | undefined {
  const number = (name: string, otherwise: number) =>
    Number(environment[`SLURM_ARRAY_TASK_${name}`] ?? otherwise);
  const [id, count] = [number("ID", NaN), number("COUNT", NaN)];
  if (Number.isNaN(id)) return undefined;
  const source = `SLURM_ARRAY_TASK_ID=${id}`;
  // Some tasks of an array once more, say --array=2, are counted as an array of their own.
  if (shards !== undefined) return checkShard(id, shards, source);
  if (Number.isNaN(count)) return undefined;
  // An array may start anywhere and have a step: --array=1-4, --array=0-30:10.
  const [first, step] = [number("MIN", 0), number("STEP", 1)];
  const last = first + (count - 1) * step;
  if (number("MAX", last) !== last) {
    throw usageError(
      "the SLURM array has gaps, so which shard this is can't be told: use a range, " +
        "as --array=0-3, or give --shards N, which makes task I shard I of N",
    );
  }
  return checkShard((id - first) / step, count, source);
}

function fromKubernetes(environment: Environment, shards: number | undefined): Shard | undefined {
  const index = environment["JOB_COMPLETION_INDEX"];
  if (index === undefined) return undefined;
  const source = `JOB_COMPLETION_INDEX=${index}`;
  const count = shards ?? Number(environment["JOB_COMPLETIONS"] ?? NaN);
  if (Number.isNaN(count)) {
    throw usageError(
      `${source} is set, but Kubernetes doesn't say how many there are: ` +
        "give --shards N (the job's completions), or --no-shard to do everything here",
    );
  }
  return checkShard(Number(index), count, source);
}

/** Whether a piece of work is the shard's: by its name alone, whatever else there is. */
export function isInShard(name: string, shard: Shard): boolean {
  if (shard.count === 1) return true;
  return createHash("sha256").update(name).digest().readUInt32LE(0) % shard.count === shard.index;
}

/** `-I-of-N`, or nothing for the whole. */
export function shardSuffix({ index, count }: Shard): string {
  return count === 1 ? "" : `-${index}-of-${count}`;
}
