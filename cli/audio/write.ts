/** Audio as the bytes of a file. */
import type { Scratch } from "./scratch.ts";
import { createFlacWriter } from "./flac.ts";
import { type SampleFormat, wavBytes, wavHeader } from "./wav.ts";

/** What a file is written as. */
export interface OutputFormat {
  readonly container: "wav" | "flac";
  readonly samples: SampleFormat;
}

/** A whole clip as the pieces of a file; they may lie in the scratch memory. */
export async function encodeClip(
  channels: readonly Float32Array[],
  sampleRate: number,
  format: OutputFormat,
  scratch?: Scratch,
): Promise<Uint8Array[]> {
  const frameCount = channels[0]?.length ?? 0;
  if (format.container === "wav") {
    const header = wavHeader(sampleRate, channels.length, format.samples, frameCount);
    const data = wavBytes(channels, format.samples, scratch);
    return data.length % 2 ? [header, data, new Uint8Array(1)] : [header, data];
  }
  const writer = await createFlacWriter(sampleRate, channels.length, format.samples, frameCount);
  const body = writer.write(channels);
  return [body, writer.finish()];
}
