import type { Audio } from "./audio.ts";
import { BITRATES_KBPS, MAX_PASSES, SAMPLE_RATES } from "./constants.ts";
import { type ErrorCode, Mp3AugmentError, show } from "../ffi/errors.ts";
import { CODED_RATE_AUTO, LOWPASS_OFF, type RATE_CONTROLS } from "../ffi/symbols.ts";
import { namesOf } from "./option-names.ts";

/** How a clip is coded, but for the bitrate. */
export interface CodingOptions {
  /** The audio's sample rate in Hz: one of {@linkcode SAMPLE_RATES}. */
  sampleRate: number;
  /** LAME's quality, an integer from 0 (best, slow) to 9 (fast). Default 7. */
  quality?: number;
  /**
   * `"stereo"` (default) codes left and right each by itself; `"joint"` codes
   * their sum and difference where LAME finds that better. No effect on mono.
   */
  stereoMode?: "stereo" | "joint";
  /**
   * Whether MP3 frames may borrow bits that earlier ones left over, as in most
   * MP3 files. Default `false`.
   */
  bitReservoir?: boolean;
  /**
   * The frequency above which nothing is coded: an integer number of Hz up to
   * half the sample rate (the lower of both, with `codedSampleRate`), or `"off"`. Default: LAME's
   * choice for the bitrate.
   */
  lowpassHz?: number | "off";
  /**
   * The sample rate that LAME codes at, in Hz: one of {@linkcode SAMPLE_RATES}, or `"auto"`, LAME's
   * own choice for the bitrate, as its command line makes it ({@linkcode codedSampleRate} tells
   * which). LAME's resampler leads to it, and a round trip leads back, aligned. Real files of low
   * bitrates are coded so: 44.1 kHz go down to 8 kbps. Default: `sampleRate`.
   */
  codedSampleRate?: number | "auto";
  /**
   * How many samples into an MP3 frame the clip begins: an integer from 0 to one MP3 frame less
   * one sample ({@linkcode maxGridOffset}). As if so many zeros were coded before the clip and cut
   * off again; of a file that `encodeMp3` writes, the tag tells decoders to. A crop of a real file
   * hardly ever begins on a frame's border. Default 0.
   */
  gridOffset?: number;
  /**
   * How many times the clip goes through encoder and decoder, an integer from 1 to 10: what comes
   * out is that of so many calls, each with the result of the one before. `encodeMp3` writes the
   * file of the last one. Default 1.
   */
  passes?: number;
  /**
   * How many channels one flat `Float32Array` holds, 1 or 2, the left one first
   * and then the right. Default 1. For arrays of channels it is not needed.
   */
  channels?: 1 | 2;
}

/** CBR: every second takes as many bits. */
export interface ConstantBitrate {
  /**
   * The constant bitrate in kbps: one of {@linkcode BITRATES_KBPS}. Where MPEG
   * has no such bitrate at the sample rate, `nearestBitrateKbps` tells the one
   * that is used.
   */
  bitrateKbps: number;
  /** Only one of the three may be given. */
  averageBitrateKbps?: undefined;
  /** Only one of the three may be given. */
  vbrQuality?: undefined;
}

/** ABR: bitrates vary about an average. */
export interface AverageBitrate {
  /**
   * The average bitrate in kbps, an integer from 8 to 320. LAME keeps to what
   * the sample rate allows.
   */
  averageBitrateKbps: number;
  /** Only one of the three may be given. */
  bitrateKbps?: undefined;
  /** Only one of the three may be given. */
  vbrQuality?: undefined;
}

/** VBR: as many bits as a quality takes. */
export interface VariableBitrate {
  /** LAME's `-V`, from 0 (best) to 9.999 (smallest). */
  vbrQuality: number;
  /** Only one of the three may be given. */
  bitrateKbps?: undefined;
  /** Only one of the three may be given. */
  averageBitrateKbps?: undefined;
}

/** Exactly one of `bitrateKbps`, `averageBitrateKbps` and `vbrQuality`. */
export type RateControl = ConstantBitrate | AverageBitrate | VariableBitrate;

/** What a round trip does beside the coding. */
export interface RoundtripExtras {
  /**
   * Keep the codec's delay ({@linkcode DELAY_SAMPLES}) at the front and its
   * padding at the end: the output is then a whole number of MP3 frames, longer
   * than the input and late by the delay. Default `false`: aligned, same length.
   */
  preserveDelay?: boolean;
  /**
   * Divide out what the codec scales by: LAME multiplies the input by 0.95 to 1
   * for CBR and ABR, depending on the bitrate. Default `false`: the output is as
   * much quieter as an MP3 of that bitrate.
   */
  preserveLevel?: boolean;
}

/** Where a round trip's output goes. */
export interface RoundtripOutput {
  /**
   * Where to write the output, in the form of the input. Without
   * `preserveDelay` it may be the input itself. Default: new memory.
   */
  out?: Audio;
}

/** On how many cores a round trip runs. */
export interface RoundtripThreads {
  /**
   * How many threads one call may use, an integer from 1 on: with 1, the calling
   * thread alone, or for a call in the background one of the library's. Default: as
   * many as are idle. The samples don't depend on it.
   */
  threads?: number;
}

/** What `Mp3Compression` has drawn, beside the coding. */
export interface DrawnOptions {
  /** `false` leaves the clip as it is: the result is the clip itself, or a copy in `out`. */
  shouldApply?: boolean;
  /** What LAME really codes at: for the record, of no effect. */
  codedBitrateKbps?: number;
}

/** How a clip goes through the codec. */
export type RoundtripOptions =
  & CodingOptions
  & RateControl
  & RoundtripExtras
  & RoundtripOutput
  & RoundtripThreads
  & DrawnOptions;

/** What calls in the background take besides. */
export interface Abortable {
  /** Aborts the call: it rejects at once with the signal's reason. */
  signal?: AbortSignal;
}

/** {@linkcode RoundtripOptions} and what a call in the background takes. */
export type AsyncRoundtripOptions = RoundtripOptions & Abortable;

const RATES: readonly string[] = namesOf<ConstantBitrate>({
  bitrateKbps: true,
  averageBitrateKbps: true,
  vbrQuality: true,
});

/** The names of coding options. */
export const CODING_NAMES: readonly string[] = [
  ...namesOf<Pick<CodingOptions, "sampleRate">>({ sampleRate: true }),
  ...RATES,
  ...namesOf<Omit<CodingOptions, "sampleRate">>({
    quality: true,
    stereoMode: true,
    bitReservoir: true,
    lowpassHz: true,
    codedSampleRate: true,
    gridOffset: true,
    passes: true,
    channels: true,
  }),
];

/** The names of what a round trip does beside the coding. */
export const EXTRAS_NAMES: readonly string[] = namesOf<RoundtripExtras>({
  preserveDelay: true,
  preserveLevel: true,
});

/** The names of what a draw records. */
export const DRAWN_NAMES: readonly string[] = namesOf<DrawnOptions>({
  shouldApply: true,
  codedBitrateKbps: true,
});

/** The names of a round trip's options. */
export const ROUNDTRIP_NAMES: readonly string[] = [
  ...CODING_NAMES,
  ...EXTRAS_NAMES,
  ...namesOf<RoundtripOutput & RoundtripThreads>({ out: true, threads: true }),
  ...DRAWN_NAMES,
];

/** The names of what calls in the background take besides. */
export const ABORTABLE_NAMES: readonly string[] = namesOf<Abortable>({ signal: true });

/** Coding options that were checked, with the defaults filled in, as C takes them. */
export interface CheckedCoding {
  readonly sampleRate: number;
  readonly rateControl: keyof typeof RATE_CONTROLS;
  /** 0 for VBR. */
  readonly bitrateKbps: number;
  /** 0 for CBR and ABR. */
  readonly vbrQuality: number;
  readonly quality: number;
  readonly jointStereo: boolean;
  readonly bitReservoir: boolean;
  /** 0: LAME's choice. */
  readonly lowpassHz: number;
  /** 0: `sampleRate`. */
  readonly codedSampleRate: number;
  readonly gridOffset: number;
  readonly passes: number;
  readonly channels: 1 | 2 | undefined;
}

/** Options of a round trip that were checked, with the defaults filled in. */
export interface CheckedOptions {
  readonly coding: CheckedCoding;
  readonly preserveDelay: boolean;
  readonly preserveLevel: boolean;
  readonly threads: number | undefined;
  /** Not yet checked. */
  readonly out: unknown;
  readonly shouldApply: boolean;
}

const MAX_VBR_QUALITY = 9.999;

/** At 48 kHz coded at 8; what other options allow, LAME is asked where the channels are known. */
const MOST_GRID_OFFSET = 3455;

const QUALITIES: readonly number[] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];

function checkOneOf(
  value: unknown,
  allowed: readonly number[],
  name: string,
  code: ErrorCode,
  advice: string,
): number {
  if (allowed.includes(value as number)) return value as number;
  throw new Mp3AugmentError(
    code,
    `${name} is ${show(value)}; it must be one of ${allowed.join(", ")}${advice}`,
  );
}

export function checkBoolean(value: unknown, name: string): boolean {
  if (typeof value === "boolean") return value;
  throw new Mp3AugmentError(
    "INVALID_OPTION",
    `${name} is ${show(value)}; it must be true or false`,
  );
}

function checkChannels(value: unknown): 1 | 2 | undefined {
  if (value === undefined || value === 1 || value === 2) return value;
  throw new Mp3AugmentError(
    "UNSUPPORTED_CHANNELS",
    `channels is ${show(value)}; it must be 1 or 2`,
  );
}

type Given<T> = { readonly [K in keyof T]?: unknown };

type CheckedRate = Pick<CheckedCoding, "rateControl" | "bitrateKbps" | "vbrQuality">;

function checkConstantBitrate(bitrateKbps: unknown): CheckedRate {
  const checked = checkOneOf(
    bitrateKbps,
    BITRATES_KBPS,
    "bitrateKbps",
    "UNSUPPORTED_BITRATE",
    " kbps",
  );
  return { rateControl: "CBR", bitrateKbps: checked, vbrQuality: 0 };
}

function checkAverageBitrate(bitrateKbps: unknown): CheckedRate {
  const value = bitrateKbps as number;
  if (Number.isInteger(value) && value >= 8 && value <= 320) {
    return { rateControl: "ABR", bitrateKbps: value, vbrQuality: 0 };
  }
  throw new Mp3AugmentError(
    "UNSUPPORTED_BITRATE",
    `averageBitrateKbps is ${show(value)}; it must be an integer from 8 to 320`,
  );
}

function checkVbrQuality(vbrQuality: unknown): CheckedRate {
  const value = vbrQuality as number;
  if (typeof value === "number" && value >= 0 && value <= MAX_VBR_QUALITY) {
    return { rateControl: "VBR", bitrateKbps: 0, vbrQuality: value };
  }
  throw new Mp3AugmentError(
    "UNSUPPORTED_QUALITY",
    `vbrQuality is ${show(value)}; it must be a number from 0 to ${MAX_VBR_QUALITY}`,
  );
}

/** Which of the three says how many bits are spent. */
function checkRate(
  { bitrateKbps, averageBitrateKbps, vbrQuality }: Given<
    Record<"bitrateKbps" | "averageBitrateKbps" | "vbrQuality", unknown>
  >,
): CheckedRate {
  const given = Object.entries({ bitrateKbps, averageBitrateKbps, vbrQuality })
    .filter(([, value]) => value !== undefined).map(([name]) => name);
  if (given.length > 1) {
    throw new Mp3AugmentError(
      "INVALID_OPTION",
      `${given.join(" and ")} exclude each other: give one of them`,
    );
  }
  if (averageBitrateKbps !== undefined) return checkAverageBitrate(averageBitrateKbps);
  if (vbrQuality !== undefined) return checkVbrQuality(vbrQuality);
  return checkConstantBitrate(bitrateKbps);
}

function checkStereoMode(value: unknown): boolean {
  if (value === "joint" || value === "stereo") return value === "joint";
  throw new Mp3AugmentError(
    "INVALID_OPTION",
    `stereoMode is ${show(value)}; it must be "stereo" or "joint"`,
  );
}

function checkCodedRate(value: unknown): number {
  if (value === undefined) return 0;
  if (value === "auto") return CODED_RATE_AUTO;
  return checkOneOf(
    value,
    SAMPLE_RATES,
    "codedSampleRate",
    "UNSUPPORTED_SAMPLE_RATE",
    ' Hz, or "auto"',
  );
}

function checkLowpass(value: unknown, sampleRate: number, codedRate: number): number {
  if (value === undefined) return 0;
  if (value === "off") return LOWPASS_OFF;
  const hz = value as number;
  const isLower = codedRate > 0 && codedRate < sampleRate;
  const max = Math.floor((isLower ? codedRate : sampleRate) / 2);
  if (Number.isInteger(hz) && hz >= 1 && hz <= max) return hz;
  throw new Mp3AugmentError(
    "INVALID_OPTION",
    `lowpassHz is ${show(value)}; it must be "off" or an integer from 1 to ${max}, ` +
      `half the ${isLower ? "coded " : ""}sample rate`,
  );
}

function checkInteger(value: unknown, name: string, min: number, max: number): number {
  const number = value as number;
  if (Number.isInteger(number) && number >= min && number <= max) return number;
  throw new Mp3AugmentError(
    "INVALID_OPTION",
    `${name} is ${show(value)}; it must be an integer from ${min} to ${max}`,
  );
}

/** Reads each coding option once and checks it; `undefined` means the default. */
export function checkCoding(options: Record<string, unknown>): CheckedCoding {
  const given: Given<CodingOptions & RateControl> = options;
  const {
    sampleRate,
    bitrateKbps,
    averageBitrateKbps,
    vbrQuality,
    quality = 7,
    stereoMode = "stereo",
    bitReservoir = false,
    lowpassHz,
    codedSampleRate,
    gridOffset = 0,
    passes = 1,
    channels,
  } = given;
  const checkedRate = checkOneOf(
    sampleRate,
    SAMPLE_RATES,
    "sampleRate",
    "UNSUPPORTED_SAMPLE_RATE",
    " Hz: resample the audio first",
  );
  const checkedCodedRate = checkCodedRate(codedSampleRate);
  return {
    sampleRate: checkedRate,
    ...checkRate({ bitrateKbps, averageBitrateKbps, vbrQuality }),
    quality: checkOneOf(quality, QUALITIES, "quality", "UNSUPPORTED_QUALITY", ""),
    jointStereo: checkStereoMode(stereoMode),
    bitReservoir: checkBoolean(bitReservoir, "bitReservoir"),
    lowpassHz: checkLowpass(lowpassHz, checkedRate, checkedCodedRate),
    codedSampleRate: checkedCodedRate,
    gridOffset: checkInteger(gridOffset, "gridOffset", 0, MOST_GRID_OFFSET),
    passes: checkInteger(passes, "passes", 1, MAX_PASSES),
    channels: checkChannels(channels),
  };
}

/** Checks what a round trip does beside the coding. */
export function checkExtras(
  { preserveDelay = false, preserveLevel = false }: Given<RoundtripExtras>,
): Required<RoundtripExtras> {
  return {
    preserveDelay: checkBoolean(preserveDelay, "preserveDelay"),
    preserveLevel: checkBoolean(preserveLevel, "preserveLevel"),
  };
}

/** Checks how many threads may be used; `undefined` means the default. */
export function checkThreads(value: unknown): number | undefined {
  if (value === undefined || Number.isInteger(value) && (value as number) >= 1) {
    return value as number | undefined;
  }
  throw new Mp3AugmentError(
    "INVALID_OPTION",
    `threads is ${show(value)}; it must be an integer from 1 on`,
  );
}

/** Checks the options of a round trip, whose names were checked. */
export function checkOptions(options: Record<string, unknown>): CheckedOptions {
  const { out, threads, shouldApply = true } = options;
  return {
    coding: checkCoding(options),
    ...checkExtras(options),
    threads: checkThreads(threads),
    out,
    shouldApply: checkBoolean(shouldApply, "shouldApply"),
  };
}

/** Checks the option that only background calls have. */
export function checkSignal({ signal }: Record<string, unknown>): AbortSignal | undefined {
  if (signal === undefined || signal instanceof AbortSignal) return signal;
  throw new Mp3AugmentError(
    "INVALID_OPTION",
    `signal is ${show(signal)}; it must be an AbortSignal`,
  );
}
