/** A task on this thread, with the event loop's turns in between. */
import { type Result, runTask, STATUS, type Task } from "./clips.ts";
import type { Engine } from "./engine.ts";

/** How long others wait for their turn, as long as one piece doesn't take longer. */
const SLICE_MS = 8;

/** What an aborted task has. */
export const CANCELLED: Result = { status: STATUS.CANCELLED, output: [] };
/** What a task has that the module, or the worker it ran in, did not survive. */
export const FAILED: Result = { status: STATUS.OUT_OF_MEMORY, output: [] };

const { setImmediate } = globalThis as { setImmediate?: (callback: () => void) => unknown };

/** Lets the event loop turn. (Browsers would make a timer wait 4 ms.) */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    if (setImmediate !== undefined) return void setImmediate(resolve);
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

/** Does a task; `isCancelled` is asked after each turn. */
export async function runInSlices(
  engine: Engine,
  task: Task,
  isCancelled: () => boolean,
): Promise<Result> {
  const pieces = runTask(engine, task);
  try {
    for (let start = performance.now();;) {
      const { done, value } = pieces.next();
      if (done) return value;
      if (performance.now() - start < SLICE_MS) continue;
      await turn();
      start = performance.now();
      if (isCancelled()) {
        pieces.return(CANCELLED);
        return CANCELLED;
      }
    }
  } catch {
    return FAILED; // the module has trapped, and is another one by now
  }
}
