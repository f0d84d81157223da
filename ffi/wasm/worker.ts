/** The program of a worker: `scripts/build-wasm.ts` makes one text of it and what it imports. */
import { createEngine, type Engine } from "./engine.ts";
import { type Answer, inputsOf, memoryOf, type Order, release } from "./orders.ts";
import { runInSlices } from "./slices.ts";

interface Port {
  postMessage(answer: Answer, moved: readonly ArrayBufferLike[]): void;
  on?(event: "message", listener: (order: Order) => void): void;
  onmessage: (event: { data: Order }) => void;
}

const { process } = globalThis as {
  process?: { getBuiltinModule?(name: string): { parentPort: Port } };
};
const port = process?.getBuiltinModule?.("node:worker_threads").parentPort ??
  globalThis as unknown as Port;
let engine: Engine | undefined;
let isCancelled = false;

async function obey(order: Order): Promise<void> {
  if (order === "cancel") {
    isCancelled = true;
  } else if ("module" in order) {
    engine = createEngine(order.module);
    port.postMessage("ready", []);
  } else if (engine !== undefined) {
    isCancelled = false;
    const result = await runInSlices(engine, order.task, () => isCancelled);
    port.postMessage(result, memoryOf(result.output));
    release(inputsOf(order.task)); // but for those that became the result
  }
}

if (port.on !== undefined) port.on("message", obey);
else port.onmessage = ({ data }) => void obey(data);
