/** Sample rate conversion by libsamplerate, which sees to phase and aliasing. */
import * as libsamplerate from "@alexanderolsen/libsamplerate-js";
import { SAMPLE_RATES } from "./constants.ts";

// A CommonJS package: Deno has its exports under `default`, Bun beside it too.
type Library = typeof libsamplerate;
const { create, ConverterType } = (libsamplerate as unknown as { default?: Library }).default ??
  libsamplerate;

// One converter for all calls: making it is asynchronous, using it is not.
const converter = await create(1, 48000, 44100, {
  converterType: ConverterType.SRC_SINC_MEDIUM_QUALITY,
});

/** More than the filter's reach on both sides, at any ratio that is used. */
const FLUSH_FRAMES = 4096;
/** The converter's own memory holds a million samples. */
const BLOCK_FRAMES = 1 << 16;

/** The rate of MP3 that loses nothing of the audio, or else the highest. */
export function nearestSampleRate(sampleRate: number): number {
  return SAMPLE_RATES.find((rate) => rate >= sampleRate) ?? 48000;
}

/** `samples` at another rate, cut or filled to `frameCount`. */
export function resample(
  samples: Float32Array,
  fromRate: number,
  toRate: number,
  frameCount: number = Math.ceil(samples.length * toRate / fromRate),
): Float32Array {
  converter.inputSampleRate = fromRate; // also forgets what it has heard
  converter.outputSampleRate = toRate;
  const output = new Float32Array(frameCount);
  const totalFrameCount = samples.length + FLUSH_FRAMES * Math.ceil(fromRate / toRate);
  let position = 0;
  for (let start = 0; start < totalFrameCount && position < frameCount; start += BLOCK_FRAMES) {
    const block = new Float32Array(Math.min(BLOCK_FRAMES, totalFrameCount - start));
    block.set(samples.subarray(start, start + block.length));
    const resampled = converter.full(block);
    output.set(resampled.subarray(0, frameCount - position), position);
    position += resampled.length;
  }
  return output;
}
