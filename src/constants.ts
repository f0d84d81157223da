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

/** The largest magnitude that is coded where nothing scales louder audio down. */
export const MAX_LEVEL = 4096;

/** The longest clip, in samples per channel. */
export const MAX_FRAMES = 2147483647;

// ISO/IEC 11172-3 and 13818-3, clause 2.4.2.3; LAME stops at 64 kbps in MPEG-2.5.
const MPEG1_KBPS = [
  32,
  40,
  48,
  56,
  64,
  80,
  96,
  112,
  128,
  160,
  192,
  224,
  256,
  320,
];
const MPEG2_KBPS = [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
const MPEG25_KBPS = MPEG2_KBPS.slice(0, 8);

function legalBitrates(sampleRate: number): readonly number[] {
  if (sampleRate >= 32000) return MPEG1_KBPS;
  return sampleRate >= 16000 ? MPEG2_KBPS : MPEG25_KBPS;
}

/**
 * The bitrate that MPEG allows at a sample rate and that LAME uses when asked
 * for another one: the nearest, the lower of two equally near.
 *
 * @param sampleRate one of {@linkcode SAMPLE_RATES}, in Hz
 * @param bitrateKbps any number of kbps
 * @returns kbps, or `NaN` when MP3 has no such sample rate or the bitrate is `NaN`
 */
export function nearestBitrateKbps(
  sampleRate: number,
  bitrateKbps: number,
): number {
  if (!SAMPLE_RATES.includes(sampleRate) || Number.isNaN(bitrateKbps)) {
    return NaN;
  }
  return legalBitrates(sampleRate).reduce((best, candidate) =>
    candidate - bitrateKbps < bitrateKbps - best ? candidate : best
  );
}
