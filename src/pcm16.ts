/** The round trip of 16-bit samples as WAV files have them. */
import { Mp3AugmentError } from "../ffi/errors.ts";
import { MAX_FRAMES } from "./constants.ts";
import { runJob } from "./jobs.ts";
import { checkObject, namesOf } from "./option-names.ts";
import { checkStatus, delayedFrameCount, library, packOptions } from "./native.ts";
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
} from "./options.ts";
import { checkView, plainView, privateView, writeInto } from "./views.ts";

/** How 16-bit samples go through the codec; `channels` says how many are interleaved. */
export type Pcm16Options =
  & CodingOptions
  & RateControl
  & RoundtripExtras
  & Pcm16Output
  & Pick<DrawnOptions, "codedBitrateKbps">
  & Abortable;

/** Where the result of {@linkcode compressPcm16Async} goes. */
export interface Pcm16Output {
  /** Where to write the result; it may be the samples themselves. Default: new memory. */
  out?: Int16Array;
}

/**
 * As `compressRoundtripAsync` for 16-bit samples, channels interleaved, as WAV files have them:
 * what comes out is rounded to 16 bits and limited to them. Nothing becomes a float on the way in
 * JavaScript.
 *
 * @param samples whole frames: left, right, left, …; copied before the call returns
 * @param options how to code; `channels` is how many are interleaved, 1 by default
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
  options: Pcm16Options,
): Promise<Int16Array> {
  const object = checkObject(options, NAMES);
  const { packedOptions, channelCount, preserveDelay, out } = checkPcm16Options(object);
  const signal = checkSignal(object);
  signal?.throwIfAborted();
  const input = privateView(toPcm16(samples, "samples"));
  const frameCount = countFrames(input, channelCount);
  const outputCount = channelCount *
    (preserveDelay ? delayedFrameCount(packedOptions, frameCount) : frameCount);
  if (out !== undefined) checkRoom(toPcm16(out, "out"), outputCount); // before any work
  const { native } = library();
  return await runJob(
    (queue, tag, status) =>
      native.mp3a_roundtrip_pcm16_job_start(queue, packedOptions, input, input.length, tag, status),
    signal,
    (_job, endJob) => {
      const result = out ?? new Int16Array(outputCount);
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
  ...namesOf<Pcm16Output>({ out: true }),
  ...namesOf<Pick<DrawnOptions, "codedBitrateKbps">>({ codedBitrateKbps: true }),
  ...ABORTABLE_NAMES,
];

function checkPcm16Options(options: Record<string, unknown>) {
  const { coding, preserveDelay, preserveLevel, out } = checkOptions(options);
  const { channels: channelCount = 1 } = coding;
  const { passes } = coding;
  const packedOptions = packOptions(coding, { channelCount, preserveDelay, preserveLevel, passes });
  return { packedOptions, channelCount, preserveDelay, out: out as Int16Array | undefined };
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
