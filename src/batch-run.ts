/** Several calls in the background at once: the engine of every batch. */
import { Mp3AugmentError, show } from "../ffi/errors.ts";
import { onAbort } from "./abort.ts";
import { library } from "./native.ts";
import { namesOf } from "./option-names.ts";
import { checkSignal, checkThreads } from "./options.ts";

/** How a batch runs. */
export interface BatchOptions {
  /**
   * How many clips are coded at once, each on one thread: an integer from 1 on.
   * Default: as many as the process may use cores; the last clips share the cores
   * that have nothing else left.
   */
  threads?: number;
  /** Called after each finished clip with how many are done, and how many there are. */
  onProgress?: (done: number, total: number) => void;
  /** Aborts the batch: it rejects at once with the signal's reason. */
  signal?: AbortSignal;
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

/** The error, with the place of its clip in the message. */
export function locate(error: unknown, list: string, index: number): unknown {
  if (!(error instanceof Mp3AugmentError)) return error;
  return new Mp3AugmentError(error.code, `${list}[${index}]: ${error.message}`, {
    cause: error,
  });
}

/** A batch whose options were checked. */
export interface Batch {
  /** Each call is to leave the other cores alone. */
  readonly oneThread: boolean;
  /** Runs `count` calls; an error names its place in `list`. */
  run<T>(count: number, list: string, call: Call<T>): Promise<T[]>;
}

/** The call at this place. */
type Call<T> = (index: number, signal: AbortSignal) => T | Promise<T>;

/** The names of a batch's options. */
export const BATCH_NAMES: readonly string[] = namesOf<BatchOptions>({
  threads: true,
  onProgress: true,
  signal: true,
});

/** Checks options whose names were checked; throws the reason of a signal that has aborted. */
export function prepareBatch(options: Record<string, unknown>): Batch {
  const threads = checkThreads(options["threads"]);
  const onProgress = checkProgress(options["onProgress"]);
  const signal = checkSignal(options);
  signal?.throwIfAborted();
  const limit = library().native.mp3a_thread_limit();
  // Below the pool's size the number of calls under way limits the threads. Else one
  // more waits, so that no thread is idle while the next clip is copied; with many
  // more, new memory for results costs Bun more than it gains.
  const underWay = threads !== undefined && threads < limit ? threads : limit + 1;
  return {
    oneThread: threads !== undefined,
    async run(count, list, call) {
      const running = new AbortController();
      const forget = onAbort(signal, () => running.abort(signal?.reason));
      const progress = () => onProgress?.(++doneCount, count);
      let doneCount = 0;
      try {
        return await runAll(count, underWay, running.signal, list, call, progress);
      } finally {
        forget();
        running.abort(); // after an error: the others
      }
    },
  };
}

/** Keeps `underWay` calls going until all are done. */
async function runAll<T>(
  count: number,
  underWay: number,
  signal: AbortSignal,
  list: string,
  call: Call<T>,
  onDone: () => void,
): Promise<T[]> {
  const results: T[] = new Array(count);
  const queue = results.keys();
  async function work(): Promise<void> {
    for (const index of queue) {
      signal.throwIfAborted();
      try {
        results[index] = await call(index, signal);
      } catch (error) {
        throw signal.aborted ? error : locate(error, list, index);
      }
      onDone();
    }
  }
  await Promise.all(Array.from({ length: Math.min(underWay, count) }, work));
  return results;
}
