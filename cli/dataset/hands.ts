/**
 * Who does a run's tasks: threads with a JavaScript of their own, or, where starting these would take
 * longer than the work or isn't possible, this one.
 */
import { setImmediate } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { Scratch } from "../audio/scratch.ts";
import { entryUrl } from "../entry.ts";
import { reasonOf } from "../errors.ts";
import type { Task } from "./plan.ts";
import { type Common, doTask, type Outcome } from "./task.ts";

/** How a task has ended, how long it took, and how much of that its thread waited for files. */
export interface End {
  readonly outcome: Outcome;
  readonly ms: number;
  readonly waitedMs: number;
}

/** Hears of a hand's tasks. */
export interface Listener {
  onEnded(hand: Hand, ended: readonly (End & { readonly task: Task })[]): void;
  /** It will do nothing more, and the tasks that it has are not done. */
  onLost(hand: Hand, reason: string): void;
}

/** Does tasks. */
export interface Hand {
  /** What it was given and has not ended, oldest first. */
  readonly tasks: Map<number, Task>;
  /** Whether it has started; one that is lost before can't be. */
  readonly isStarted: boolean;
  /** Whether it is a thread of its own, in which tasks may wait. */
  readonly isThread: boolean;
  /** How many tasks it does at once. */
  atOnce: number;
  give(tasks: readonly Task[]): void;
  /** Ends tasks that have not begun or take long. */
  stop(): void;
  /** Lets it go; resolves when it is gone. */
  end(): Promise<void>;
}

/** What a thread is told at its start. */
export interface ThreadData extends Common {
  readonly isDatasetThread: true;
  /** Not 0 when nothing more may be written. */
  readonly halt: Int32Array;
}

/** What a thread is told later. */
export type Order = { readonly tasks: readonly Task[] } | "stop" | "end";

/** What a thread tells, of some tasks at a time; of none when it has started. */
export type Reply = readonly (End & { readonly id: number })[];

/** What a file leaves behind is small: V8 lets it grow to many times as much. */
const RESOURCE_LIMITS = { maxYoungGenerationSizeMb: 4 };

/** A thread of its own. */
export class ThreadHand implements Hand {
  readonly tasks = new Map<number, Task>();
  readonly isThread = true;
  atOnce = 1;
  readonly #worker: Worker;
  readonly #gone: Promise<void>;
  readonly #orders: Order[] = [];
  #isEnding = false;
  #isStarted = false;

  constructor(common: Common, halt: Int32Array, listener: Listener) {
    const workerData: ThreadData = { ...common, isDatasetThread: true, halt };
    this.#worker = new Worker(entryUrl(), { workerData, resourceLimits: RESOURCE_LIMITS });
    let reason = "it has ended by itself";
    this.#worker.on("message", (reply: Reply) => {
      if (!this.#isStarted) this.#start();
      const ended = reply.map(({ id, ...end }) => ({ ...end, task: this.tasks.get(id) as Task }));
      for (const { id } of reply) this.tasks.delete(id);
      listener.onEnded(this, ended);
    });
    this.#worker.on("error", (error) => reason = reasonOf(error));
    this.#gone = new Promise((resolve) =>
      this.#worker.on("exit", () => {
        resolve();
        if (!this.#isEnding) listener.onLost(this, reason);
      })
    );
  }

  get isStarted(): boolean {
    return this.#isStarted;
  }

  give(tasks: readonly Task[]): void {
    for (const task of tasks) this.tasks.set(task.id, task);
    this.#tell({ tasks });
  }

  stop(): void {
    this.#tell("stop");
  }

  /** By a message: terminating one amid a call has crashed Bun. */
  async end(): Promise<void> {
    this.#isEnding = true;
    this.#tell("end");
    await this.#gone;
  }

  /** Deno drops what a thread is told before it listens. */
  #tell(order: Order): void {
    if (this.#isStarted) this.#worker.postMessage(order);
    else this.#orders.push(order);
  }

  #start(): void {
    this.#isStarted = true;
    this.#orders.splice(0).forEach((order) => this.#tell(order));
  }
}

/** This thread; the library's own threads code. */
export class LocalHand implements Hand {
  readonly tasks = new Map<number, Task>();
  readonly isThread = false;
  readonly isStarted = true;
  atOnce: number;
  readonly #common: Common;
  readonly #listener: Listener;
  readonly #threads: number;
  readonly #controller = new AbortController();
  readonly #idle: Scratch[] = [];

  /** @param threads how many of the library's may code */
  constructor(common: Common, atOnce: number, threads: number, listener: Listener) {
    this.#common = common;
    this.atOnce = atOnce;
    this.#threads = threads;
    this.#listener = listener;
  }

  give(tasks: readonly Task[]): void {
    for (const task of tasks) {
      this.tasks.set(task.id, task);
      this.#do(task);
    }
  }

  stop(): void {
    this.#controller.abort();
  }

  async end(): Promise<void> {}

  async #do(task: Task): Promise<void> {
    const { signal } = this.#controller;
    const scratch = this.#idle.pop() ?? new Scratch();
    await setImmediate(); // signals are heard between tasks
    const startMs = performance.now();
    const outcome: Outcome = signal.aborted
      ? { isStopped: true }
      : await doTask({ ...task, threads: this.#threads }, this.#common, scratch, signal);
    this.#idle.push(scratch);
    this.tasks.delete(task.id);
    const ms = performance.now() - startMs;
    this.#listener.onEnded(this, [{ task, outcome, ms, waitedMs: 0 }]);
  }
}
