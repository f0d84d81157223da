/**
 * How a coded clip compares with its original. All channels count together.
 *
 * @module
 */
import { type Channels, framesWithin, lengthOf, powerFrames } from "./spectrogram.ts";

/** What a row of the report's table holds. `NaN` where silence makes it meaningless. */
export interface Metrics {
  /** See {@linkcode levelDb}. */
  readonly levelDb: number;
  /** See {@linkcode snrDb}. */
  readonly snrDb: number;
  /** See {@linkcode logSpectralDistanceDb}. */
  readonly logSpectralDistanceDb: number;
  /** See {@linkcode bandwidthHz}. */
  readonly bandwidthHz: number;
}

/** All of them at once. */
export function measure(original: Channels, coded: Channels, sampleRate: number): Metrics {
  return {
    levelDb: levelDb(original, coded),
    snrDb: snrDb(original, coded),
    logSpectralDistanceDb: logSpectralDistanceDb(original, coded, sampleRate),
    bandwidthHz: bandwidthHz(coded, sampleRate),
  };
}

/** Below this many dB under the original's peak a spectrum counts as empty. */
const FLOOR_DB = 100;

/** How far below its highest point a long-term spectrum ends, in dB. */
const BANDWIDTH_DB = 70;

function sumProducts(a: Channels, b: Channels): number {
  let sum = 0;
  a.forEach((channel, index) => {
    const other = b[index] as Float32Array;
    for (let i = 0; i < channel.length; i++) sum += (channel[i] as number) * (other[i] as number);
  });
  return sum;
}

/**
 * By how many dB the coded clip's mean power is above the original's. LAME's own scaling makes
 * -0.45 up to 160 kbps; the rest is what was lost.
 *
 * @returns `-Infinity` if only the coded clip is silent, `NaN` if both are
 */
export function levelDb(original: Channels, coded: Channels): number {
  return 10 * Math.log10(sumProducts(coded, coded) / sumProducts(original, original));
}

/** The factor by which the original must be scaled to come closest to what was coded. */
function gainOf(original: Channels, coded: Channels): number {
  return sumProducts(original, coded) / sumProducts(original, original);
}

/**
 * The signal-to-noise ratio in dB after matching levels: the original, scaled so that it comes
 * closest to the coded clip, against what the coded clip differs from that.
 *
 * Source: the scale-invariant SDR of Le Roux, Wisdom, Erdogan and Hershey, "SDR - half-baked or
 * well done?", ICASSP 2019. Without the matching, LAME's factor of 0.95 alone would limit the ratio
 * to 26 dB.
 *
 * @returns `Infinity` for equal clips, `NaN` if either is silent
 */
export function snrDb(original: Channels, coded: Channels): number {
  const gain = gainOf(original, coded);
  let noise = 0;
  original.forEach((channel, index) => {
    const other = coded[index] as Float32Array;
    for (let i = 0; i < channel.length; i++) {
      noise += ((other[i] as number) - gain * (channel[i] as number)) ** 2;
    }
  });
  return 10 * Math.log10(gain ** 2 * sumProducts(original, original) / noise);
}

/**
 * The log-spectral distance in dB: per frame the root mean square, over all frequencies, of the
 * difference of the two power spectra in dB; then the mean over the frames. Frames are Hann windows of about 46 ms, a quarter of that apart. What is more than 100 dB below
 * the original's peak counts as being just there, so that digital silence has a distance.
 *
 * Source: Gray and Markel, "Distance measures for speech processing", IEEE Transactions on
 * Acoustics, Speech and Signal Processing 24(5), 1976.
 *
 * @returns `NaN` if the original is silent
 */
export function logSpectralDistanceDb(
  original: Channels,
  coded: Channels,
  sampleRate: number,
): number {
  const floor = peakOf(original) ** 2 * 10 ** (-FLOOR_DB / 10);
  const frames = framesWithin(lengthOf(original), sampleRate);
  const codedFrames = powerFrames(coded, frames);
  let sum = 0, frameCount = 0;
  for (const power of powerFrames(original, frames)) {
    const codedPower = codedFrames.next().value as Float64Array;
    let squares = 0;
    for (let k = 0; k < power.length; k++) {
      const from = Math.max(floor, power[k] as number);
      const to = Math.max(floor, codedPower[k] as number);
      squares += (10 * Math.log10(to / from)) ** 2;
    }
    sum += Math.sqrt(squares / power.length);
    frameCount += 1;
  }
  return sum / frameCount;
}

function peakOf(channels: Channels): number {
  let peak = 0;
  for (const channel of channels) {
    for (const sample of channel) peak = Math.max(peak, Math.abs(sample));
  }
  return peak;
}

/**
 * The bandwidth in Hz: the highest frequency at which the long-term power spectrum is no more than
 * 70 dB below its highest point. That spectrum is the mean over Hann windows of about 46 ms, a
 * quarter of that apart.
 *
 * Source: Welch, "The use of fast Fourier transform for the estimation of power spectra", IEEE
 * Transactions on Audio and Electroacoustics 15(2), 1967, for the spectrum; the 70 dB are ours: low
 * enough for the weak top of a recording, above the noise of 16 bits.
 *
 * @returns `NaN` for silence
 */
export function bandwidthHz(channels: Channels, sampleRate: number): number {
  const frames = framesWithin(lengthOf(channels), sampleRate);
  const sums = new Float64Array(frames.frameSize / 2);
  for (const power of powerFrames(channels, frames)) {
    for (let k = 0; k < power.length; k++) sums[k] = (sums[k] as number) + (power[k] as number);
  }
  const highest = sums.reduce((a, b) => Math.max(a, b));
  if (!(highest > 0)) return NaN;
  const threshold = highest * 10 ** (-BANDWIDTH_DB / 10);
  return sums.findLastIndex((sum) => sum >= threshold) * sampleRate / frames.frameSize;
}
