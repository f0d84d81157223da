/**
 * Sample rate conversion by a windowed sinc, aligned. The filter is that of libsamplerate's medium
 * sinc to −126 dB: a spec compares both. All is done by operations that IEEE 754 fixes, so every
 * runtime gives the same bits.
 */
import { Mp3AugmentError, show } from "../ffi/errors.ts";
import { toPlanes } from "./audio.ts";

/** What passes, as a part of the lower rate's half. */
const CUTOFF = 0.9190632104873657;
/** How many samples of the lower rate the filter reaches to either side. */
const REACH = 45.65;
/** The window: Kaiser's, times a polynomial in the squared distance. */
const KAISER_BETA = 12.15;
const WINDOW = [1.00000008, -0.0377997, -0.00668128] as const;

/** Values of the filter between two samples of the lower rate, interpolated linearly. */
const STEPS = 2048;
/** The most positions between two samples whose weights are kept. */
const MAX_KEPT_PHASES = 1024;

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

/** sin(πx)/(πx): `Math.sin` differs between runtimes in its last bit. */
function sinc(x: number): number {
  if (x === 0) return 1;
  const turns = Math.round(x);
  const angle = Math.PI * (x - turns);
  let term = angle;
  let sum = angle;
  for (let n = 2; n < 26; n += 2) {
    term *= -angle * angle / (n * (n + 1));
    sum += term;
  }
  return (turns % 2 === 0 ? sum : -sum) / (Math.PI * x);
}

/** The Bessel function I₀ of the root of 4 `quarter`. */
function besselI0(quarter: number): number {
  let term = 1;
  let sum = 1;
  for (let n = 1; term > 1e-17 * sum; n++) {
    term *= quarter / (n * n);
    sum += term;
  }
  return sum;
}

function filterAt(distance: number): number {
  const part = (distance / REACH) ** 2;
  if (part >= 1) return 0;
  const quarter = KAISER_BETA * KAISER_BETA / 4;
  const kaiser = besselI0(quarter * (1 - part)) / besselI0(quarter);
  const [a, b, c] = WINDOW;
  return CUTOFF * (a + part * (b + part * c)) * kaiser * sinc(CUTOFF * distance);
}

let filter: Float64Array | undefined;

/** The filter's right half, made at its first use. */
function filterTable(): Float64Array {
  return filter ??= Float64Array.from(
    { length: Math.ceil(REACH) * STEPS + 2 },
    (_, index) => filterAt(index / STEPS),
  );
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

/** One channel's sample rate conversion, block by block. */
export interface Resampler {
  /** What a block completes. */
  push(block: Float32Array): Float32Array;
  /** The rest, so that `frameCount` have come in all. */
  finish(frameCount: number): Float32Array;
}

/** A converter of its own. */
export function createResampler(fromRate: number, toRate: number): Resampler {
  const divisor = Number.isInteger(fromRate) && Number.isInteger(toRate)
    ? gcd(fromRate, toRate)
    : 1;
  const [step, stepsPerSample] = [fromRate / divisor, toRate / divisor];
  const scale = Math.min(1, toRate / fromRate);
  const reach = Math.ceil(REACH / scale);
  const weightsOf = weightsByPhase(stepsPerSample, scale, reach);
  let heard = new Float32Array(reach); // silence before the start
  let firstHeard = -reach;
  let position = 0;

  /** Outputs up to `end`; all that they need has been heard. */
  function convert(end: number): Float32Array {
    const output = new Float32Array(Math.max(0, end - position));
    for (let i = 0; i < output.length; i++, position++) {
      const at = position * step;
      const sample = Math.floor(at / stepsPerSample);
      const weights = weightsOf(at - sample * stepsPerSample);
      const first = sample - reach + 1 - firstHeard;
      let sum = 0;
      for (let k = 0; k < weights.length; k++) {
        sum += (weights[k] as number) * (heard[first + k] as number);
      }
      output[i] = sum;
    }
    return output;
  }

  function hear(block: Float32Array): void {
    const firstNeeded = Math.floor(position * step / stepsPerSample) - reach + 1;
    const kept = heard.subarray(Math.min(heard.length, Math.max(0, firstNeeded - firstHeard)));
    firstHeard += heard.length - kept.length;
    const joined = new Float32Array(kept.length + block.length);
    joined.set(kept);
    joined.set(block, kept.length);
    heard = joined;
  }

  return {
    push(block) {
      hear(block);
      const known = firstHeard + heard.length - reach;
      return convert(Math.max(position, Math.ceil(known * stepsPerSample / step)));
    },
    finish(frameCount) {
      const lastNeeded = Math.ceil(frameCount * step / stepsPerSample) + reach;
      hear(new Float32Array(Math.max(0, lastNeeded - firstHeard - heard.length)));
      return convert(frameCount);
    },
  };
}

/** The weights of the `2 * reach` samples around an output, by its steps after one of them. */
function weightsByPhase(
  stepsPerSample: number,
  scale: number,
  reach: number,
): (phase: number) => Float64Array {
  const table = filterTable();
  const fill = (row: Float64Array, phase: number) => {
    for (let k = 0; k < row.length; k++) {
      const distance = Math.abs(k - reach + 1 - phase / stepsPerSample) * scale * STEPS;
      const index = Math.min(Math.floor(distance), table.length - 2);
      const [low, high] = [table[index] as number, table[index + 1] as number];
      row[k] = scale * (low + (high - low) * Math.min(1, distance - index));
    }
    return row;
  };
  const kept = new Map<number, Float64Array>();
  const row = new Float64Array(2 * reach);
  return (phase) => {
    if (!Number.isInteger(stepsPerSample) || stepsPerSample > MAX_KEPT_PHASES) {
      return fill(row, phase);
    }
    let weights = kept.get(phase);
    if (!weights) kept.set(phase, weights = fill(new Float64Array(2 * reach), phase));
    return weights;
  };
}

/**
 * One channel at another sample rate: a sinc of 91 samples that passes 92 % of the lower rate's
 * band, aligned.
 *
 * @param samples the channel; it stays as it is
 * @param fromRate its sample rate in Hz, from 1000 to 768000
 * @param toRate the wanted one, likewise
 * @returns as many samples as take as long, rounded up
 * @throws {Mp3AugmentError} `UNSUPPORTED_SAMPLE_RATE`, or `INVALID_AUDIO` for what is no audio
 *
 * @example
 * ```ts
 * import { resample } from "@mp3-augment/mp3-augment/transform";
 *
 * const second = resample(new Float32Array(44100), 44100, 16000);
 * console.log(second.length); // 16000
 * ```
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
  const resampler = createResampler(fromRate, toRate);
  const output = new Float32Array(frameCount);
  const first = resampler.push(samples).subarray(0, frameCount);
  output.set(first);
  output.set(resampler.finish(frameCount).subarray(0, frameCount - first.length), first.length);
  return output;
}

/**
 * `resample` block by block, in bounded memory: blocks of any size go in, one array per channel, and
 * what comes out, put together, is what `resample` gives for each channel.
 *
 * @param blocks all with the same number of channels; they stay as they are
 * @param fromRate their sample rate in Hz, from 1000 to 768000
 * @param toRate the wanted one, likewise
 * @throws {Mp3AugmentError} as `resample`, when the first block is asked for
 *
 * @example
 * ```ts
 * import { resampleBlocks } from "@mp3-augment/mp3-augment/transform";
 *
 * async function* read() {
 *   for (let i = 0; i < 3; i++) yield [new Float32Array(16000), new Float32Array(16000)];
 * }
 * let sampleCount = 0;
 * for await (const [left] of resampleBlocks(read(), 16000, 8000)) sampleCount += left?.length ?? 0;
 * console.log(sampleCount); // 24000
 * ```
 */
export async function* resampleBlocks(
  blocks: AsyncIterable<readonly Float32Array[]>,
  fromRate: number,
  toRate: number,
): AsyncIterable<Float32Array[]> {
  checkResampledRate(fromRate, "fromRate");
  checkResampledRate(toRate, "toRate");
  let resamplers: Resampler[] | undefined;
  let [heardCount, madeCount] = [0, 0];
  for await (const block of blocks) {
    const channels = toChannels(block, resamplers?.length);
    resamplers ??= channels.map(() => createResampler(fromRate, toRate));
    heardCount += channels[0]?.length ?? 0;
    const made = resamplers.map((resampler, i) => resampler.push(channels[i] as Float32Array));
    madeCount += made[0]?.length ?? 0;
    if (made[0]?.length) yield made;
  }
  const frameCount = resampledCount(heardCount, fromRate, toRate);
  if (madeCount < frameCount) yield (resamplers ?? []).map(({ finish }) => finish(frameCount));
}

/** A block's channels, checked; `count`: of the blocks before. */
function toChannels(block: readonly Float32Array[], count = block.length): Float32Array[] {
  const channels = block.flatMap((channel) => toPlanes(channel, 1, "a channel").channels);
  const lengths = channels.map(({ length }) => length);
  if (lengths.length === count && lengths.every((length) => length === lengths[0])) return channels;
  throw new Mp3AugmentError(
    "INVALID_AUDIO",
    `a block has channels of ${lengths.join(", ")} samples; all must have ${count}, of one length`,
  );
}
