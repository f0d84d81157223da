/** The sample rates of MPEG-1, 2 and 2.5 audio in Hz, ascending. */
export const SAMPLE_RATES: readonly number[] = Object.freeze([
  8000,
  11025,
  12000,
  16000,
  22050,
  24000,
  32000,
  44100,
  48000,
]);

/**
 * The sample rate at which audio of another one is coded after resampling: the next one of
 * {@linkcode SAMPLE_RATES}, so that nothing is lost, and above all of them 48000.
 *
 * @param sampleRate in Hz
 *
 * @example
 * ```ts
 * import { nearestSampleRate } from "@mp3-augment/mp3-augment";
 *
 * console.log(nearestSampleRate(20000), nearestSampleRate(96000)); // 22050 48000
 * ```
 */
export function nearestSampleRate(sampleRate: number): number {
  return SAMPLE_RATES.find((rate) => rate >= sampleRate) ?? 48000;
}

/**
 * The bitrates that may be asked for, in kbps, ascending. Not every one exists
 * at every sample rate: see {@linkcode nearestBitrateKbps}.
 */
export const BITRATES_KBPS: readonly number[] = Object.freeze([
  8,
  16,
  24,
  32,
  40,
  48,
  56,
  64,
  80,
  96,
  112,
  128,
  144,
  160,
  192,
  224,
  256,
  320,
]);

/**
 * The codec's own delay in samples per channel, at any sample rate: 576 of the
 * LAME encoder and 529 of the decoder. `preserveDelay` keeps it at the front.
 */
export const DELAY_SAMPLES = 1105;

export { MAX_LEVEL, MAX_PEAK } from "../ffi/symbols.ts";

/** The most times that one call sends a clip through the codec. */
export const MAX_PASSES = 10;

/** PCM frames in the longest MP3 frame: a whole number of all MP3 frames. */
export const LARGEST_MP3_FRAME = 1152;

/** The most bytes that LAME's tag frame can have. */
export const LARGEST_TAG_BYTES = 2880;

/** The longest clip, in samples per channel. */
export const MAX_FRAMES = 2147483647;
