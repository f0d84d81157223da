import { uniformInt } from "pure-rand/distribution/uniformInt";
import { mersenne } from "pure-rand/generator/mersenne";
import { Mp3AugmentError, show } from "../ffi/errors.ts";
import type { Audio } from "./audio.ts";
import { BATCH_NAMES, type BatchOptions, locate, prepareBatch } from "./batch-run.ts";
import { codedBitrateKbps, nearestBitrateKbps } from "./bitrates.ts";
import { BITRATES_KBPS, nearestSampleRate } from "./constants.ts";
import { checkGroups, compressAnyAudio, compressInBackground } from "./convert.ts";
import { checkObject, namesOf } from "./option-names.ts";
import {
  type Abortable,
  ABORTABLE_NAMES,
  checkBoolean,
  checkCoding,
  checkExtras,
  type RateControl,
} from "./options.ts";
import { checkResampledRate } from "./resample.ts";
import { checkView, lengthOf, tagOf } from "./views.ts";

/** How bits are spent: constant, average or variable bitrate. */
export type BitrateMode = "cbr" | "abr" | "vbr";

/** What an {@linkcode Mp3Compression} draws from. Lists are drawn from evenly. */
export interface Mp3CompressionOptions {
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
  /** Whether the codec's delay stays. */
  readonly preserveDelay: boolean;
  /** Whether LAME's scaling is divided out. */
  readonly preserveLevel: boolean;
};

/** How {@linkcode Mp3Compression.apply} treats one clip. */
export interface ApplyOptions {
  /** Whether the result may be written over the samples, which saves memory. Default `false`. */
  inPlace?: boolean;
}

/** A clip of {@linkcode Mp3Compression.applyBatch}. */
export interface TransformClip {
  /** The audio, in any form that `apply` takes. */
  samples: Audio;
  /** In Hz. */
  sampleRate: number;
  /** What `randomizeParameters` has drawn for it. Default: drawn now, clip after clip. */
  parameters?: Mp3CompressionParameters;
}

const OPTION_NAMES = namesOf<Mp3CompressionOptions>({
  minBitrateKbps: true,
  maxBitrateKbps: true,
  legalBitratesOnly: true,
  bitrateModes: true,
  minVbrQuality: true,
  maxVbrQuality: true,
  stereoModes: true,
  bitReservoirs: true,
  quality: true,
  preserveDelay: true,
  preserveLevel: true,
  channelGroups: true,
  p: true,
  seed: true,
});
const APPLY_NAMES = namesOf<ApplyOptions>({ inPlace: true });
const APPLY_ASYNC_NAMES = [...APPLY_NAMES, ...ABORTABLE_NAMES];
const APPLY_BATCH_NAMES = [...APPLY_NAMES, ...BATCH_NAMES];
const CLIP_NAMES = namesOf<TransformClip>({ samples: true, sampleRate: true, parameters: true });

type Settings = Required<Omit<Mp3CompressionOptions, "seed">>;

const DEFAULTS: Settings = {
  minBitrateKbps: 8,
  maxBitrateKbps: 64,
  legalBitratesOnly: false,
  bitrateModes: ["cbr"],
  minVbrQuality: 0,
  maxVbrQuality: 9,
  stereoModes: ["stereo"],
  bitReservoirs: [false],
  quality: 7,
  preserveDelay: false,
  preserveLevel: false,
  channelGroups: "pairs",
  p: 0.5,
};

/** A stream of random numbers: pure-rand's Mersenne Twister, which mixes neighbouring seeds well. */
class Draws {
  readonly #generator: ReturnType<typeof mersenne>;

  constructor(seed: number) {
    this.#generator = mersenne(seed);
  }

  /** From 0 up to, but not including, 1. */
  unit(): number {
    return uniformInt(this.#generator, 0, 0x7fffffff) / 0x80000000;
  }

  pick<T>(values: readonly T[]): T {
    return values[Math.floor(this.unit() * values.length)] as T;
  }

  between(min: number, max: number): number {
    return min + this.unit() * (max - min);
  }
}

/**
 * Passes a clip through MP3 with a probability and random parameters: `audiomentations`' transform
 * of the same name, with more to draw from.
 *
 * @example
 * ```ts
 * import { Mp3Compression } from "@mp3-augment/mp3-augment/transform";
 *
 * const transform = new Mp3Compression({ minBitrateKbps: 16, maxBitrateKbps: 64, p: 0.5, seed: 1 });
 * const augmented = transform.apply(new Float32Array(30000), 22050);
 * console.log(augmented.length); // 30000
 * ```
 */
export class Mp3Compression {
  readonly #settings: Settings;
  readonly #draws: Draws;
  #parameters: Mp3CompressionParameters | undefined;
  #areFrozen = false;

  /**
   * Checks all options, also those that `apply` passes on.
   *
   * @throws {Mp3AugmentError} `INVALID_OPTION` for unknown options and for ranges and lists that
   * hold nothing, `UNSUPPORTED_QUALITY`
   */
  constructor(options: Mp3CompressionOptions = {}) {
    const checked: Mp3CompressionOptions = checkObject(options, OPTION_NAMES);
    const { seed = randomSeed(), ...given } = checked;
    this.#settings = { ...DEFAULTS, ...dropUndefined(given) };
    checkSettings(this.#settings);
    checkThat(Number.isSafeInteger(seed), "seed", seed, "an integer");
    this.#draws = new Draws(seed);
  }

  /** What the last clip got, or what the next ones get while frozen. */
  get parameters(): Mp3CompressionParameters | undefined {
    return this.#parameters;
  }

  /** From now on every clip gets the parameters that were drawn last. */
  freezeParameters(): void {
    this.#areFrozen = true;
  }

  /** Every clip gets a draw of its own again. */
  unfreezeParameters(): void {
    this.#areFrozen = false;
  }

  /** Draws parameters for a clip of this sample rate, unless they are frozen. */
  randomizeParameters(sampleRate: number): Mp3CompressionParameters {
    checkResampledRate(sampleRate, "sampleRate");
    if (this.#areFrozen && this.#parameters) return this.#parameters;
    const draws = this.#draws;
    const { p, bitrateModes, stereoModes, bitReservoirs } = this.#settings;
    const { quality, preserveDelay, preserveLevel } = this.#settings;
    // Always the same number of draws in the same order: what one option allows doesn't shift what
    // the others get.
    const shouldApply = draws.unit() < p;
    const mode = draws.pick(bitrateModes);
    const codedRate = nearestSampleRate(sampleRate);
    const rate = drawRates(draws, this.#settings, codedRate)[mode];
    const coded = codedBitrateKbps({ sampleRate: codedRate, ...rate });
    const stereoMode = draws.pick(stereoModes);
    const bitReservoir = draws.pick(bitReservoirs);
    const fixed = { quality, preserveDelay, preserveLevel };
    return this.#parameters = Object.freeze({
      shouldApply,
      ...rate,
      ...(coded !== undefined && { codedBitrateKbps: coded }),
      stereoMode,
      bitReservoir,
      ...fixed,
    });
  }

  /**
   * A clip with fresh parameters, in its form: mono as one array, or an array per channel, of any
   * number. A clip that the draw leaves alone is returned itself.
   *
   * @param samples the clip; it stays as it is, but for `inPlace`
   * @param sampleRate in Hz; outside the nine of MP3 the clip is resampled and back
   */
  apply(samples: Float32Array, sampleRate: number, options?: ApplyOptions): Float32Array;
  /** Channel by channel. */
  apply(
    samples: readonly Float32Array[],
    sampleRate: number,
    options?: ApplyOptions,
  ): Float32Array[];
  /** Either form. */
  apply(samples: Audio, sampleRate: number, options?: ApplyOptions): Audio;
  apply(samples: Audio, sampleRate: number, options: ApplyOptions = {}): Audio {
    const { inPlace = false }: ApplyOptions = checkObject(options, APPLY_NAMES);
    const parameters = this.randomizeParameters(sampleRate);
    if (isEmpty(samples)) return samples;
    const { channelGroups } = this.#settings;
    return compressAnyAudio(samples, { ...parameters, sampleRate, channelGroups, inPlace });
  }

  /** {@linkcode apply} in the background. What it draws is drawn before it returns. */
  applyAsync(
    samples: Float32Array,
    sampleRate: number,
    options?: ApplyOptions & Abortable,
  ): Promise<Float32Array>;
  /** Channel by channel. */
  applyAsync(
    samples: readonly Float32Array[],
    sampleRate: number,
    options?: ApplyOptions & Abortable,
  ): Promise<Float32Array[]>;
  /** Either form. */
  applyAsync(
    samples: Audio,
    sampleRate: number,
    options?: ApplyOptions & Abortable,
  ): Promise<Audio>;
  async applyAsync(
    samples: Audio,
    sampleRate: number,
    options: ApplyOptions & Abortable = {},
  ): Promise<Audio> {
    const { inPlace, signal } = checkObject(options, APPLY_ASYNC_NAMES);
    const parameters = this.randomizeParameters(sampleRate);
    return await this.#compress({ samples, sampleRate, parameters }, { inPlace, signal });
  }

  /**
   * {@linkcode apply} to many clips on all cores, each with the bits of a single call and results in
   * order. All parameters are drawn before it returns, clip after clip, as single calls would draw.
   *
   * @param clips audio and sample rates; leave them alone until the batch has ended
   * @param options threads, progress, abort, and whether results may be written over the clips
   * @returns a promise of the results, each in its clip's form; it rejects as
   * `compressRoundtripBatch` does, naming the clip's index
   */
  // An async function also turns the errors of its checks into rejections.
  async applyBatch(
    clips: readonly TransformClip[],
    options: ApplyOptions & BatchOptions = {},
  ): Promise<Audio[]> {
    const { inPlace, ...ofBatch } = checkObject(options, APPLY_BATCH_NAMES);
    const batch = prepareBatch(ofBatch);
    const drawn = Array.from(clips, (clip, index) => {
      try {
        const { samples, sampleRate, parameters } = checkClip(clip);
        return {
          samples,
          sampleRate,
          parameters: parameters ?? this.randomizeParameters(sampleRate),
        };
      } catch (error) {
        throw locate(error, "clips", index);
      }
    });
    return await batch.run(drawn.length, "clips", (index, signal) => {
      const clip = drawn[index] as Required<TransformClip>;
      return this.#compress(clip, { inPlace, signal }, batch.oneThread);
    });
  }

  /** Codes a clip in the background by what was drawn for it. */
  async #compress(
    { samples, sampleRate, parameters }: Required<TransformClip>,
    { inPlace = false, signal }: { inPlace: unknown; signal: unknown },
    oneThread?: boolean,
  ): Promise<Audio> {
    if (isEmpty(samples)) return samples;
    const { channelGroups } = this.#settings;
    const options = { ...parameters, sampleRate, channelGroups, inPlace, signal };
    return await compressInBackground(samples, options, oneThread);
  }
}

/** There is nothing in it that could be coded. */
function isEmpty(samples: Audio): boolean {
  const channels: readonly unknown[] = Array.isArray(samples) ? samples : [samples];
  return channels.every((channel) => {
    if (tagOf(channel) === undefined || lengthOf(channel) > 0) return false;
    checkView(channel, "Float32Array", "samples"); // a detached one isn't empty
    return true;
  });
}

function checkClip(clip: unknown): TransformClip {
  if (typeof clip !== "object" || clip === null) {
    throw new Mp3AugmentError(
      "INVALID_OPTION",
      `${show(clip)} is not a clip with samples and sampleRate`,
    );
  }
  return checkObject(clip, CLIP_NAMES) as unknown as TransformClip;
}

/** One draw for each kind of bitrate. */
function drawRates(
  draws: Draws,
  settings: Settings,
  sampleRate: number,
): Record<BitrateMode, RateControl> {
  const bitrates = bitratesInRange(settings, sampleRate);
  const [lowest, highest] = averagesInRange(settings, sampleRate);
  const averageBitrateKbps = Math.floor(draws.between(lowest, highest + 1));
  const vbrQuality = draws.between(settings.minVbrQuality, settings.maxVbrQuality);
  return {
    cbr: { bitrateKbps: draws.pick(bitrates) },
    abr: { averageBitrateKbps },
    vbr: { vbrQuality: Math.round(1000 * vbrQuality) / 1000 },
  };
}

function bitratesInRange(settings: Settings, sampleRate: number): readonly number[] {
  const { minBitrateKbps, maxBitrateKbps, legalBitratesOnly } = settings;
  const inRange = BITRATES_KBPS.filter((kbps) => kbps >= minBitrateKbps && kbps <= maxBitrateKbps);
  if (!legalBitratesOnly) return inRange;
  const legal = inRange.filter((kbps) => nearestBitrateKbps(sampleRate, kbps) === kbps);
  return legal.length > 0 ? legal : [nearestBitrateKbps(sampleRate, inRange[0] as number)];
}

function averagesInRange(settings: Settings, sampleRate: number): [number, number] {
  const lowest = Math.ceil(Math.max(settings.minBitrateKbps, 8));
  const highest = Math.floor(Math.min(settings.maxBitrateKbps, 320));
  if (!settings.legalBitratesOnly) return [lowest, highest];
  const clamp = (kbps: number) =>
    Math.min(
      Math.max(kbps, nearestBitrateKbps(sampleRate, 0)),
      nearestBitrateKbps(sampleRate, Infinity),
    );
  return [clamp(lowest), clamp(highest)];
}

function checkSettings(settings: Settings): void {
  const { minBitrateKbps, maxBitrateKbps, minVbrQuality, maxVbrQuality, p } = settings;
  const limits = { minBitrateKbps, maxBitrateKbps, minVbrQuality, maxVbrQuality };
  for (const [name, value] of Object.entries(limits)) {
    checkThat(typeof value === "number" && !Number.isNaN(value), name, value, "a number");
  }
  checkList(settings.bitrateModes, ["cbr", "abr", "vbr"], "bitrateModes");
  const rangeName = "the range from minBitrateKbps to maxBitrateKbps";
  const range = [minBitrateKbps, maxBitrateKbps];
  const drawn = (mode: BitrateMode) => settings.bitrateModes.includes(mode);
  checkThat(
    !drawn("cbr") || bitratesInRange({ ...settings, legalBitratesOnly: false }, 48000).length > 0,
    rangeName,
    range,
    `such that it holds one of ${BITRATES_KBPS.join(", ")} kbps`,
  );
  const [lowest, highest] = averagesInRange({ ...settings, legalBitratesOnly: false }, 48000);
  checkThat(!drawn("abr") || lowest <= highest, rangeName, range, "within 8 to 320 kbps");
  checkThat(
    minVbrQuality >= 0 && minVbrQuality <= maxVbrQuality && maxVbrQuality <= 9.999,
    "the range from minVbrQuality to maxVbrQuality",
    [minVbrQuality, maxVbrQuality],
    "within 0 to 9.999",
  );
  checkThat(typeof p === "number" && p >= 0 && p <= 1, "p", p, "a number from 0 to 1");
  checkList(settings.stereoModes, ["stereo", "joint"], "stereoModes");
  checkList(settings.bitReservoirs, [false, true], "bitReservoirs");
  checkBoolean(settings.legalBitratesOnly, "legalBitratesOnly");
  checkGroups(settings.channelGroups);
  checkExtras(settings);
  const anyRate = { sampleRate: 48000, bitrateKbps: 64 };
  checkCoding({ ...anyRate, quality: settings.quality });
}

function checkList(values: readonly unknown[], allowed: readonly unknown[], name: string): void {
  const isGood = Array.isArray(values) && values.length > 0 &&
    values.every((value) => allowed.includes(value));
  checkThat(isGood, name, values, `a list of ${allowed.map(String).join(", ")}`);
}

function checkThat(holds: boolean, name: string, value: unknown, what: string): void {
  if (holds) return;
  const given = Array.isArray(value) ? value.map(show).join(", ") : show(value);
  throw new Mp3AugmentError("INVALID_OPTION", `${name} is ${given}; it must be ${what}`);
}

function randomSeed(): number {
  return crypto.getRandomValues(new Int32Array(1))[0] as number;
}

function dropUndefined<T extends object>(options: T): Partial<T> {
  return Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  ) as Partial<T>;
}
