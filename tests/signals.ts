/** Test audio, real and made, and measures of what became of it. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

let recording: Float32Array | undefined;

/** A real recording from the npm package audio-lena: mono, 44.1 kHz, 12 s. */
export function realAudio(): Float32Array {
  if (recording === undefined) {
    const folder = dirname(createRequire(import.meta.url).resolve("audio-lena"));
    const bytes = readFileSync(join(folder, "lena.raw"));
    recording = new Float32Array(bytes.buffer.slice(
      bytes.byteOffset,
      bytes.byteOffset + bytes.byteLength,
    ));
  }
  return recording;
}

/** The sample rate of `realAudio` in Hz. */
export const REAL_AUDIO_RATE = 44100;

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** A voice-like tone that glides below 700 Hz, so that every bitrate can carry it. */
export function makeSignal(frameCount: number, sampleRate: number, seed = 1): Float32Array {
  const random = randomNumbers(seed);
  const samples = new Float32Array(frameCount);
  let phase = 0;
  for (let i = 0; i < frameCount; i++) {
    const t = i / sampleRate;
    phase += 2 * Math.PI * (180 + 60 * Math.sin(2.3 * t + seed)) / sampleRate;
    const swell = 0.6 + 0.4 * Math.sin(9 * t + seed);
    samples[i] = swell * (0.45 * Math.sin(phase) + 0.25 * Math.sin(2 * phase)) +
      0.002 * (random() - 0.5);
  }
  return samples;
}

/** One gliding tone from 90 to 390 Hz: what the lowest bitrates can still carry. */
export function makeTone(frameCount: number, sampleRate: number, seed = 1): Float32Array {
  return Float32Array.from({ length: frameCount }, (_, i) => {
    const t = i / sampleRate;
    return 0.7 * Math.sin(2 * Math.PI * (150 * t + 60 * Math.sin(4 * t + seed)));
  });
}

/** The correlation coefficient of two stretches of equal length. */
export function correlation(a: Float32Array, b: Float32Array): number {
  let ab = 0, aa = 0, bb = 0;
  for (let i = 0; i < a.length; i++) {
    const x = a[i] ?? 0, y = b[i] ?? 0;
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  return aa > 0 && bb > 0 ? ab / Math.sqrt(aa * bb) : 0;
}

/** How many samples `output` is late: the shift of highest correlation within +-range. */
export function findOffset(input: Float32Array, output: Float32Array, range: number): number {
  const length = Math.min(input.length, output.length);
  let best = 0, bestValue = -Infinity;
  for (let shift = -range; shift <= range; shift++) {
    const from = Math.max(0, -shift);
    const count = Math.min(length - from, output.length - from - shift);
    const value = correlation(
      input.subarray(from, from + count),
      output.subarray(from + shift, from + shift + count),
    );
    if (value > bestValue) {
      bestValue = value;
      best = shift;
    }
  }
  return best;
}

/** Signal to noise in dB: `reference` against what differs from it. */
export function snr(reference: Float32Array, actual: Float32Array): number {
  let signal = 0, noise = 0;
  for (let i = 0; i < reference.length; i++) {
    const x = reference[i] ?? 0;
    signal += x * x;
    noise += (x - (actual[i] ?? 0)) ** 2;
  }
  return 10 * Math.log10(signal / noise);
}

/** The largest magnitude. */
export function peakOf(samples: Float32Array): number {
  return samples.reduce((peak, sample) => Math.max(peak, Math.abs(sample)), 0);
}

/** Whether every sample is a finite number. */
export function isFinite(samples: Float32Array): boolean {
  return samples.every(Number.isFinite);
}

/** Whether two arrays hold the same bits. */
export function sameBits(a: Float32Array, b: Float32Array): boolean {
  const x = new Uint32Array(a.slice().buffer), y = new Uint32Array(b.slice().buffer);
  return x.length === y.length && x.every((bits, index) => bits === y[index]);
}
