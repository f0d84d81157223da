/** The round trip for audio that MP3 has no form for: other sample rates, more channels. */
import { Mp3AugmentError, show } from "../ffi/errors.ts";
import { type Audio, checkNotNumbers } from "./audio.ts";
import { nearestSampleRate } from "./constants.ts";
import { checkObject, namesOf } from "./option-names.ts";
import {
  type Abortable,
  ABORTABLE_NAMES,
  checkBoolean,
  checkExtras,
  checkOptions,
  checkSignal,
  CODING_NAMES,
  type CodingOptions,
  DRAWN_NAMES,
  type DrawnOptions,
  EXTRAS_NAMES,
  type RateControl,
  type RoundtripExtras,
  type RoundtripThreads,
} from "./options.ts";
import { checkResampledRate, resample, resampleTo } from "./resample.ts";
import { checkCall, runCall, runNow } from "./roundtrip.ts";

/** How audio of any kind goes through the codec. */
export type AnyAudioOptions =
  & Omit<CodingOptions, "channels">
  & RateControl
  & RoundtripExtras
  & AnyAudioExtras
  & DrawnOptions;

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

const NAMES = [
  ...CODING_NAMES.filter((name) => name !== "channels"),
  ...EXTRAS_NAMES,
  ...namesOf<AnyAudioExtras>({ channelGroups: true, inPlace: true }),
  ...DRAWN_NAMES,
];
const SYNC_NAMES = [...NAMES, ...namesOf<RoundtripThreads>({ threads: true })];
const ASYNC_NAMES = [...NAMES, ...ABORTABLE_NAMES];

/**
 * `compressRoundtrip` for any number of channels and any sample rate from 1 to 768 kHz. Audio that
 * MP3 has no rate for is resampled to the next higher one (or to 48 kHz) and back; the length stays.
 *
 * @param samples mono as one array, or one array per channel
 * @param options how to code
 * @returns new audio in the same form, or the samples themselves with `inPlace`
 *
 * @example
 * ```ts
 * import { compressAnyAudio } from "@mp3-augment/mp3-augment/transform";
 *
 * const surround = Array.from({ length: 6 }, () => new Float32Array(96000));
 * const degraded = compressAnyAudio(surround, { sampleRate: 96000, bitrateKbps: 128 });
 * console.log(degraded.length, degraded[0]?.length); // 6 96000
 * ```
 */
export function compressAnyAudio(
  samples: Float32Array,
  options: AnyAudioOptions & RoundtripThreads,
): Float32Array;
/** Channel by channel. */
export function compressAnyAudio(
  samples: readonly Float32Array[],
  options: AnyAudioOptions & RoundtripThreads,
): Float32Array[];
/** Either form. */
export function compressAnyAudio(
  samples: Audio,
  options: AnyAudioOptions & RoundtripThreads,
): Audio;
export function compressAnyAudio(
  samples: Audio,
  options: AnyAudioOptions & RoundtripThreads,
): Audio {
  const call = prepare(samples, checkObject(options, SYNC_NAMES));
  const results = call.groups.map(({ channels, options }) => runNow(checkCall(channels, options)));
  return assemble(call, results);
}

/**
 * {@linkcode compressAnyAudio} in the background; with `inPlace` leave the samples alone meanwhile.
 *
 * @example
 * ```ts
 * import { compressAnyAudioAsync } from "@mp3-augment/mp3-augment/transform";
 *
 * const options = { sampleRate: 20000, bitrateKbps: 32 };
 * const degraded = await compressAnyAudioAsync(new Float32Array(20000), options);
 * console.log(degraded.length); // 20000
 * ```
 */
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
  return await compressInBackground(samples, checkObject(options, ASYNC_NAMES));
}

/** {@linkcode compressAnyAudioAsync} with checked names. `oneThread`: leave other cores alone. */
export async function compressInBackground(
  samples: Audio,
  { signal: given, ...options }: Record<string, unknown>,
  oneThread = false,
): Promise<Audio> {
  const signal = checkSignal({ signal: given });
  const call = prepare(samples, options);
  signal?.throwIfAborted();
  const checked = call.groups.map(({ channels, options }) =>
    checkCall(channels, options, oneThread)
  );
  return assemble(call, await Promise.all(checked.map((group) => runCall(group, signal))));
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
  readonly options: Record<string, unknown>;
}

function prepare(samples: Audio, options: Record<string, unknown>): Call {
  const { channelGroups = "pairs", inPlace = false, ...coding } = options;
  const { sampleRate } = coding;
  const { preserveDelay } = checkExtras(coding);
  const mayBeInput = checkBoolean(inPlace, "inPlace") && !preserveDelay;
  checkResampledRate(sampleRate, "sampleRate");
  checkGroups(channelGroups);
  if (Array.isArray(samples)) checkNotNumbers(samples, "samples");
  const codedRate = nearestSampleRate(sampleRate);
  const { shouldApply } = checkOptions({ ...coding, sampleRate: codedRate });
  if (!shouldApply) return { samples, sampleRate, codedRate, preserveDelay, groups: [] };
  const isDirect = codedRate === sampleRate;
  const channels = Array.isArray(samples) ? samples as Float32Array[] : [samples as Float32Array];
  const grouped = groupChannels(channels, channelGroups);
  checkGroupsDelay(grouped, coding);
  const groups = grouped.map((group) => ({
    channels: isDirect ? group : group.map((channel) => resample(channel, sampleRate, codedRate)),
    options: {
      ...coding,
      sampleRate: codedRate,
      ...(isDirect && mayBeInput && { out: group }),
    },
  }));
  return { samples, sampleRate, codedRate, preserveDelay, groups };
}

/**
 * The channels that go into one MP3 stream each.
 *
 * @param channels anything per channel, such as its samples or its number
 * @param groups how more than two are coded: two by two, or each alone
 *
 * @example
 * ```ts
 * import { groupChannels } from "@mp3-augment/mp3-augment/transform";
 *
 * console.log(groupChannels(["FL", "FR", "C"], "pairs").join(" | ")); // FL,FR | C
 * ```
 */
export function groupChannels<T>(channels: readonly T[], groups: "pairs" | "singles"): T[][] {
  const size = groups === "pairs" || channels.length <= 2 ? 2 : 1;
  return Array.from(
    { length: Math.ceil(channels.length / size) },
    (_, index) => channels.slice(index * size, index * size + size),
  );
}

function assemble(call: Call, audio: readonly Audio[]): Audio {
  const results = audio as readonly Float32Array[][]; // in the form of each group's channels
  const { samples, sampleRate, codedRate, preserveDelay } = call;
  if (call.groups.length === 0) return samples; // it is to be left alone, or has no channels
  const isFlat = !Array.isArray(samples);
  const frameCount = (isFlat ? samples : samples[0])?.length ?? 0;
  const back = (channel: Float32Array) =>
    preserveDelay
      ? resample(channel, codedRate, sampleRate)
      : resampleTo(channel, codedRate, sampleRate, frameCount);
  const channels = codedRate === sampleRate ? results.flat() : results.flat().map(back);
  return isFlat ? channels[0] as Float32Array : channels;
}

/** LAME may choose other rates for pairs and singles: with the delay, these come out unequally long. */
export function checkGroupsDelay(
  groups: readonly (readonly unknown[])[],
  { codedSampleRate, preserveDelay = false }: Record<string, unknown>,
): void {
  const areAlike = groups.every(({ length }) => length === groups[0]?.length);
  if (areAlike || codedSampleRate !== "auto" || preserveDelay !== true) return;
  throw new Mp3AugmentError(
    "INVALID_OPTION",
    'codedSampleRate "auto" may be another one for a pair of channels and for a single one, which ' +
      'preserveDelay makes unequally long: give a number, or channelGroups "singles"',
  );
}

/** Checks what is done with more than two channels. */
export function checkGroups(value: unknown): asserts value is "pairs" | "singles" {
  if (value === "pairs" || value === "singles") return;
  throw new Mp3AugmentError(
    "INVALID_OPTION",
    `channelGroups is ${show(value)}; it must be "pairs" or "singles"`,
  );
}
