import type { Completions } from "../ffi/runtime.ts";
import type { Handle } from "../ffi/symbols.ts";
import type { Planes } from "./audio.ts";
import { Mp3AugmentError } from "./errors.ts";
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

/** The planes' pointers as C takes them. */
export function pointers(planes: Planes): [Float32Array, Float32Array | null] {
  const [left, right] = planes.channels;
  if (left === undefined) {
    throw new Mp3AugmentError("INVALID_AUDIO", "there is no channel");
  }
  return [left, right ?? null];
}

/**
 * Runs a round trip on the library's pool. The input is copied before this
 * returns. `deliver` is called with a function that writes the output into
 * planes and gives the status; it must be called at most once, and is not
 * called after an abort.
 */
export function runJob<T>(
  options: Int32Array,
  input: Planes,
  signal: AbortSignal | undefined,
  deliver: (takeOutput: (planes: Planes) => number) => T,
): Promise<T> {
  const { native } = library();
  const { queue, expectOne } = openCompletions();
  const status = new Int32Array(1);
  const tag = nextTag();
  const [left, right] = pointers(input);
  const started: Handle | null = native.mp3a_job_start(
    queue,
    options,
    left,
    right,
    input.frameCount,
    tag,
    status,
  );
  if (started === null) {
    checkStatus(status[0] ?? 0);
    throw new Mp3AugmentError("OUT_OF_MEMORY", "memory ran out");
  }
  const job = started;
  expectOne();
  return new Promise<T>((resolve, reject) => {
    const abort = () => {
      finishers.set(tag, () => void native.mp3a_job_end(job, null, null, null));
      native.mp3a_job_cancel(job);
      reject(signal?.reason);
    };
    finishers.set(tag, () => {
      signal?.removeEventListener("abort", abort);
      let ended = false;
      const end = (planes?: Planes): number => {
        ended = true;
        const [outLeft, outRight] = planes ? pointers(planes) : [null, null];
        return native.mp3a_job_end(job, outLeft, outRight, null);
      };
      try {
        resolve(deliver(end));
      } catch (error) {
        reject(error);
      } finally {
        if (!ended) end();
      }
    });
    signal?.addEventListener("abort", abort, { once: true });
  });
}
