/** One source through its transforms, into its outputs. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { codeSource } from "../audio/code.ts";
import type { Scratch } from "../audio/scratch.ts";
import { openSource, type Source } from "../audio/source.ts";
import { encodeBlocks } from "../audio/write.ts";
import { writeAtomically, type Written } from "../files.ts";
import type { JournalRecord, OutputFile } from "./journal.ts";
import { makeRows, type ManifestRow } from "./manifest.ts";
import type { Task } from "./plan.ts";
import { drawCoding, type Settings } from "./settings.ts";

/** What a source becomes, and for whom. */
export interface Job {
  readonly settings: Settings;
  /** Memory that no other job uses at the same time. */
  readonly scratch: Scratch;
  readonly signal: AbortSignal;
  /** How many threads may code: with 1 it is the calling one. Default: all cores. */
  readonly threads?: number;
}

/** Some of a source's copies: from one to the one before another. */
export interface CopyRange {
  readonly from: number;
  readonly to: number;
}

/** One copy of a source: a file's pieces, and what the manifest will say about it. */
export interface Copy {
  readonly pieces: AsyncIterable<Uint8Array>;
  readonly row: Omit<ManifestRow, "output" | keyof Written>;
}

/** Copies of a source, one after another; take a copy's pieces before the next copy. */
export async function* makeCopies(
  source: Source,
  name: string,
  job: Job,
  { from, to }: CopyRange = { from: 0, to: job.settings.copies },
): AsyncIterable<Copy> {
  const { settings, scratch, signal, threads } = job;
  for (let copy = from; copy < to; copy++) {
    const coding = drawCoding(settings, name, copy, source);
    const audio = await codeSource(source, coding, {
      channelGroups: settings.channelGroups,
      isLastUse: copy === to - 1,
      format: settings.format,
      scratch,
      signal,
      ...(threads && { threads }),
    });
    yield {
      pieces: encodeBlocks(audio, settings.format, scratch),
      row: {
        source: name,
        copy,
        applied: coding !== undefined,
        parameters: coding ?? null,
        sampleRate: audio.sampleRate,
        channels: audio.channelCount,
        frames: audio.frameCount,
        durationSeconds: audio.frameCount / audio.sampleRate,
        peak: Math.max(...source.peaks),
      },
    };
  }
}

/**
 * Makes copies of one sound file: reads it once if it is short, writes each copy, which grows under
 * the name `partial`. If one fails, those before it go.
 */
export async function augmentFile(
  { unit, outputs: paths, partial, ...range }: Task,
  folder: string,
  job: Job,
): Promise<JournalRecord> {
  const { scratch, signal } = job;
  const rows: ManifestRow[] = [];
  const outputs: OutputFile[] = [];
  try {
    const source = await openSource(unit.path, { scratch, signal, onlyFiles: true });
    for await (const { pieces, row } of makeCopies(source, unit.name, job, range)) {
      const output = paths[row.copy - range.from] as string;
      const written = await writeAtomically(join(folder, output), pieces, { partial });
      outputs.push({ path: output, ...written });
      rows.push(...makeRows({ ...row, output, ...written }, unit.metadata));
    }
  } catch (error) {
    for (const { path } of outputs) await rm(join(folder, path), { force: true });
    throw error;
  }
  return { unit: unit.name, outputs, rows };
}
