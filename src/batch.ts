import { Mp3AugmentError, show } from "../ffi/errors.ts";
import type { Audio } from "./audio.ts";
import { checkObject, namesOf } from "./option-names.ts";
import { ROUNDTRIP_NAMES, type RoundtripOptions } from "./options.ts";
import { BATCH_NAMES, type BatchOptions, locate, prepareBatch } from "./batch-run.ts";
import { checkCall, type CheckedCall, runCall } from "./roundtrip.ts";
import { checkFinite } from "./samples.ts";

/** One clip of a batch: its audio and how it is coded. */
export type BatchJob = { samples: Audio } & RoundtripOptions;

const JOB_NAMES = [...namesOf<Pick<BatchJob, "samples">>({ samples: true }), ...ROUNDTRIP_NAMES];

function checkJob(
  job: unknown,
  index: number,
  oneThread: boolean,
): CheckedCall {
  try {
    if (typeof job !== "object" || job === null) {
      throw new Mp3AugmentError(
        "INVALID_OPTION",
        `${show(job)} is not a job with samples`,
      );
    }
    const object = checkObject(job, JOB_NAMES);
    const call = checkCall(object["samples"], object, oneThread);
    checkFinite(call.input);
    return call;
  } catch (error) {
    throw locate(error, "jobs", index);
  }
}

/**
 * The round trip of many clips, each with its own options, on all cores. Every
 * result has the bits of a single call. A job with `shouldApply: false` is left as
 * it is: its result is its clip.
 *
 * All jobs, and all their samples, are checked before the first one starts. An
 * error or an abort ends the batch. A clip is copied when its turn comes, so memory
 * beyond inputs and results holds only the few clips under way; leave inputs alone
 * until then.
 *
 * @param jobs the clips; results come in the same order
 * @param options threads, progress, abort
 * @returns a promise of the results, each in its input's form; it rejects with
 * an {@linkcode Mp3AugmentError} that names the job's index, with `signal.reason`
 * on an abort, or with what `onProgress` throws
 *
 * @example
 * ```ts
 * import { compressRoundtripBatch } from "@mp3-augment/mp3-augment";
 *
 * const samples = new Float32Array(16000);
 * const jobs = [16, 24, 32].map((bitrateKbps) => ({ samples, sampleRate: 16000, bitrateKbps }));
 * const clips = await compressRoundtripBatch(jobs, {
 *   onProgress: (done, total) => console.log(`${done} of ${total}`),
 * });
 * console.log(clips.length); // 3
 * ```
 */
// An async function also turns the errors of its checks into rejections.
export async function compressRoundtripBatch(
  jobs: readonly BatchJob[],
  options: BatchOptions = {},
): Promise<Audio[]> {
  const batch = prepareBatch(checkObject(options, BATCH_NAMES));
  const calls = Array.from(jobs, (job, index) => checkJob(job, index, batch.oneThread));
  return await batch.run(
    calls.length,
    "jobs",
    (index, signal) => runCall(calls[index] as CheckedCall, signal),
  );
}
