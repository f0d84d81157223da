/** The round trip of 16-bit samples as WAV files have them: for the command line, nothing is copied. */
import { MAX_FRAMES } from "./constants.ts";
import { Mp3AugmentError } from "../ffi/errors.ts";
import { runJob } from "./jobs.ts";
import { checkStatus, library, packOptions } from "./native.ts";
import { checkOptions, type RoundtripOptions } from "./options.ts";

/** 16-bit samples, channels interleaved. */
export interface Pcm16 {
  readonly samples: Int16Array;
  readonly channelCount: number;
}

/** Like `compressRoundtripAsync`: `channels` and `out` are told otherwise. */
export type Pcm16Options = RoundtripOptions & { channels?: undefined; out?: undefined };

/**
 * What 16-bit samples become, rounded to 16 bits.
 *
 * @param clip whole frames of 1 or 2 channels; left alone by the caller until the promise is settled
 * @param makeOutput gives memory for so many samples, which may be the clip's own
 */
export async function compressPcm16(
  clip: Pcm16,
  options: Pcm16Options,
  makeOutput: (sampleCount: number) => Int16Array,
): Promise<Int16Array> {
  const { samples, channelCount } = clip;
  const { coding, preserveDelay, preserveLevel } = checkOptions(options);
  const packedOptions = packOptions(coding, { channelCount, preserveDelay, preserveLevel });
  const frameCount = samples.length / channelCount;
  if (!Number.isInteger(frameCount) || frameCount > MAX_FRAMES) {
    throw invalid(`${samples.length} samples are no whole frames, or more than ${MAX_FRAMES}`);
  }
  const { native } = library();
  const outputCount = channelCount * native.mp3a_output_frame_count(packedOptions, frameCount);
  const output = makeOutput(outputCount);
  if (output.length !== outputCount) throw invalid(`the output has no room for ${outputCount}`);
  return await runJob(
    (queue, tag, status) =>
      native.mp3a_pcm16_job_start(queue, packedOptions, samples, frameCount, output, tag, status),
    undefined, // an abort would give the memory back too early
    (_job, endJob) => {
      checkStatus(endJob((job) => native.mp3a_job_end(job, null, null, null)));
      return output;
    },
  );
}

/** The largest magnitude, with full scale as 1. */
export function peakOfPcm16(samples: Int16Array): number {
  if (samples.length > 2 * MAX_FRAMES) throw invalid(`${samples.length} samples are too many`);
  return library().native.mp3a_pcm16_peak(samples, samples.length);
}

function invalid(message: string): Mp3AugmentError {
  return new Mp3AugmentError("INVALID_AUDIO", message);
}
