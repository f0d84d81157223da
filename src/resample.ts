/** Sample rate conversion by a windowed sinc, aligned: the library's, block by block. */
import { Mp3AugmentError, show } from "../ffi/errors.ts";
import { type Handle, MAX_STREAM_FRAMES } from "../ffi/symbols.ts";
import { toPlanes } from "./audio.ts";
import { NativeHandle } from "./handle.ts";
import { checkStatus, library } from "./native.ts";
import { privateView } from "./views.ts";

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

/** One channel's sample rate conversion, block by block. */
export interface Resampler {
  /** What a block completes. */
  push(block: Float32Array): Float32Array;
  /** The rest, so that `frameCount` have come in all. */
  finish(frameCount: number): Float32Array;
}

/** A converter of its own, which is freed at its end, or when it is forgotten. */
export function createResampler(fromRate: number, toRate: number): Resampler {
  const { native } = library();
  const status = new Int32Array(1);
  const created = native.mp3a_resample_stream_create(fromRate, toRate, status);
  checkStatus(status[0] ?? 0);
  const stream = new NativeHandle(created as Handle, native.mp3a_resample_stream_destroy);
  let madeCount = 0;

  function write(piece: Float32Array): Float32Array {
    const capacity = native.mp3a_resample_stream_capacity(stream.pointer, piece.length);
    const output = new Float32Array(capacity);
    const count = new Int32Array(1);
    const status = native.mp3a_resample_stream_write(
      stream.pointer,
      piece,
      piece.length,
      output,
      capacity,
      count,
    );
    if (status !== 0) stream.free();
    checkStatus(status);
    madeCount += count[0] ?? 0;
    return output.subarray(0, count[0]);
  }

  return {
    push(block) {
      const samples = privateView(block);
      const outputs: Float32Array[] = [];
      for (let at = 0; at < samples.length; at += MAX_STREAM_FRAMES) {
        outputs.push(write(samples.subarray(at, at + MAX_STREAM_FRAMES)));
      }
      return outputs.length === 1 ? outputs[0] as Float32Array : join(outputs);
    },
    finish(frameCount) {
      const missing = Math.max(0, frameCount - madeCount);
      const outputs: Float32Array[] = [];
      while (madeCount < frameCount) outputs.push(write(new Float32Array(SILENCE)));
      stream.free();
      return join(outputs).subarray(0, missing);
    },
  };
}

/** How many zeros go in at once at the end. */
const SILENCE = 4096;

function join(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
  let position = 0;
  for (const part of parts) {
    whole.set(part, position);
    position += part.length;
  }
  return whole;
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
  if (resamplers && madeCount < frameCount) {
    yield resamplers.map(({ finish }) => finish(frameCount));
  }
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
