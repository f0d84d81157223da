/** What decides the output of a run, so that a later run goes on only with the same. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Buffer } from "node:buffer";
import { Mp3Compression, type Mp3CompressionOptions } from "../../transform.ts";
import type { Coding } from "../audio/code.ts";
import type { OutputFormat } from "../audio/write.ts";
import { usageError } from "../errors.ts";
import { writeAtomically } from "../files.ts";

/** Everything but the sources and the shard. */
export interface Settings {
  readonly compression: Mp3CompressionOptions;
  readonly copies: number;
  readonly seed: number;
  readonly format: OutputFormat;
  readonly channelGroups: "pairs" | "singles";
  /** How many sources go into one tar shard; undefined: into files of their own. */
  readonly tarSize?: number;
  /** The column of Parquet files that holds the audio; undefined: the one that looks like it. */
  readonly audioColumn?: string;
}

/** Where the tool keeps what is not data. */
export const STATE_FOLDER = ".mp3-augment";

const transforms = new WeakMap<Settings, Mp3Compression>();

/**
 * How one copy of one source is coded; undefined where it stays as it is. The draw goes by the run's
 * seed and the source's own name, so that order, shards and neighbours don't matter.
 */
export function drawCoding(
  settings: Settings,
  name: string,
  copy: number,
  { sampleRate, channelCount }: { sampleRate: number; channelCount: number },
): Coding | undefined {
  let transform = transforms.get(settings);
  transform ??= new Mp3Compression({ ...settings.compression, seed: settings.seed });
  transforms.set(settings, transform);
  const isPair = channelCount > 1 && settings.channelGroups === "pairs";
  const { shouldApply, ...coding } = transform.parametersFor(
    name,
    copy,
    sampleRate,
    isPair ? 2 : 1,
  );
  return shouldApply ? coding : undefined;
}

/** Where a folder's settings are. */
export function settingsPath(folder: string): string {
  return join(folder, STATE_FOLDER, "run.json");
}

/** Claims the output folder for these settings, or finds that another run has it. */
export async function claimFolder(folder: string, settings: Settings): Promise<void> {
  const path = settingsPath(folder);
  const text = `${JSON.stringify(settings, null, 2)}\n`;
  const found = await readFile(path, "utf8").catch(() => undefined);
  // Shards may start at once: each writes under a name of its own.
  if (found === undefined) await writeAtomically(path, [Buffer.from(text)]);
  if (found === undefined || found === text) return;
  throw usageError(
    `${folder} holds a run with other settings (${differences(parsed(found, path), settings)}): ` +
      "use another folder, or delete this one",
  );
}

function parsed(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw usageError(`${path} is damaged: delete it to go on with these settings`);
  }
}

/** The names of settings that differ, with both values. */
function differences(old: unknown, now: unknown): string {
  const before = flatten(old);
  const after = flatten(now);
  const names = [...new Set([...before.keys(), ...after.keys()])];
  return names.filter((name) => before.get(name) !== after.get(name))
    .map((name) => `${name} ${before.get(name) ?? "unset"}, now ${after.get(name) ?? "unset"}`)
    .join("; ");
}

function flatten(value: unknown, name = ""): Map<string, string> {
  if (typeof value !== "object" || value === null) return new Map([[name, JSON.stringify(value)]]);
  return new Map(Object.entries(value).flatMap(([key, inner]) => [...flatten(inner, key)]));
}
