import { uniformInt } from "pure-rand/distribution/uniformInt";
import { mersenne } from "pure-rand/generator/mersenne";
import type { Audio } from "./audio.ts";
import { BITRATES_KBPS, nearestBitrateKbps, SAMPLE_RATES } from "./constants.ts";
import { Mp3AugmentError, show } from "./errors.ts";
import type { RoundtripOptions } from "./options.ts";
import { nearestSampleRate, resample } from "./resample.ts";
import { compressRoundtrip, compressRoundtripAsync } from "./roundtrip.ts";

/** What an {@linkcode Mp3Compression} draws from. */
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
  /** LAME's quality, an integer from 0 (best, slow) to 9 (fast). Default 7. */
  quality?: number;
  /** Keep the codec's delay and padding: the output is then longer. Default `false`. */
  preserveDelay?: boolean;
  /** The probability that a clip is compressed at all. Default 0.5. */
  p?: number;
  /** An integer; the same seed gives the same draws everywhere. Default: a random one. */
  seed?: number;
  /**
   * What to do with more than two channels: code them as stereo pairs (an odd last one as mono), or
   * each as mono. Default `"pairs"`.
   */
  channelGroups?: "pairs" | "singles";
}

/** What was drawn for a clip. */
export interface Mp3CompressionParameters {
  /** Whether the clip is compressed. The rest is drawn in any case. */
  readonly shouldApply: boolean;
  /** In kbps, as drawn: LAME takes the nearest one that MPEG has at the sample rate. */
  readonly bitrateKbps: number;
}

type Settings = Required<Omit<Mp3CompressionOptions, "seed">>;

const DEFAULTS: Settings = {
  minBitrateKbps: 8,
  maxBitrateKbps: 64,
  legalBitratesOnly: false,
  quality: 7,
  preserveDelay: false,
  p: 0.5,
  channelGroups: "pairs",
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
}

/**
 * Passes a clip through MP3 with a probability, at a random bitrate: `audiomentations`' transform
 * of the same name, with more to draw from.
 */
export class Mp3Compression {
  readonly #settings: Settings;
  readonly #draws: Draws;
  #parameters: Mp3CompressionParameters | undefined;
  #areFrozen = false;

  /** Checks the options; throws `INVALID_OPTION` for one that can't be. */
  constructor(options: Mp3CompressionOptions = {}) {
    const { seed = randomSeed(), ...given } = options;
    this.#settings = checkSettings({ ...DEFAULTS, ...dropUndefined(given) });
    this.#draws = new Draws(checkSeed(seed));
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
    if (this.#areFrozen && this.#parameters) return this.#parameters;
    const draws = this.#draws;
    // Always the same number of draws, so that one option doesn't shift what another gets.
    return this.#parameters = Object.freeze({
      shouldApply: draws.unit() < this.#settings.p,
      bitrateKbps: draws.pick(bitratesInRange(this.#settings, sampleRate)),
    });
  }

  /**
   * A clip with fresh parameters, in its form: mono as one array, or an array per channel, of any
   * number. A clip that the draw leaves alone is returned itself.
   *
   * @param samples the clip; it stays as it is
   * @param sampleRate in Hz; outside the nine of MP3 the clip is resampled and back
   */
  apply(samples: Float32Array, sampleRate: number): Float32Array;
  /** Channel by channel. */
  apply(samples: readonly Float32Array[], sampleRate: number): Float32Array[];
  /** Either form. */
  apply(samples: Audio, sampleRate: number): Audio;
  apply(samples: Audio, sampleRate: number): Audio {
    const parts = this.#prepare(samples, sampleRate);
    if (parts === undefined) return samples;
    const results = parts.map(({ channels, options }) => compressRoundtrip(channels, options));
    return assemble(samples, results, sampleRate, this.#settings.preserveDelay);
  }

  /** The same in the background. What it draws is drawn before it returns. */
  applyAsync(samples: Float32Array, sampleRate: number): Promise<Float32Array>;
  /** Channel by channel. */
  applyAsync(samples: readonly Float32Array[], sampleRate: number): Promise<Float32Array[]>;
  /** Either form. */
  applyAsync(samples: Audio, sampleRate: number): Promise<Audio>;
  async applyAsync(samples: Audio, sampleRate: number): Promise<Audio> {
    const parts = this.#prepare(samples, sampleRate);
    if (parts === undefined) return samples;
    const results = await Promise.all(
      parts.map(({ channels, options }) => compressRoundtripAsync(channels, options)),
    );
    return assemble(samples, results, sampleRate, this.#settings.preserveDelay);
  }

  /** The calls that make up the clip, or undefined where the draw leaves it alone. */
  #prepare(samples: Audio, sampleRate: number): Part[] | undefined {
    checkSampleRate(sampleRate);
    const codedRate = SAMPLE_RATES.includes(sampleRate)
      ? sampleRate
      : nearestSampleRate(sampleRate);
    const { shouldApply, bitrateKbps } = this.randomizeParameters(codedRate);
    if (!shouldApply) return undefined;
    const { quality, preserveDelay, channelGroups } = this.#settings;
    const options = { sampleRate: codedRate, bitrateKbps, quality, preserveDelay };
    const channels = Array.isArray(samples) ? samples as Float32Array[] : [samples as Float32Array];
    return groupChannels(channels, channelGroups).map((group) => ({
      channels: codedRate === sampleRate
        ? group
        : group.map((channel) => resample(channel, sampleRate, codedRate)),
      options,
    }));
  }
}

/** Channels that are coded together. */
interface Part {
  readonly channels: readonly Float32Array[];
  readonly options: RoundtripOptions;
}

/** The channels that go into one MP3 stream each. */
export function groupChannels<T>(channels: readonly T[], groups: "pairs" | "singles"): T[][] {
  const size = groups === "pairs" || channels.length <= 2 ? 2 : 1;
  return Array.from(
    { length: Math.ceil(channels.length / size) },
    (_, index) => channels.slice(index * size, index * size + size),
  );
}

function assemble(
  samples: Audio,
  results: readonly Float32Array[][],
  sampleRate: number,
  isLonger: boolean,
): Audio {
  const isFlat = !Array.isArray(samples);
  const inputFrameCount = (isFlat ? samples : samples[0])?.length ?? 0;
  const codedRate = nearestSampleRate(sampleRate);
  const channels = codedRate === sampleRate
    ? results.flat()
    : results.flat().map((channel) =>
      resample(
        channel,
        codedRate,
        sampleRate,
        isLonger ? Math.round(channel.length * sampleRate / codedRate) : inputFrameCount,
      )
    );
  return isFlat ? channels[0] as Float32Array : channels;
}

function bitratesInRange(settings: Settings, sampleRate: number): readonly number[] {
  const { minBitrateKbps, maxBitrateKbps, legalBitratesOnly } = settings;
  const inRange = BITRATES_KBPS.filter((kbps) => kbps >= minBitrateKbps && kbps <= maxBitrateKbps);
  if (!legalBitratesOnly) return inRange;
  const legal = inRange.filter((kbps) => nearestBitrateKbps(sampleRate, kbps) === kbps);
  return legal.length > 0 ? legal : [nearestBitrateKbps(sampleRate, inRange[0] as number)];
}

function checkSettings(settings: Settings): Settings {
  const { minBitrateKbps, maxBitrateKbps, p, channelGroups } = settings;
  checkThat(
    bitratesInRange({ ...settings, legalBitratesOnly: false }, 48000).length > 0,
    `minBitrateKbps is ${show(minBitrateKbps)} and maxBitrateKbps ${show(maxBitrateKbps)}; ` +
      `the range must hold one of ${BITRATES_KBPS.join(", ")} kbps`,
  );
  checkThat(
    typeof p === "number" && p >= 0 && p <= 1,
    `p is ${show(p)}; it must be a number from 0 to 1`,
  );
  checkThat(
    channelGroups === "pairs" || channelGroups === "singles",
    `channelGroups is ${show(channelGroups)}; it must be "pairs" or "singles"`,
  );
  return settings;
}

function checkSampleRate(sampleRate: unknown): void {
  checkThat(
    typeof sampleRate === "number" && sampleRate >= 1000 && sampleRate <= 768000,
    `sampleRate is ${show(sampleRate)}; it must be a number from 1000 to 768000 Hz`,
  );
}

function checkSeed(seed: unknown): number {
  checkThat(Number.isSafeInteger(seed), `seed is ${show(seed)}; it must be an integer`);
  return seed as number;
}

function checkThat(holds: boolean, message: string): void {
  if (!holds) throw new Mp3AugmentError("INVALID_OPTION", message);
}

function randomSeed(): number {
  return crypto.getRandomValues(new Int32Array(1))[0] as number;
}

function dropUndefined<T extends object>(options: T): Partial<T> {
  return Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  ) as Partial<T>;
}
