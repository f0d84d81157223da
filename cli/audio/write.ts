/** Audio as the bytes of a file. */
import { createFlacWriter } from "./flac.ts";
import type { Scratch } from "./scratch.ts";
import { type SampleFormat, wavBytes, wavHeader } from "./wav.ts";

/** What a file is written as. */
export interface OutputFormat {
  readonly container: "wav" | "flac";
  readonly samples: SampleFormat;
}

/** Audio in blocks, and what is known of it beforehand. */
export interface AudioBlocks {
  readonly sampleRate: number;
  readonly channelCount: number;
  readonly frameCount: number;
  readonly blocks: AsyncIterable<readonly Float32Array[]>;
  /** All of it as 16-bit samples, channels interleaved, where no more than these are known. */
  readonly pcm16?: Int16Array;
}

/**
 * The pieces of a file, in order. A piece lies in the scratch memory: it counts until the next one is
 * asked for.
 */
export async function* encodeBlocks(
  audio: AudioBlocks,
  format: OutputFormat,
  scratch?: Scratch,
): AsyncIterable<Uint8Array> {
  const { sampleRate, channelCount, frameCount, blocks, pcm16 } = audio;
  if (format.container === "flac") {
    const writer = await createFlacWriter(sampleRate, channelCount, format.samples, frameCount);
    try {
      for await (const block of blocks) yield writer.write(block);
      yield writer.finish();
    } finally {
      writer.free();
    }
    return;
  }
  const header = wavHeader(sampleRate, channelCount, format.samples, frameCount);
  yield header;
  if (pcm16 && format.samples === "16") {
    yield new Uint8Array(pcm16.buffer, pcm16.byteOffset, pcm16.byteLength);
    return;
  }
  let byteSize = 0;
  for await (const block of blocks) {
    const bytes = wavBytes(block, format.samples, scratch);
    byteSize += bytes.length;
    yield bytes;
  }
  if (byteSize % 2 === 1) yield new Uint8Array(1);
}
