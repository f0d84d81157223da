/** Which bitrates LAME really codes with. What MPEG allows is known to C. */
import { SAMPLE_RATES } from "./constants.ts";
import { library } from "./native.ts";

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
