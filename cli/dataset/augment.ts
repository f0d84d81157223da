/** One source through its transforms, into its outputs. */
import { join } from "node:path";
import { decodeBytes, peakOf, readBytes } from "../audio/read.ts";
import { encodeClip } from "../audio/write.ts";
import { sha256, writeAtomically } from "../files.ts";
import type { JournalRecord } from "./journal.ts";
import type { ManifestRow } from "./manifest.ts";
import type { Unit } from "./plan.ts";
import { describeDraw, type Settings, transformFor } from "./settings.ts";

/** An output in memory, and what the manifest says of it. */
export interface Augmented {
  readonly pieces: readonly Uint8Array[];
  readonly row: Omit<ManifestRow, "output">;
}

/** All copies of a source, one after another. */
export async function* augmentBytes(
  bytes: Uint8Array,
  source: string,
  settings: Settings,
): AsyncIterable<Augmented> {
  const { channels, sampleRate } = await decodeBytes(bytes);
  const peak = peakOf(channels);
  if (!Number.isFinite(peak)) throw new Error("a sample is NaN or infinite");
  for (let copy = 0; copy < settings.copies; copy++) {
    const transform = transformFor(settings, source, copy);
    const result = await transform.applyAsync(channels, sampleRate);
    const pieces = await encodeClip(result, sampleRate, settings.format);
    const frames = result[0]?.length ?? 0;
    yield {
      pieces,
      row: {
        source,
        copy,
        ...describeDraw(transform, settings),
        sampleRate,
        channels: channels.length,
        frames,
        durationSeconds: frames / sampleRate,
        peak,
        byteSize: pieces.reduce((sum, piece) => sum + piece.length, 0),
        sha256: sha256(pieces),
      },
    };
  }
}

/** Does one sound file: reads it once, writes every copy. */
export async function augmentFile(
  unit: Unit,
  folder: string,
  settings: Settings,
): Promise<JournalRecord> {
  const rows: ManifestRow[] = [];
  for await (
    const { pieces, row } of augmentBytes(await readBytes(unit.path), unit.name, settings)
  ) {
    const output = unit.outputs[row.copy] as string;
    await writeAtomically(join(folder, output), pieces);
    rows.push(orderRow({ ...row, output, ...(unit.metadata && { metadata: unit.metadata }) }));
  }
  const outputs = rows.map(({ output, byteSize, sha256 }) => ({ path: output, byteSize, sha256 }));
  return { unit: unit.name, outputs, rows };
}

/** What people look for first comes first. */
export function orderRow({ source, output, ...rest }: ManifestRow): ManifestRow {
  return { source, output, ...rest };
}
