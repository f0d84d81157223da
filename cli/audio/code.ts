/** Sources through MP3: short ones at once on the library's threads, long ones as streams. */
import {
  codedBitrateKbps,
  codedSampleRate,
  compressPcm16,
  compressPcm16Async,
  nearestSampleRate,
  type RateControl,
  SAMPLE_RATES,
} from "../../mod.ts";
import {
  anyOutputFrameCount,
  compressAnyAudio,
  compressAnyAudioAsync,
  compressAnyBlocks,
  groupChannels,
} from "../../transform.ts";
import type { Pcm16Clip } from "./read.ts";
import { Scratch } from "./scratch.ts";
import type { Source } from "./source.ts";
import { blockOfPcm16 } from "./wav.ts";
import type { AudioBlocks, OutputFormat } from "./write.ts";

/** How audio is encoded. */
export type Encoding = RateControl & {
  readonly quality: number;
  readonly stereoMode: "stereo" | "joint";
  readonly bitReservoir: boolean;
  readonly lowpassHz?: number | "off";
  readonly codedSampleRate?: number | "auto";
  readonly gridOffset?: number;
  readonly passes?: number;
};

/** How a source goes through MP3. */
export type Coding = Encoding & {
  readonly preserveDelay: boolean;
  readonly preserveLevel: boolean;
};

/** A source's sample rate, and how many channels go into an MP3 stream: the first one's count. */
type Form = Pick<Source, "sampleRate" | "channelCount"> & Pick<CodeOptions, "channelGroups">;

/**
 * What was asked for, and beside it what LAME codes with: 8 kbps become 32 at 44.1 kHz, and "auto"
 * one of MP3's sample rates.
 */
export function withCodedRates<T extends Encoding>(encoding: T, form: Form) {
  const { sampleRate, channelCount, channelGroups } = form;
  const [group = []] = groupChannels(Array.from({ length: channelCount }), channelGroups);
  const channels = group.length as 1 | 2;
  const rates = { ...encoding, sampleRate: nearestSampleRate(sampleRate), channels };
  const kbps = codedBitrateKbps(rates);
  return {
    ...encoding,
    ...(kbps !== undefined && { codedBitrateKbps: kbps }),
    codedSampleRate: codedSampleRate(rates),
  };
}

/** How a source's channels are coded, and what for. */
export interface CodeOptions {
  readonly channelGroups: "pairs" | "singles";
  /** Whether the source's memory may be written over. */
  readonly isLastUse: boolean;
  /** What will be written: 16-bit samples needn't become floats on the way. */
  readonly format?: OutputFormat;
  readonly scratch?: Scratch;
  /** How many threads may code: with 1 it is the calling one. Default: all cores. */
  readonly threads?: number;
  /** Ends long files early. */
  readonly signal?: AbortSignal;
}

/** A source's audio after the round trip; `undefined` leaves it as it is. */
export async function codeSource(
  source: Source,
  coding: Coding | undefined,
  options: CodeOptions,
): Promise<AudioBlocks> {
  const { sampleRate, channelCount, frameCount, peaks, pcm16 } = source;
  const { channelGroups, isLastUse, threads, signal } = options;
  const form = { sampleRate, channelCount };
  if (coding === undefined) {
    const blocks = untilAborted(source.blocks(), signal);
    return { ...form, frameCount, blocks, ...(pcm16 && { pcm16 }) };
  }
  // Between passes nothing is rounded, as long files aren't either.
  if (pcm16 !== undefined && canStayPcm16(source, options) && (coding.passes ?? 1) === 1) {
    return await codePcm16({ ...form, samples: pcm16 }, coding, options);
  }
  const { clip } = source;
  if (clip !== undefined) {
    const extras = { sampleRate, channelGroups, inPlace: isLastUse };
    const given = { ...coding, ...extras };
    const result = threads === 1
      ? compressAnyAudio(clip, { ...given, threads })
      : await compressAnyAudioAsync(clip, given);
    return { ...form, frameCount: result[0]?.length ?? 0, blocks: onlyBlock(result) };
  }
  const streaming = { ...coding, ...form, channelGroups, frameCount, peaks };
  return {
    ...form,
    frameCount: anyOutputFrameCount(streaming),
    blocks: compressAnyBlocks(untilAborted(source.blocks(), signal), streaming),
  };
}

function canStayPcm16({ sampleRate, channelCount }: Source, { format }: CodeOptions): boolean {
  return format?.container === "wav" && format.samples === "16" && channelCount <= 2 &&
    SAMPLE_RATES.includes(sampleRate);
}

async function codePcm16(
  clip: Pcm16Clip,
  coding: Coding,
  { isLastUse, threads, scratch = new Scratch() }: CodeOptions,
): Promise<AudioBlocks> {
  const { samples, sampleRate, channelCount } = clip;
  const memory = () => new Int16Array(scratch.codes(samples.byteLength), 0, samples.length);
  const given = {
    ...coding,
    sampleRate,
    channels: channelCount as 1 | 2,
    ...(!coding.preserveDelay && { out: isLastUse ? samples : memory() }),
  };
  const pcm16 = threads === 1
    ? compressPcm16(samples, { ...given, threads })
    : await compressPcm16Async(samples, given);
  return {
    sampleRate,
    channelCount,
    frameCount: pcm16.length / channelCount,
    blocks: blockOfPcm16(pcm16, channelCount, scratch),
    pcm16,
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
