/** What LAME really codes with. What MPEG allows is known to C. */
import { SAMPLE_RATES } from "./constants.ts";
import { library, packOptions } from "./native.ts";
import { checkCoding, type CodingOptions, type RateControl } from "./options.ts";

/** Above all bitrates. */
const HIGHEST_KBPS = 1000;

/**
 * The bitrate that MPEG allows at a sample rate and that LAME uses when asked
 * for another one: the nearest, the lower of two equally near.
 *
 * @param sampleRate one of {@linkcode SAMPLE_RATES}, in Hz
 * @param bitrateKbps any number of kbps
 * @returns kbps, or `NaN` when MP3 has no such sample rate or the bitrate is `NaN`
 * @throws {Mp3AugmentError} as {@linkcode loadLibrary} does: the library knows
 *
 * @example
 * ```ts
 * import { nearestBitrateKbps } from "@mp3-augment/mp3-augment";
 *
 * console.log(nearestBitrateKbps(44100, 144)); // 128: only MPEG-2 has 144
 * ```
 */
export function nearestBitrateKbps(
  sampleRate: number,
  bitrateKbps: number,
): number {
  if (!SAMPLE_RATES.includes(sampleRate) || Number.isNaN(bitrateKbps)) {
    return NaN;
  }
  // Bitrates and the means of neighbours are integers, so rounding up changes no answer.
  const kbps = Math.ceil(Math.min(Math.max(bitrateKbps, 1), HIGHEST_KBPS));
  return library().native.mp3a_nearest_bitrate_kbps(sampleRate, kbps);
}

/**
 * What {@linkcode codedBitrateKbps} and {@linkcode codedSampleRate} must know; `channels` is how
 * many the audio has, 1 by default.
 */
export type CodedRate =
  & Pick<CodingOptions, "sampleRate" | "codedSampleRate" | "lowpassHz" | "channels">
  & RateControl;

/** What matters to both, checked. */
function checkRates(options: CodedRate) {
  const { sampleRate, codedSampleRate, lowpassHz, channels = 1 } = options;
  const { bitrateKbps, averageBitrateKbps, vbrQuality } = options;
  const rates = { bitrateKbps, averageBitrateKbps, vbrQuality };
  const coding = checkCoding({ sampleRate, codedSampleRate, lowpassHz, channels, ...rates });
  return { coding, packed: packOptions(coding, { channelCount: channels }) };
}

/**
 * The bitrate that LAME really codes with: of CBR {@linkcode nearestBitrateKbps} at the coded
 * sample rate, of ABR the average that it aims at, which is one that this rate allows.
 *
 * @param options sample rates and what says how many bits are spent; others are passed over
 * @returns kbps, or undefined for VBR, which has no bitrate beforehand
 * @throws {Mp3AugmentError} for options that are not valid
 *
 * @example
 * ```ts
 * import { codedBitrateKbps } from "@mp3-augment/mp3-augment";
 *
 * console.log(codedBitrateKbps({ sampleRate: 44100, bitrateKbps: 8 })); // 32: MPEG-1's lowest
 * ```
 */
export function codedBitrateKbps(options: CodedRate): number | undefined {
  const { coding, packed } = checkRates(options);
  if (coding.rateControl === "VBR") return undefined;
  const codedRate = library().native.mp3a_coded_sample_rate(packed);
  const nearest = (kbps: number) => nearestBitrateKbps(codedRate, kbps);
  return coding.rateControl === "CBR"
    ? nearest(coding.bitrateKbps)
    : Math.min(Math.max(coding.bitrateKbps, nearest(0)), nearest(Infinity));
}

/**
 * The sample rate that LAME codes at: what `codedSampleRate` says, and for `"auto"` LAME's own
 * choice, which depends on the bitrate, on a lowpass and on whether there is one channel or two.
 *
 * @param options sample rates and what says how many bits are spent; others are passed over
 * @returns Hz
 * @throws {Mp3AugmentError} for options that are not valid
 *
 * @example
 * ```ts
 * import { codedSampleRate } from "@mp3-augment/mp3-augment";
 *
 * const options = { sampleRate: 44100, bitrateKbps: 32, channels: 2 } as const;
 * console.log(codedSampleRate({ ...options, codedSampleRate: "auto" })); // 16000
 * ```
 */
export function codedSampleRate(options: CodedRate): number {
  return library().native.mp3a_coded_sample_rate(checkRates(options).packed);
}

/**
 * The largest `gridOffset` of these options: an MP3 frame less one sample.
 *
 * @example
 * ```ts
 * import { maxGridOffset } from "@mp3-augment/mp3-augment";
 *
 * console.log(maxGridOffset({ sampleRate: 44100, bitrateKbps: 64 })); // 1151
 * ```
 *
 * @param options how to code; `channels` is how many the audio has, 1 by default
 * @throws {Mp3AugmentError} for options that are not valid
 */
export function maxGridOffset(options: CodingOptions & RateControl): number {
  const coding = checkCoding({ ...options, gridOffset: 0 });
  const packed = packOptions(coding, { channelCount: coding.channels ?? 1 });
  return library().native.mp3a_max_grid_offset(packed);
}
