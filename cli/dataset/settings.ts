/** What decides the output of a run, so that a later run goes on only with the same. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Buffer } from "node:buffer";
import { Mp3Compression, type Mp3CompressionOptions } from "../../transform.ts";
import type { OutputFormat } from "../audio/write.ts";
import { usageError } from "../errors.ts";
import { writeAtomically } from "../files.ts";

/** Everything but the sources and the shard. */
export interface Settings {
  readonly compression: Mp3CompressionOptions;
  readonly copies: number;
  readonly seed: number;
  readonly format: OutputFormat;
}

/** Where the tool keeps what is not data. */
export const STATE_FOLDER = ".mp3-augment";

/**
 * The transform of one copy of one source. Its seed comes from the run's seed and the source's own
 * name, so that order, shards and neighbours don't matter.
 */
export function transformFor(settings: Settings, source: string, copy: number): Mp3Compression {
  const digest = createHash("sha256").update(`${settings.seed}\0${source}\0${copy}`).digest();
  return new Mp3Compression({ ...settings.compression, seed: digest.readInt32LE(0) });
}

/** What a row of the manifest says about a draw. */
export function describeDraw(
  transform: Mp3Compression,
  settings: Settings,
): { applied: boolean; parameters: Record<string, unknown> | null } {
  const { shouldApply, ...drawn } = transform.parameters ?? { shouldApply: false };
  if (!shouldApply) return { applied: false, parameters: null };
  const { quality = 7, preserveDelay = false } = settings.compression;
  return { applied: true, parameters: { ...drawn, quality, preserveDelay } };
}

/** Claims the output folder for these settings, or finds that another run has it. */
export async function claimFolder(folder: string, settings: Settings): Promise<void> {
  const path = join(folder, STATE_FOLDER, "run.json");
  const text = `${JSON.stringify(settings, null, 2)}\n`;
  const found = await readFile(path, "utf8").catch(() => undefined);
  if (found === undefined) return await writeAtomically(path, [Buffer.from(text)]);
  if (found === text) return;
  throw usageError(
    `${folder} holds a run with other settings (${differences(JSON.parse(found), settings)}): ` +
      "use another folder, or delete this one",
  );
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
