/** Gives Node, which has workers of its own kind, the part of web workers that the tests use. */
if (!("Worker" in globalThis)) {
  const { parentPort, Worker } = await import("node:worker_threads");
  const scope = globalThis as unknown as Record<string, unknown>;
  scope["Worker"] = class extends Worker {
    constructor(url: string) {
      super(new URL(url));
    }
    set onmessage(listener: (event: { data: unknown }) => void) {
      this.on("message", (data) => listener({ data }));
    }
    set onerror(listener: (error: unknown) => void) {
      this.on("error", listener);
    }
  };
  scope["postMessage"] = (message: unknown) => parentPort?.postMessage(message);
  parentPort?.on("message", (data) => (scope["onmessage"] as (event: unknown) => void)({ data }));
}
