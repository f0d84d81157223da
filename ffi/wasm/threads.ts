/** Workers, as each host has them. */

/** Another thread that runs the worker's program. */
export interface Thread {
  /** Memory that is `moved` is gone here. */
  post(message: unknown, moved: readonly ArrayBufferLike[]): void;
  /** Whether it keeps the process alive. */
  hold(isHeld: boolean): void;
  /** Ends it, wherever it is. */
  end(): void;
}

/** What is heard of a thread. */
export interface ThreadEvents {
  onMessage(message: unknown): void;
  /** It could not start, or has died. */
  onError(error: unknown): void;
}

/** The part of node:worker_threads that is used here; Deno and Bun have it, too. */
interface NodeWorker {
  on(event: string, listener: (value: unknown) => void): void;
  postMessage(message: unknown, moved: readonly ArrayBufferLike[]): void;
  ref(): void;
  unref(): void;
  terminate(): void;
}
interface NodeThreads {
  Worker: new (program: string, options: { eval: true }) => NodeWorker;
}

/** The part of browsers that is used here. */
interface WebWorker {
  onmessage: (event: { data: unknown }) => void;
  onerror: (event: unknown) => void;
  postMessage(message: unknown, moved: readonly ArrayBufferLike[]): void;
  terminate(): void;
}

interface Host {
  process?: { getBuiltinModule?(name: string): unknown };
  Worker?: new (url: string) => WebWorker;
  navigator?: { hardwareConcurrency?: number };
}

const host = globalThis as unknown as Host;

function builtin<T>(name: string): T | undefined {
  return host.process?.getBuiltinModule?.(name) as T | undefined;
}

/** How many threads can work at once: as many as there are cores; 1 where there are no workers. */
export function threadLimit(): number {
  if (builtin("node:worker_threads") === undefined && host.Worker === undefined) return 1;
  const os = builtin<{ availableParallelism?(): number }>("node:os");
  return host.navigator?.hardwareConcurrency ?? os?.availableParallelism?.() ?? 1;
}

/** Starts a thread; throws, or reports an error, where the host doesn't want any. */
export function startThread(program: string, events: ThreadEvents): Thread {
  const threads = builtin<NodeThreads>("node:worker_threads");
  if (threads !== undefined) return startByNode(threads, program, events);
  const { Worker } = host;
  if (Worker === undefined) throw new Error("there are no workers here");
  return startInBrowser(Worker, program, events);
}

function startByNode({ Worker }: NodeThreads, program: string, events: ThreadEvents): Thread {
  const worker = new Worker(program, { eval: true });
  worker.on("message", events.onMessage);
  worker.on("error", events.onError);
  worker.on("exit", () => events.onError(new Error("the worker has ended")));
  return {
    post: (message, moved) => worker.postMessage(message, moved),
    hold: (isHeld) => isHeld ? worker.ref() : worker.unref(),
    end: () => worker.terminate(),
  };
}

function startInBrowser(
  Worker: NonNullable<Host["Worker"]>,
  program: string,
  events: ThreadEvents,
): Thread {
  const url = URL.createObjectURL(new Blob([program], { type: "text/javascript" }));
  const worker = new Worker(url);
  worker.onmessage = ({ data }) => {
    URL.revokeObjectURL(url); // it has started
    events.onMessage(data);
  };
  worker.onerror = events.onError;
  return {
    post: (message, moved) => worker.postMessage(message, moved),
    hold: () => {},
    end: () => worker.terminate(),
  };
}
