/** The round trip of 16-bit samples as WAV files have them. */
import { Mp3AugmentError } from "../ffi/errors.ts";
import { isSame, overlap } from "./audio.ts";
import { MAX_FRAMES } from "./constants.ts";
import { runJob } from "./jobs.ts";
import { checkObject, namesOf } from "./option-names.ts";
import { checkStatus, delayedFrameCount, library, packOptions } from "./native.ts";
import { newCodes } from "./results.ts";
import {
  type Abortable,
  ABORTABLE_NAMES,
  checkOptions,
  checkSignal,
  CODING_NAMES,
  type CodingOptions,
  type DrawnOptions,
  EXTRAS_NAMES,
  type RateControl,
  type RoundtripExtras,
  type RoundtripThreads,
} from "./options.ts";
import { checkView, plainView, privateView, writeInto } from "./views.ts";

/** How 16-bit samples go through the codec; `channels` says how many are interleaved. */
export type Pcm16Options =
  & CodingOptions
  & RateControl
  & RoundtripExtras
  & Pcm16Output
  & RoundtripThreads
  & Pick<DrawnOptions, "codedBitrateKbps">;

/** The same in the background. */
export type AsyncPcm16Options =
  & CodingOptions
  & RateControl
  & RoundtripExtras
  & Pcm16Output
  & Pick<DrawnOptions, "codedBitrateKbps">
  & Abortable;

/** Where the result of {@linkcode compressPcm16} goes. */
export interface Pcm16Output {
  /**
   * Where to write the result; it may be exactly the samples themselves (without `preserveDelay`).
   * Default: new memory.
   */
  out?: Int16Array;
}

/**
 * As `compressRoundtrip` for 16-bit samples, channels interleaved, as WAV files have them: what
 * comes out is rounded to 16 bits and limited to them. Nothing becomes a float on the way in
 * JavaScript.
 *
 * Blocks the calling thread; see {@linkcode compressPcm16Async}.
 *
 * @param samples whole frames: left, right, left, …
 * @param options how to code; `channels` is how many are interleaved, 1 by default
 * @returns `options.out` if given, else new memory
 * @throws {Mp3AugmentError} with a code for what is wrong
 *
 * @example
 * ```ts
 * import { compressPcm16 } from "@mp3-augment/mp3-augment";
 *
 * const samples = new Int16Array(16000); // a second of mono
 * compressPcm16(samples, { sampleRate: 16000, bitrateKbps: 24, out: samples });
 * console.log(samples.length); // 16000
 * ```
 */
export function compressPcm16(samples: Int16Array, options: Pcm16Options): Int16Array {
  const call = checkCall(samples, checkObject(options, NAMES));
  const { packedOptions, input, outputCount, preserveDelay, out } = call;
  if (out !== undefined) {
    checkApart(toPcm16(out, "out"), toPcm16(samples, "samples"), preserveDelay);
  }
  const result = out ?? newCodes(outputCount);
  writeInto([toPcm16(result, "out")], ([output = result]) => {
    const { native } = library();
    checkStatus(
      native.mp3a_roundtrip_pcm16(packedOptions, input, input.length, output, outputCount),
    );
  });
  return result;
}

/**
 * {@linkcode compressPcm16}, with the same bits, on a thread of the library's own pool.
 *
 * @param samples whole frames: left, right, left, …; copied before the call returns
 * @param options how to code; `out` may overlap the samples, `signal` aborts the call
 * @returns a promise of `options.out` if given, else of new memory; it rejects as
 * `compressRoundtripAsync` does
 *
 * @example
 * ```ts
 * import { compressPcm16Async } from "@mp3-augment/mp3-augment";
 *
 * const interleaved = new Int16Array(2 * 44100); // a second of stereo, as WAV files have it
 * const options = { sampleRate: 44100, bitrateKbps: 64, channels: 2, out: interleaved } as const;
 * console.log((await compressPcm16Async(interleaved, options)).length); // 88200
 * ```
 */
// Not a promise before the first await: a function that is async copies before it returns.
export async function compressPcm16Async(
  samples: Int16Array,
  options: AsyncPcm16Options,
): Promise<Int16Array> {
  const object = checkObject(options, ASYNC_NAMES);
  const signal = checkSignal(object); // all options before the memory: they may be getters
  const { packedOptions, input, outputCount, out } = checkCall(samples, object);
  signal?.throwIfAborted();
  const { native } = library();
  return await runJob(
    (queue, tag, status) =>
      native.mp3a_roundtrip_pcm16_job_start(queue, packedOptions, input, input.length, tag, status),
    signal,
    (_job, endJob) => {
      const result = out ?? newCodes(outputCount);
      const output = toPcm16(result, "out"); // its owner may have transferred it meanwhile
      checkRoom(output, outputCount);
      writeInto(
        [output],
        ([target = output]) =>
          checkStatus(
            endJob((job) => native.mp3a_roundtrip_pcm16_job_end(job, target, outputCount)),
          ),
      );
      return result;
    },
  );
}

const NAMES = [
  ...CODING_NAMES,
  ...EXTRAS_NAMES,
  ...namesOf<Pcm16Output & RoundtripThreads>({ out: true, threads: true }),
  ...namesOf<Pick<DrawnOptions, "codedBitrateKbps">>({ codedBitrateKbps: true }),
];
const ASYNC_NAMES = [...NAMES.filter((name) => name !== "threads"), ...ABORTABLE_NAMES];

/** Checks all but whether memory overlaps. */
function checkCall(samples: unknown, options: Record<string, unknown>) {
  const { coding, preserveDelay, preserveLevel, out, threads } = checkOptions(options);
  const { channels: channelCount = 1 } = coding;
  const extras = { channelCount, preserveDelay, preserveLevel, threads, passes: coding.passes };
  const packedOptions = packOptions(coding, extras);
  const input = privateView(toPcm16(samples, "samples"));
  const frameCount = countFrames(input, channelCount);
  const outputCount = channelCount *
    (preserveDelay ? delayedFrameCount(packedOptions, frameCount) : frameCount);
  if (out !== undefined) checkRoom(toPcm16(out, "out"), outputCount); // before any work
  return {
    packedOptions,
    input,
    outputCount,
    preserveDelay,
    out: out as Int16Array | undefined,
  };
}

function toPcm16(samples: unknown, name: string): Int16Array {
  checkView(samples, "Int16Array", name);
  return plainView(samples as Int16Array);
}

function countFrames({ length }: Int16Array, channelCount: number): number {
  const frameCount = length / channelCount;
  if (Number.isInteger(frameCount) && frameCount >= 1 && frameCount <= MAX_FRAMES) {
    return frameCount;
  }
  throw new Mp3AugmentError(
    length === 0 ? "EMPTY_AUDIO" : "INVALID_AUDIO",
    `samples has ${length} samples of ${channelCount} channels; ` +
      `whole frames are needed, from 1 to ${MAX_FRAMES}`,
  );
}

function checkRoom(output: Int16Array, needed: number): void {
  if (output.length === needed) return;
  throw new Mp3AugmentError(
    "INVALID_OPTION",
    `out has ${output.length} samples, but the result has ${needed}`,
  );
}

/** Throws where the result would be written over what is still to be read. */
function checkApart(output: Int16Array, input: Int16Array, preserveDelay: boolean): void {
  if (!overlap(output, input) || (isSame(output, input) && !preserveDelay)) return;
  throw new Mp3AugmentError(
    "INVALID_OPTION",
    "out overlaps samples: it may be exactly these (without preserveDelay), or other memory",
  );
}

/**
 * The largest magnitude of 16-bit samples, with full scale (32768) as 1.
 *
 * @throws {Mp3AugmentError} `INVALID_AUDIO` for what is no Int16Array, or too long
 *
 * @example
 * ```ts
 * import { peakOfPcm16 } from "@mp3-augment/mp3-augment";
 *
 * console.log(peakOfPcm16(Int16Array.of(0, 16384, -32768))); // 1
 * ```
 */
export function peakOfPcm16(samples: Int16Array): number {
  const input = privateView(toPcm16(samples, "samples"));
  if (input.length > 2 * MAX_FRAMES) {
    throw new Mp3AugmentError(
      "INVALID_AUDIO",
      `samples has ${input.length} samples; at most ${2 * MAX_FRAMES} are allowed: split it`,
    );
  }
  return library().native.mp3a_pcm16_peak(input, input.length);
}
