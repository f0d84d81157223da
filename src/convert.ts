/** The round trip for audio that MP3 has no form for: other sample rates, more channels. */
import type { Audio } from "./audio.ts";
import { nearestSampleRate } from "./constants.ts";
import { Mp3AugmentError, show } from "../ffi/errors.ts";
import type {
  Abortable,
  CodingOptions,
  RateControl,
  RoundtripExtras,
  RoundtripOptions,
} from "./options.ts";
import { checkResampledRate, resample, resampleTo } from "./resample.ts";
import { compressRoundtrip, compressRoundtripAsync } from "./roundtrip.ts";

/** How audio of any kind goes through the codec. */
export type AnyAudioOptions =
  & Omit<CodingOptions, "channels">
  & RateControl
  & RoundtripExtras
  & AnyAudioExtras;

/** What only audio of any kind has. */
export interface AnyAudioExtras {
  /**
   * What to do with more than two channels: code them as stereo pairs (an odd last one as mono), or
   * each as mono. Default `"pairs"`.
   */
  channelGroups?: "pairs" | "singles";
  /** Whether the result may be written over the samples, which saves memory. Default `false`. */
  inPlace?: boolean;
}

/**
 * `compressRoundtrip` for any number of channels and any sample rate from 1 to 768 kHz. Audio that
 * MP3 has no rate for is resampled to the next higher one (or to 48 kHz) and back; the length stays.
 *
 * @param samples mono as one array, or one array per channel
 * @param options how to code
 * @returns new audio in the same form, or the samples themselves with `inPlace`
 */
export function compressAnyAudio(samples: Float32Array, options: AnyAudioOptions): Float32Array;
/** Channel by channel. */
export function compressAnyAudio(
  samples: readonly Float32Array[],
  options: AnyAudioOptions,
): Float32Array[];
/** Either form. */
export function compressAnyAudio(samples: Audio, options: AnyAudioOptions): Audio;
export function compressAnyAudio(samples: Audio, options: AnyAudioOptions): Audio {
  const call = prepare(samples, options);
  return assemble(
    call,
    call.groups.map(({ channels, options }) => compressRoundtrip(channels, options)),
  );
}

/** {@linkcode compressAnyAudio} in the background; with `inPlace` leave the samples alone meanwhile. */
export function compressAnyAudioAsync(
  samples: Float32Array,
  options: AnyAudioOptions & Abortable,
): Promise<Float32Array>;
/** Channel by channel. */
export function compressAnyAudioAsync(
  samples: readonly Float32Array[],
  options: AnyAudioOptions & Abortable,
): Promise<Float32Array[]>;
/** Either form. */
export function compressAnyAudioAsync(
  samples: Audio,
  options: AnyAudioOptions & Abortable,
): Promise<Audio>;
export async function compressAnyAudioAsync(
  samples: Audio,
  options: AnyAudioOptions & Abortable,
): Promise<Audio> {
  const call = prepare(samples, options);
  const calls = call.groups.map(({ channels, options }) =>
    compressRoundtripAsync(channels, options)
  );
  return assemble(call, await Promise.all(calls));
}

/** A call that was taken apart. */
interface Call {
  readonly samples: Audio;
  readonly sampleRate: number;
  readonly codedRate: number;
  readonly preserveDelay: boolean;
  readonly groups: readonly Group[];
}

/** The channels of one MP3 stream, and how it is coded. */
interface Group {
  readonly channels: readonly Float32Array[];
  readonly options: RoundtripOptions & Abortable;
}

function prepare(samples: Audio, options: AnyAudioOptions & Abortable): Call {
  const { channelGroups = "pairs", inPlace = false, ...coding } = options;
  const { sampleRate, preserveDelay = false } = coding;
  checkResampledRate(sampleRate, "sampleRate");
  checkGroups(channelGroups);
  const codedRate = nearestSampleRate(sampleRate);
  const isDirect = codedRate === sampleRate;
  const channels = Array.isArray(samples) ? samples as Float32Array[] : [samples as Float32Array];
  const groups = groupChannels(channels, channelGroups).map((group) => ({
    channels: isDirect ? group : group.map((channel) => resample(channel, sampleRate, codedRate)),
    options: {
      ...coding,
      sampleRate: codedRate,
      ...(isDirect && inPlace && !preserveDelay && { out: group }),
    },
  }));
  return { samples, sampleRate, codedRate, preserveDelay, groups };
}

/** The channels that go into one MP3 stream each. */
export function groupChannels<T>(channels: readonly T[], groups: "pairs" | "singles"): T[][] {
  const size = groups === "pairs" || channels.length <= 2 ? 2 : 1;
  return Array.from(
    { length: Math.ceil(channels.length / size) },
    (_, index) => channels.slice(index * size, index * size + size),
  );
}

function assemble(call: Call, results: readonly Float32Array[][]): Audio {
  const { samples, sampleRate, codedRate, preserveDelay } = call;
  const isFlat = !Array.isArray(samples);
  const frameCount = (isFlat ? samples : samples[0])?.length ?? 0;
  const back = (channel: Float32Array) =>
    preserveDelay
      ? resample(channel, codedRate, sampleRate)
      : resampleTo(channel, codedRate, sampleRate, frameCount);
  const channels = codedRate === sampleRate ? results.flat() : results.flat().map(back);
  return isFlat ? channels[0] as Float32Array : channels;
}

function checkGroups(value: unknown): asserts value is "pairs" | "singles" {
  if (value === "pairs" || value === "singles") return;
  throw new Mp3AugmentError(
    "INVALID_OPTION",
    `channelGroups is ${show(value)}; it must be "pairs" or "singles"`,
  );
}
