/** A thread of a data set run: does the tasks that the main thread sends, one after another. */
import { setImmediate } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";
import { Scratch } from "../audio/scratch.ts";
import { haltBy, takeWaitedMs } from "../files.ts";
import type { Order, Reply, ThreadData } from "./hands.ts";
import type { Task } from "./plan.ts";
import { doTask } from "./task.ts";

/** Results of short tasks are told together, as each message costs both threads some time. */
const TELL_EVERY_MS = 50;

/** Works until it is told to end. */
export function runThread(): void {
  const port = parentPort as NonNullable<typeof parentPort>;
  const { folder, settings, halt } = workerData as ThreadData;
  const controller = new AbortController();
  const { signal } = controller;
  const scratch = new Scratch();
  const waiting: Task[] = [];
  let isWorking = false;
  haltBy(halt);

  async function work(): Promise<void> {
    isWorking = true;
    let ended: Reply[number][] = [];
    let toldMs = performance.now();
    for (let task = waiting.shift(); task !== undefined; task = waiting.shift()) {
      const startMs = performance.now();
      const outcome = signal.aborted
        ? { isStopped: true } as const
        : await doTask(task, { folder, settings }, scratch, signal);
      const nowMs = performance.now();
      ended.push({ id: task.id, outcome, ms: nowMs - startMs, waitedMs: takeWaitedMs() });
      if (waiting.length > 0 && nowMs - toldMs < TELL_EVERY_MS) continue;
      port.postMessage(ended satisfies Reply);
      ended = [];
      toldMs = nowMs;
      await setImmediate(); // what came meanwhile is heard
    }
    isWorking = false;
  }

  port.on("message", (order: Order) => {
    if (order === "stop") return controller.abort();
    if (order === "end") return port.unref(); // with nothing to wait for it ends
    waiting.push(...order.tasks);
    if (!isWorking) work();
  });
  port.postMessage([] satisfies Reply); // it has started
}
