/** What an `Mp3Compression` draws from: its options, their defaults and checks. */
import { Mp3AugmentError, show } from "../ffi/errors.ts";
import { BITRATES_KBPS, MAX_PASSES, SAMPLE_RATES } from "./constants.ts";
import { checkGroups } from "./convert.ts";
import { checkObject, namesOf } from "./option-names.ts";
import { checkBoolean, checkCoding, checkExtras, type RateControl } from "./options.ts";

/** How bits are spent: constant, average or variable bitrate. */
export type BitrateMode = "cbr" | "abr" | "vbr";

/** Integers from `min` to `max`, both included, drawn evenly. */
export interface IntegerRange {
  /** The lowest. */
  min: number;
  /** The highest. */
  max: number;
}

/** What an {@linkcode Mp3Compression} draws from. Lists are drawn from evenly. */
export interface Mp3CompressionOptions {
  /**
   * `"realistic"` draws MP3s as they are found: LAME's and ffmpeg's own settings, podcasts, low
   * bitrates at lower sample rates, clips that begin amid an MP3 frame, some coded more than once.
   * docs/transform.md has the distribution and its reasons. It goes with `p`, `seed`,
   * `preserveDelay`, `preserveLevel` and `channelGroups` alone. Default: what the others say.
   */
  preset?: "realistic";
  /** The lowest bitrate to draw, in kbps. Default 8. */
  minBitrateKbps?: number;
  /** The highest bitrate to draw, in kbps. Default 64. */
  maxBitrateKbps?: number;
  /**
   * Draw only bitrates that MPEG has at the sample rate. Default `false`: all 18, of which LAME
   * takes the nearest. Where the range holds no such bitrate, the nearest to it is taken.
   */
  legalBitratesOnly?: boolean;
  /** Which kinds of bitrate to draw. Default `["cbr"]`. */
  bitrateModes?: readonly BitrateMode[];
  /** The best VBR quality to draw: LAME's `-V`, from 0. Default 0. */
  minVbrQuality?: number;
  /** The worst VBR quality to draw, up to 9.999. Default 9. */
  maxVbrQuality?: number;
  /** Which stereo modes to draw. Default `["stereo"]`. */
  stereoModes?: readonly ("stereo" | "joint")[];
  /** Whether the bit reservoir is used. Default `[false]`. */
  bitReservoirs?: readonly boolean[];
  /** LAME's quality, an integer from 0 (best, slow) to 9 (fast). Default 7. */
  quality?: number;
  /** LAME's qualities to draw, instead of one `quality`. */
  qualities?: readonly number[];
  /**
   * Frequencies above which nothing is coded: a list of Hz, `"off"` and `"auto"` (LAME's choice
   * for the bitrate), or a range of Hz. What is above half the rate is `"off"`. Default `["auto"]`.
   */
  lowpassHz?: readonly (number | "off" | "auto")[] | IntegerRange;
  /**
   * Sample rates to code at: those of MP3 in Hz, `"auto"` (LAME's choice for the bitrate) and
   * `"same"` (the clip's own). Default `["same"]`.
   */
  codedSampleRates?: readonly (number | "auto" | "same")[];
  /**
   * Whether clips begin anywhere in an MP3 frame, as a crop of a longer file does. Default `false`:
   * at its start.
   */
  gridOffsets?: boolean;
  /** The most passes through the codec, from 1 to 10: 1 to this many are drawn. Default 1. */
  maxPasses?: number;
  /** Keep the codec's delay and padding: the output is then longer. Default `false`. */
  preserveDelay?: boolean;
  /** Divide out what LAME scales by. Default `false`. */
  preserveLevel?: boolean;
  /** More than two channels as stereo pairs or each as mono. Default `"pairs"`. */
  channelGroups?: "pairs" | "singles";
  /** The probability that a clip is compressed at all. Default 0.5. */
  p?: number;
  /** An integer; the same seed gives the same draws everywhere. Default: a random one. */
  seed?: number;
}

/** What a clip is coded with: options of `compressRoundtrip`, but for the clip's own. */
export type Mp3CompressionParameters = RateControl & {
  /** What LAME really codes at: the nearest bitrate that MPEG has there. None for VBR. */
  readonly codedBitrateKbps?: number;
  /** Whether the clip is compressed. The rest is drawn in any case. */
  readonly shouldApply: boolean;
  /** How left and right are coded. */
  readonly stereoMode: "stereo" | "joint";
  /** Whether MP3 frames may borrow bits. */
  readonly bitReservoir: boolean;
  /** LAME's quality. */
  readonly quality: number;
  /** Above which nothing is coded. Missing: LAME's choice. */
  readonly lowpassHz?: number | "off";
  /** In Hz. Missing: the clip's own rate, or the next of MP3's above it. */
  readonly codedSampleRate?: number;
  /** How far into an MP3 frame the clip begins, in PCM frames. Missing: 0. */
  readonly gridOffset?: number;
  /** How many times it goes through the codec. Missing: 1. */
  readonly passes?: number;
  /** Whether the codec's delay stays. */
  readonly preserveDelay: boolean;
  /** Whether LAME's scaling is divided out. */
  readonly preserveLevel: boolean;
};

/** One draw, before it is fitted to the clip. */
export interface Drawn {
  readonly rate: RateControl;
  readonly stereoMode: "stereo" | "joint";
  readonly bitReservoir: boolean;
  readonly quality: number;
  readonly lowpassHz: number | "off" | "auto";
  readonly codedSampleRate: number | "auto" | "same";
  /** Where in an MP3 frame the clip begins, from 0 up to, but not including, 1. */
  readonly gridShare: number;
  readonly passes: number;
}

/** Options with the defaults filled in, checked. */
export type Settings =
  & Required<
    Omit<Mp3CompressionOptions, "seed" | "preset" | "quality">
  >
  & { readonly preset: "realistic" | undefined };

const DEFAULTS: Settings = {
  preset: undefined,
  minBitrateKbps: 8,
  maxBitrateKbps: 64,
  legalBitratesOnly: false,
  bitrateModes: ["cbr"],
  minVbrQuality: 0,
  maxVbrQuality: 9,
  stereoModes: ["stereo"],
  bitReservoirs: [false],
  qualities: [7],
  lowpassHz: ["auto"],
  codedSampleRates: ["same"],
  gridOffsets: false,
  maxPasses: 1,
  preserveDelay: false,
  preserveLevel: false,
  channelGroups: "pairs",
  p: 0.5,
};

const OPTION_NAMES: readonly string[] = namesOf<Mp3CompressionOptions>({
  preset: true,
  minBitrateKbps: true,
  maxBitrateKbps: true,
  legalBitratesOnly: true,
  bitrateModes: true,
  minVbrQuality: true,
  maxVbrQuality: true,
  stereoModes: true,
  bitReservoirs: true,
  quality: true,
  qualities: true,
  lowpassHz: true,
  codedSampleRates: true,
  gridOffsets: true,
  maxPasses: true,
  preserveDelay: true,
  preserveLevel: true,
  channelGroups: true,
  p: true,
  seed: true,
});
export const PARAMETER_NAMES: readonly string[] = namesOf<Mp3CompressionParameters>({
  shouldApply: true,
  bitrateKbps: true,
  averageBitrateKbps: true,
  vbrQuality: true,
  codedBitrateKbps: true,
  stereoMode: true,
  bitReservoir: true,
  quality: true,
  lowpassHz: true,
  codedSampleRate: true,
  gridOffset: true,
  passes: true,
  preserveDelay: true,
  preserveLevel: true,
});

/** What a preset leaves to be chosen. */
const BESIDE_PRESET = ["preset", "p", "seed", "preserveDelay", "preserveLevel", "channelGroups"];

/** Reads the options once, fills in the defaults and checks all, also those that are passed on. */
export function checkSettings(
  options: unknown,
): { readonly seed: number | undefined; readonly settings: Settings } {
  const checked: Mp3CompressionOptions = dropUndefined(checkObject(options, OPTION_NAMES));
  const { seed, quality, ...given } = checked;
  checkThat(seed === undefined || Number.isSafeInteger(seed), "seed", seed, "an integer");
  if (given.preset !== undefined) checkPreset(checked);
  const isBoth = quality !== undefined && given.qualities !== undefined;
  checkThat(!isBoth, "quality", quality, "left out where qualities are given");
  const settings: Settings = {
    ...DEFAULTS,
    ...(quality !== undefined && { qualities: [quality] }),
    ...given,
  };
  checkBitrates(settings);
  checkLists(settings);
  checkBoolean(settings.legalBitratesOnly, "legalBitratesOnly");
  checkBoolean(settings.gridOffsets, "gridOffsets");
  checkThat(
    Number.isInteger(settings.maxPasses) && settings.maxPasses >= 1 &&
      settings.maxPasses <= MAX_PASSES,
    "maxPasses",
    settings.maxPasses,
    `an integer from 1 to ${MAX_PASSES}`,
  );
  const { p } = settings;
  checkThat(typeof p === "number" && p >= 0 && p <= 1, "p", p, "a number from 0 to 1");
  checkGroups(settings.channelGroups);
  checkExtras({ ...settings });
  return { seed, settings };
}

/** The options that give these settings again. */
export function optionsOf(settings: Settings): Omit<Mp3CompressionOptions, "seed"> {
  const { preset, minBitrateKbps, maxBitrateKbps, ...others } = settings;
  const { p, preserveDelay, preserveLevel, channelGroups } = others;
  if (preset) return { preset, p, preserveDelay, preserveLevel, channelGroups };
  // JSON knows no infinity.
  return {
    minBitrateKbps: Math.max(minBitrateKbps, 0),
    maxBitrateKbps: Math.min(maxBitrateKbps, 320),
    ...others,
  };
}

function checkPreset(options: Mp3CompressionOptions): void {
  const { preset } = options;
  checkThat(preset === "realistic", "preset", preset, `"realistic"`);
  const other = Object.keys(options).find((name) => !BESIDE_PRESET.includes(name));
  checkThat(other === undefined, "preset", preset, `left out where ${other} is given`);
}

function checkBitrates(settings: Settings): void {
  const { minBitrateKbps, maxBitrateKbps, minVbrQuality, maxVbrQuality } = settings;
  const limits = { minBitrateKbps, maxBitrateKbps, minVbrQuality, maxVbrQuality };
  for (const [name, value] of Object.entries(limits)) {
    checkThat(typeof value === "number" && !Number.isNaN(value), name, value, "a number");
  }
  checkList(settings.bitrateModes, ["cbr", "abr", "vbr"], "bitrateModes");
  const rangeName = "the range from minBitrateKbps to maxBitrateKbps";
  const range = [minBitrateKbps, maxBitrateKbps];
  const drawn = (mode: BitrateMode) => settings.bitrateModes.includes(mode);
  checkThat(
    !drawn("cbr") || bitratesInRange(settings).length > 0,
    rangeName,
    range,
    `such that it holds one of ${BITRATES_KBPS.join(", ")} kbps`,
  );
  const [lowest, highest] = averagesInRange(settings);
  checkThat(!drawn("abr") || lowest <= highest, rangeName, range, "within 8 to 320 kbps");
  checkThat(
    minVbrQuality >= 0 && minVbrQuality <= maxVbrQuality && maxVbrQuality <= 9.999,
    "the range from minVbrQuality to maxVbrQuality",
    [minVbrQuality, maxVbrQuality],
    "within 0 to 9.999",
  );
}

function checkLists({ lowpassHz, ...settings }: Settings): void {
  checkList(settings.stereoModes, ["stereo", "joint"], "stereoModes");
  checkList(settings.bitReservoirs, [false, true], "bitReservoirs");
  checkList(settings.codedSampleRates, ["same", "auto", ...SAMPLE_RATES], "codedSampleRates");
  const anyRate = { sampleRate: 48000, bitrateKbps: 64 };
  const { qualities } = settings;
  checkThat(isFilled(qualities), "qualities", qualities, "a list of integers from 0 to 9");
  for (const quality of qualities) checkCoding({ ...anyRate, quality });
  const isFrequency = (hz: unknown) =>
    Number.isInteger(hz) && (hz as number) >= 1 && (hz as number) <= 24000;
  const isGood = isRange(lowpassHz)
    ? isFrequency(lowpassHz?.min) && isFrequency(lowpassHz?.max) && lowpassHz.min <= lowpassHz.max
    : isFilled(lowpassHz) &&
      lowpassHz.every((hz) => hz === "off" || hz === "auto" || isFrequency(hz));
  const given = isRange(lowpassHz) ? lowpassHz && Object.values(lowpassHz) : lowpassHz;
  const what = `a list of "auto", "off" and integers from 1 to 24000, or { min, max } within these`;
  checkThat(isGood, "lowpassHz", given, what);
}

const isFilled = (list: unknown): boolean => Array.isArray(list) && list.length > 0;

function checkList(values: readonly unknown[], allowed: readonly unknown[], name: string): void {
  const isGood = isFilled(values) && values.every((value) => allowed.includes(value));
  checkThat(isGood, name, values, `a list of ${allowed.map(String).join(", ")}`);
}

export function checkThat(holds: boolean, name: string, value: unknown, what: string): void {
  if (holds) return;
  const given = Array.isArray(value) ? value.map(show).join(", ") || "empty" : show(value);
  throw new Mp3AugmentError("INVALID_OPTION", `${name} is ${given}; it must be ${what}`);
}

function dropUndefined<T extends object>(options: T): T {
  return Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  ) as T;
}

/** The nearest bitrate that MPEG has where this one is coded. */
export type Nearest = (kbps: number) => number;

export function bitratesInRange(settings: Settings, nearest?: Nearest): readonly number[] {
  const { minBitrateKbps, maxBitrateKbps } = settings;
  const inRange = BITRATES_KBPS.filter((kbps) => kbps >= minBitrateKbps && kbps <= maxBitrateKbps);
  if (!nearest) return inRange;
  const legal = inRange.filter((kbps) => nearest(kbps) === kbps);
  return legal.length > 0 ? legal : [nearest(inRange[0] as number)];
}

export function averagesInRange(settings: Settings, nearest?: Nearest): [number, number] {
  const lowest = Math.ceil(Math.max(settings.minBitrateKbps, 8));
  const highest = Math.floor(Math.min(settings.maxBitrateKbps, 320));
  if (!nearest) return [lowest, highest];
  const clamp = (kbps: number) => Math.min(Math.max(kbps, nearest(0)), nearest(Infinity));
  return [clamp(lowest), clamp(highest)];
}

export function isRange(lowpassHz: Settings["lowpassHz"]): lowpassHz is IntegerRange {
  return !Array.isArray(lowpassHz);
}
