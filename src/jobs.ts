import type { Completions } from "../ffi/runtime.ts";
import type { Handle } from "../ffi/symbols.ts";
import { Mp3AugmentError } from "../ffi/errors.ts";
import { onAbort } from "./abort.ts";
import { checkStatus, library } from "./native.ts";

/** What is done with a finished job, by its tag. Each ends its job. */
const finishers = new Map<number, () => void>();
let completions: Completions | undefined;
let lastTag = 0;

function openCompletions(): Completions {
  const { native, runtime } = library();
  completions ??= runtime.createCompletions(native, (tag) => {
    const finish = finishers.get(tag);
    finishers.delete(tag);
    finish?.();
  });
  if (completions === undefined) {
    throw new Mp3AugmentError("OUT_OF_MEMORY", "memory ran out");
  }
  return completions;
}

/** A tag that no job under way has: 32 bits, not 0. */
function nextTag(): number {
  do lastTag = lastTag % 0xffffffff + 1; while (finishers.has(lastTag));
  return lastTag;
}

/** Starts a job in the queue; null, with the reason in `status`, when it can't. */
export type StartJob = (queue: Handle, tag: number, status: Int32Array) => Handle | null;

/** Ends a finished job by `end`, once; without this its result is discarded. */
export type EndJob = <R>(end: (job: Handle) => R) => R;

/**
 * Runs a job on the library's pool. What `start` reads is copied before this
 * returns. `deliver` is called with the finished job, and not after an abort.
 */
export function runJob<T>(
  start: StartJob,
  signal: AbortSignal | undefined,
  deliver: (job: Handle, endJob: EndJob) => T,
): Promise<T> {
  const { native } = library();
  const { queue, expectOne } = openCompletions();
  const status = new Int32Array(1);
  const tag = nextTag();
  const started = start(queue, tag, status);
  if (started === null) {
    checkStatus(status[0] ?? 0);
    throw new Mp3AugmentError("OUT_OF_MEMORY", "memory ran out");
  }
  const job = started;
  const discard = () => void native.mp3a_job_end(job);
  expectOne();
  return new Promise<T>((resolve, reject) => {
    const forget = onAbort(signal, () => {
      forget();
      finishers.set(tag, discard);
      native.mp3a_job_cancel(job);
      reject(signal?.reason);
    });
    finishers.set(tag, () => {
      forget();
      let ended = false;
      try {
        resolve(deliver(job, (end) => {
          const result = end(job);
          ended = true; // not when the call didn't take place
          return result;
        }));
      } catch (error) {
        reject(error);
      } finally {
        if (!ended) discard();
      }
    });
  });
}
