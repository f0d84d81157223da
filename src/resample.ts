/** Sample rate conversion by libsamplerate, which sees to phase and aliasing. */
import * as libsamplerate from "@alexanderolsen/libsamplerate-js";

import { Mp3AugmentError, show } from "../ffi/errors.ts";
import { toPlanes } from "./audio.ts";

// A CommonJS package: Deno has its exports under `default`, Bun beside it too.
type Library = typeof libsamplerate;
const { create, ConverterType } = (libsamplerate as unknown as { default?: Library }).default ??
  libsamplerate;

type Converter = Awaited<ReturnType<typeof create>>;

function createConverter(fromRate: number, toRate: number): Promise<Converter> {
  return create(1, fromRate, toRate, { converterType: ConverterType.SRC_SINC_MEDIUM_QUALITY });
}

// One converter for all whole clips: making it is asynchronous, using it is not.
const shared = await createConverter(48000, 44100);

/** More than the filter's reach on both sides, at any ratio that is used. */
const FLUSH_FRAMES = 4096;
/** The converter's own memory holds a million samples. */
const BLOCK_FRAMES = 1 << 16;

const LOWEST_RATE = 1000;
const HIGHEST_RATE = 768000;

/** Checks a sample rate that is resampled from or to. */
export function checkResampledRate(value: unknown, name: string): asserts value is number {
  if (typeof value === "number" && value >= LOWEST_RATE && value <= HIGHEST_RATE) return;
  throw new Mp3AugmentError(
    "UNSUPPORTED_SAMPLE_RATE",
    `${name} is ${show(value)}; it must be from ${LOWEST_RATE} to ${HIGHEST_RATE} Hz`,
  );
}

/** How many samples there are of so many at another rate. */
export function resampledCount(frameCount: number, fromRate: number, toRate: number): number {
  return Math.ceil(frameCount * toRate / fromRate);
}

function flushSilence(fromRate: number, toRate: number): Float32Array {
  return new Float32Array(FLUSH_FRAMES * Math.ceil(fromRate / toRate));
}

function* split(samples: Float32Array): Iterable<Float32Array> {
  for (let start = 0; start < samples.length; start += BLOCK_FRAMES) {
    yield samples.slice(start, start + BLOCK_FRAMES);
  }
}

/**
 * One channel at another sample rate: libsamplerate's medium sinc, aligned.
 *
 * @param samples the channel; it stays as it is
 * @param fromRate its sample rate in Hz, from 1000 to 768000
 * @param toRate the wanted one, likewise
 * @returns as many samples as take as long, rounded up
 * @throws {Mp3AugmentError} `UNSUPPORTED_SAMPLE_RATE`, or `INVALID_AUDIO` for what is no audio
 */
export function resample(samples: Float32Array, fromRate: number, toRate: number): Float32Array {
  const [channel = samples] = toPlanes(samples, 1, "samples").channels;
  checkResampledRate(fromRate, "fromRate");
  checkResampledRate(toRate, "toRate");
  return resampleTo(channel, fromRate, toRate, resampledCount(channel.length, fromRate, toRate));
}

/** `samples` at another rate, cut or filled to `frameCount`. */
export function resampleTo(
  samples: Float32Array,
  fromRate: number,
  toRate: number,
  frameCount: number,
): Float32Array {
  shared.inputSampleRate = fromRate; // also forgets what it has heard
  shared.outputSampleRate = toRate;
  const output = new Float32Array(frameCount);
  let position = 0;
  for (const part of [samples, flushSilence(fromRate, toRate)]) {
    for (const block of split(part)) {
      const resampled = shared.full(block).subarray(0, frameCount - position);
      output.set(resampled, position);
      position += resampled.length;
    }
  }
  return output;
}

/** One channel's sample rate conversion, block by block. */
export interface Resampler {
  /** What a block completes. */
  push(block: Float32Array): Float32Array;
  /** The rest, so that `frameCount` have come in all; frees the converter. */
  finish(frameCount: number): Float32Array;
}

/** A converter of its own. */
export async function createResampler(fromRate: number, toRate: number): Promise<Resampler> {
  const converter = await createConverter(fromRate, toRate);
  let position = 0;
  const push = (samples: Float32Array) => {
    const parts = [...split(samples)].map((block) => converter.full(block).slice());
    const output = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
    parts.reduce((at, part) => (output.set(part, at), at + part.length), 0);
    position += output.length;
    return output;
  };
  return {
    push,
    finish(frameCount) {
      const wanted = Math.max(0, frameCount - position);
      const rest = push(flushSilence(fromRate, toRate)).subarray(0, wanted);
      const filled = new Float32Array(wanted);
      filled.set(rest);
      converter.destroy();
      return filled;
    },
  };
}
