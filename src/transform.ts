/** `Mp3Compression`: audio through MP3 with random parameters, as a transform of a pipeline. */
import { sha256 } from "@noble/hashes/sha2.js";
import { Mp3AugmentError, show } from "../ffi/errors.ts";
import type { Audio } from "./audio.ts";
import { BATCH_NAMES, type BatchOptions, locate, prepareBatch } from "./batch-run.ts";
import { compressAnyAudio, compressInBackground } from "./convert.ts";
import {
  checkSettings,
  checkThat,
  type Mp3CompressionOptions,
  type Mp3CompressionParameters,
  optionsOf,
  PARAMETER_NAMES,
  type Settings,
} from "./compression-options.ts";
import { drawParameters } from "./draws.ts";
import { checkObject, namesOf } from "./option-names.ts";
import { type Abortable, ABORTABLE_NAMES } from "./options.ts";
import { Draws, type Streams, streamsOf } from "./random.ts";
import { checkResampledRate } from "./resample.ts";
import { checkView, lengthOf, tagOf } from "./views.ts";

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

const APPLY_NAMES = namesOf<ApplyOptions>({ inPlace: true });
const APPLY_ASYNC_NAMES = [...APPLY_NAMES, ...ABORTABLE_NAMES];
const APPLY_BATCH_NAMES = [...APPLY_NAMES, ...BATCH_NAMES];
const CLIP_NAMES = namesOf<TransformClip>({ samples: true, sampleRate: true, parameters: true });

/**
 * What `JSON.stringify` keeps of a transform and {@linkcode Mp3Compression.fromJSON} reads: options,
 * seed, where its random numbers are, and what was drawn last.
 */
export interface Mp3CompressionState {
  /** What it is. */
  type: "Mp3Compression";
  /** All options but the seed, with the defaults filled in. */
  options: Omit<Mp3CompressionOptions, "seed">;
  /** What the draws started from. */
  seed: number;
  /** Where both streams of random numbers are. */
  state: readonly (readonly number[])[];
  /** What was drawn last. Missing: nothing yet. */
  parameters?: Mp3CompressionParameters;
  /** Whether the parameters are frozen. */
  isFrozen: boolean;
}

const STATE_NAMES = namesOf<Mp3CompressionState>({
  type: true,
  options: true,
  seed: true,
  state: true,
  parameters: true,
  isFrozen: true,
});

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
  /** What all draws start from. */
  readonly seed: number;
  readonly #settings: Settings;
  #streams: Streams;
  #parameters: Mp3CompressionParameters | undefined;
  #isFrozen = false;

  /**
   * Checks all options, also those that `apply` passes on.
   *
   * @throws {Mp3AugmentError} `INVALID_OPTION` for unknown options, for those that exclude each
   * other, and for ranges and lists that hold nothing, `UNSUPPORTED_QUALITY`
   */
  constructor(options: Mp3CompressionOptions = {}) {
    const { seed = randomSeed(), settings } = checkSettings(options);
    this.#settings = settings;
    this.seed = seed;
    this.#streams = streamsOf(seed);
  }

  /**
   * A transform that goes on where another one was.
   *
   * ```ts
   * const text = JSON.stringify(transform);
   * const goesOn = Mp3Compression.fromJSON(JSON.parse(text));
   * ```
   *
   * @param json what {@linkcode toJSON} gave
   * @throws {Mp3AugmentError} `INVALID_OPTION` for anything else
   */
  static fromJSON(json: unknown): Mp3Compression {
    const { type, options, seed, state, parameters, isFrozen } = checkObject(json, STATE_NAMES);
    checkThat(type === "Mp3Compression", "type", type, `"Mp3Compression"`);
    checkThat(typeof options === "object" && options !== null, "options", options, "an object");
    const transform = new Mp3Compression({ ...options as object, seed: seed as number });
    transform.#streams = restoreStreams(state);
    checkThat(typeof isFrozen === "boolean", "isFrozen", isFrozen, "true or false");
    transform.#isFrozen = isFrozen as boolean;
    if (parameters !== undefined) {
      transform.#parameters = Object.freeze({
        ...checkObject(parameters, PARAMETER_NAMES),
      }) as unknown as Mp3CompressionParameters;
    }
    return transform;
  }

  /** Options, seed and state, for `JSON.stringify`, {@linkcode fromJSON} and `structuredClone`. */
  toJSON(): Mp3CompressionState {
    const { first, later } = this.#streams;
    return {
      type: "Mp3Compression",
      options: optionsOf(this.#settings),
      seed: this.seed,
      state: [first.state, later.state],
      ...(this.#parameters && { parameters: this.#parameters }),
      isFrozen: this.#isFrozen,
    };
  }

  /** What the last clip got, or what the next ones get while frozen. */
  get parameters(): Mp3CompressionParameters | undefined {
    return this.#parameters;
  }

  /** From now on every clip gets the parameters that were drawn last. */
  freezeParameters(): void {
    this.#isFrozen = true;
  }

  /** Every clip gets a draw of its own again. */
  unfreezeParameters(): void {
    this.#isFrozen = false;
  }

  /**
   * Draws parameters for the next clip, unless they are frozen.
   *
   * @param sampleRate the clip's, in Hz
   * @param channels with how many channels it is coded, which LAME's choice of a rate depends on
   */
  randomizeParameters(sampleRate: number, channels: 1 | 2 = 1): Mp3CompressionParameters {
    checkResampledRate(sampleRate, "sampleRate");
    if (this.#isFrozen && this.#parameters) return this.#parameters;
    return this.#parameters = drawParameters(
      this.#streams,
      this.#settings,
      sampleRate,
      channels,
    );
  }

  /**
   * Draws parameters for a copy of a clip that has a name, by the seed alone: order, neighbours and
   * what was drawn before don't matter, and this transform's own draws go on as if nothing had been
   * asked. The data set command draws with it, where the name is a file's path below its folder.
   *
   * ```ts
   * const transform = new Mp3Compression({ seed: 1, p: 1 });
   * const parameters = transform.parametersFor("speaker/clip.wav", 0, 16000);
   * ```
   *
   * @param key the clip's name
   * @param copy which of its copies, from 0
   * @param sampleRate the clip's, in Hz
   * @param channels with how many channels it is coded, which LAME's choice of a rate depends on
   */
  parametersFor(
    key: string,
    copy: number,
    sampleRate: number,
    channels: 1 | 2 = 1,
  ): Mp3CompressionParameters {
    checkThat(typeof key === "string", "key", key, "a string");
    checkThat(Number.isSafeInteger(copy) && copy >= 0, "copy", copy, "an integer from 0 on");
    checkResampledRate(sampleRate, "sampleRate");
    const digest = sha256(new TextEncoder().encode(`${this.seed}\0${key}\0${copy}`));
    const seed = new DataView(digest.buffer, digest.byteOffset).getInt32(0, true);
    return drawParameters(streamsOf(seed), this.#settings, sampleRate, channels);
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
    const parameters = this.#drawFor(samples, sampleRate);
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
    const parameters = this.#drawFor(samples, sampleRate);
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
          parameters: parameters ?? this.#drawFor(samples, sampleRate),
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

  #drawFor(samples: Audio, sampleRate: number): Mp3CompressionParameters {
    const isPair = this.#settings.channelGroups === "pairs" && Array.isArray(samples) &&
      samples.length > 1;
    return this.randomizeParameters(sampleRate, isPair ? 2 : 1);
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

function randomSeed(): number {
  return crypto.getRandomValues(new Int32Array(1))[0] as number;
}

function restoreStreams(state: unknown): Streams {
  try {
    const [first, later] = state as number[][];
    checkThat([first, later].every((part) => part?.every(Number.isInteger)), "", 0, "");
    return { first: new Draws(first as number[]), later: new Draws(later as number[]) };
  } catch {
    throw new Mp3AugmentError("INVALID_OPTION", "state is not what toJSON gave");
  }
}
