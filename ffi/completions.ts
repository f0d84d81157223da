import type { Completions } from "./runtime.ts";
import type { Handle, Native } from "./symbols.ts";

/**
 * Deno's, and Node's by koffi: one call waits on a thread of the runtime's while jobs are under way. It keeps
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

/**
 * Where no call can wait on another thread, a timer looks. It keeps the process alive. `wake`: a
 * callback from the library's threads, which makes looking often needless.
 */
export function createPollingCompletions(
  native: Native,
  onFinished: (tag: number) => void,
  wake?: (drain: () => void) => Handle | null,
): Completions | undefined {
  let pendingCount = 0;
  let keepAlive: ReturnType<typeof setInterval> | undefined;
  const created = native.mp3a_queue_create(wake?.(drain) ?? null);
  if (created === null) return undefined;
  const queue = created;
  function drain(): void {
    for (let tag; (tag = native.mp3a_queue_poll(queue)) !== 0;) {
      if (--pendingCount === 0) clearInterval(keepAlive);
      onFinished(tag);
    }
  }
  return {
    queue,
    expectOne: () => {
      if (pendingCount++ === 0) keepAlive = setInterval(drain, wake ? 0x7fffffff : 1);
    },
  };
}
