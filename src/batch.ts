import type { Audio } from "./audio.ts";
import { Mp3AugmentError, show } from "../ffi/errors.ts";
import { library } from "./native.ts";
import { checkObject, checkSignal, type RoundtripOptions } from "./options.ts";
import { checkCall, type CheckedCall, runCall } from "./roundtrip.ts";
import { checkFinite } from "./samples.ts";

/** One clip of a batch: its audio and how it is coded. */
export type BatchJob = { samples: Audio } & RoundtripOptions;

/** How a batch runs. */
export interface BatchOptions {
  /**
   * How many clips are coded at once, each on one thread: an integer from 1 on.
   * Default: as many as the process may use cores.
   */
  threads?: number;
  /** Called after each finished clip with how many are done, and how many there are. */
  onProgress?: (done: number, total: number) => void;
  /** Aborts the batch: it rejects at once with the signal's reason. */
  signal?: AbortSignal;
}

function checkThreads(value: unknown): number | undefined {
  if (
    value === undefined || Number.isInteger(value) && (value as number) >= 1
  ) {
    return value as number | undefined;
  }
  throw new Mp3AugmentError(
    "INVALID_OPTION",
    `threads is ${show(value)}; it must be an integer from 1 on`,
  );
}

function checkProgress(value: unknown): BatchOptions["onProgress"] {
  if (value === undefined || typeof value === "function") {
    return value as BatchOptions["onProgress"];
  }
  throw new Mp3AugmentError(
    "INVALID_OPTION",
    `onProgress is ${show(value)}; it must be a function`,
  );
}

/** The error, with the job's place in its message. */
function locate(error: unknown, index: number): unknown {
  if (!(error instanceof Mp3AugmentError)) return error;
  return new Mp3AugmentError(error.code, `jobs[${index}]: ${error.message}`, {
    cause: error,
  });
}

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
    const call = checkCall((job as BatchJob).samples, job, oneThread);
    checkFinite(call.input);
    return call;
  } catch (error) {
    throw locate(error, index);
  }
}

/**
 * The round trip of many clips, each with its own options, on all cores. Every
 * result has the bits of a single call.
 *
 * All jobs, and all their samples, are checked before the first one starts. An
 * error or an abort ends the batch. A clip is copied when its turn comes, so memory beyond inputs and
 * results holds only the few clips under way; leave inputs alone until then.
 *
 * @param jobs the clips; results come in the same order
 * @param options threads, progress, abort
 * @returns a promise of the results, each in its input's form; it rejects with
 * an {@linkcode Mp3AugmentError} that names the job's index, with `signal.reason`
 * on an abort, or with what `onProgress` throws
 */
// An async function also turns the errors of its checks into rejections.
export async function compressRoundtripBatch(
  jobs: readonly BatchJob[],
  options: BatchOptions = {},
): Promise<Audio[]> {
  const threads = checkThreads(options.threads);
  const onProgress = checkProgress(options.onProgress);
  const signal = checkSignal(checkObject(options, "threads, onProgress and signal"));
  signal?.throwIfAborted();
  const limit = library().native.mp3a_thread_limit();
  const calls = Array.from(
    jobs,
    (job, index) => checkJob(job, index, threads !== undefined),
  );
  // Below the pool's size the number of jobs under way limits the threads. Else one
  // more waits, so that no thread is idle while the next job is copied; with many
  // more, new memory for results costs Bun more than it gains.
  const underWay = threads !== undefined && threads < limit ? threads : limit + 1;
  const running = new AbortController();
  const abort = () => running.abort(signal?.reason);
  signal?.addEventListener("abort", abort, { once: true });
  try {
    return await runAll(calls, underWay, running.signal, onProgress);
  } finally {
    signal?.removeEventListener("abort", abort);
    running.abort(); // after an error: the others
  }
}

/** Keeps `underWay` jobs going until all are done. */
async function runAll(
  calls: readonly CheckedCall[],
  underWay: number,
  signal: AbortSignal,
  onProgress: BatchOptions["onProgress"],
): Promise<Audio[]> {
  const results: Audio[] = new Array(calls.length);
  const queue = calls.entries();
  let doneCount = 0;
  async function work(): Promise<void> {
    for (const [index, call] of queue) {
      signal.throwIfAborted();
      try {
        results[index] = await runCall(call, signal);
      } catch (error) {
        throw signal.aborted ? error : locate(error, index);
      }
      onProgress?.(++doneCount, calls.length);
    }
  }
  await Promise.all(
    Array.from({ length: Math.min(underWay, calls.length) }, work),
  );
  return results;
}
