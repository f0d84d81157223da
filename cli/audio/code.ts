/** Sources through MP3: short ones at once on the library's threads, long ones as streams. */
import type { RateControl } from "../../mod.ts";
import { anyOutputFrameCount, compressAnyAudioAsync, compressAnyBlocks } from "../../transform.ts";
import type { Source } from "./source.ts";
import type { AudioBlocks } from "./write.ts";

/** How audio is encoded. */
export type Encoding = RateControl & {
  readonly quality: number;
  readonly stereoMode: "stereo" | "joint";
  readonly bitReservoir: boolean;
  readonly lowpassHz?: number | "off";
};

/** How a source goes through MP3. */
export type Coding = Encoding & {
  readonly preserveDelay: boolean;
  readonly preserveLevel: boolean;
};

/** How a source's channels are coded, and whether its samples are needed again afterwards. */
export interface CodeOptions {
  readonly channelGroups: "pairs" | "singles";
  /** Whether the source's memory may be written over. */
  readonly isLastUse: boolean;
  /** Ends long files early. */
  readonly signal?: AbortSignal;
}

/** A source's audio after the round trip; `undefined` leaves it as it is. */
export async function codeSource(
  source: Source,
  coding: Coding | undefined,
  options: CodeOptions,
): Promise<AudioBlocks> {
  const { sampleRate, channelCount, frameCount, peaks, clip } = source;
  const { channelGroups, isLastUse, signal } = options;
  const form = { sampleRate, channelCount };
  if (coding === undefined) {
    return { ...form, frameCount, blocks: untilAborted(source.blocks(), signal) };
  }
  if (clip !== undefined) {
    const extras = { sampleRate, channelGroups, inPlace: isLastUse };
    const result = await compressAnyAudioAsync(clip, { ...coding, ...extras });
    return { ...form, frameCount: result[0]?.length ?? 0, blocks: onlyBlock(result) };
  }
  const streaming = { ...coding, ...form, channelGroups, frameCount, peaks };
  return {
    ...form,
    frameCount: anyOutputFrameCount(streaming),
    blocks: compressAnyBlocks(untilAborted(source.blocks(), signal), streaming),
  };
}

async function* onlyBlock<T>(block: T): AsyncIterable<T> {
  yield block;
}

async function* untilAborted<T>(
  blocks: AsyncIterable<T>,
  signal: AbortSignal | undefined,
): AsyncIterable<T> {
  for await (const block of blocks) {
    signal?.throwIfAborted();
    yield block;
  }
}
