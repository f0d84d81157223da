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
  const { sampleRate, channelCount, frameCount, pcm16 } = audio;
  const blocks = exactly(frameCount, audio.blocks);
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

/** What a header says must come. */
async function* exactly<T extends readonly Float32Array[]>(
  frameCount: number,
  blocks: AsyncIterable<T>,
): AsyncIterable<T> {
  let left = frameCount;
  for await (const block of blocks) {
    left -= block[0]?.length ?? 0;
    yield block;
  }
  if (left === 0) return;
  throw new Error(`the source gave ${frameCount - left} instead of ${frameCount} samples`);
}
