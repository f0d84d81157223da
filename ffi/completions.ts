import type { Completions } from "./runtime.ts";
import type { Native } from "./symbols.ts";

/**
 * Deno's and Node's: one call waits on a thread of the runtime's while jobs are under way. It keeps
 * the process alive, and is safe when the isolate ends before the job, which a callback from a
 * foreign thread would not be.
 */
export function createWaitingCompletions(
  native: Native,
  onFinished: (tag: number) => void,
): Completions | undefined {
  const queue = native.mp3a_queue_create(null);
  if (queue === null) return undefined;
  let pendingCount = 0;
  async function waitForAll(queue: Completions["queue"]): Promise<void> {
    while (pendingCount > 0) {
      const tag = await native.mp3a_queue_wait(queue);
      pendingCount--;
      onFinished(tag);
    }
  }
  return {
    queue,
    expectOne: () => {
      if (pendingCount++ === 0) waitForAll(queue);
    },
  };
}
