/** Jobs on workers, one per core, that share the compiled module; else here, in slices. */
import type { Result, Task } from "./clips.ts";
import type { Engine } from "./engine.ts";
import { type Answer, inputsOf, memoryOf } from "./orders.ts";
import { CANCELLED, FAILED, runInSlices, turn } from "./slices.ts";
import { startThread, type Thread, threadLimit } from "./threads.ts";

/** A task, from its start until somebody has taken its result. */
export interface Job {
  readonly tag: number;
  readonly task: Task;
  result?: Result;
}

/** A worker, and what it works on. */
interface Lane {
  readonly thread: Thread;
  isReady: boolean;
  job: Job | undefined;
}

/** Runs jobs in the order they come. */
export class Pool {
  /** Called with the tag of each job that has its result. */
  onFinished: (tag: number) => void = () => {};

  readonly #module: WebAssembly.Module;
  readonly #engine: Engine;
  /** What workers run; undefined where there are none. */
  #program: string | undefined;
  readonly #lanes = new Set<Lane>();
  readonly #waiting: Job[] = [];
  /** The job that runs on this thread. */
  #own: Job | undefined;
  #isOwnCancelled = false;

  /** `engine` is this thread's; without a `program` all runs here. */
  constructor(module: WebAssembly.Module, engine: Engine, program: string | undefined) {
    this.#module = module;
    this.#engine = engine;
    this.#program = program;
  }

  /** How many jobs run at once. */
  get limit(): number {
    return this.#program === undefined ? 1 : threadLimit();
  }

  /** Puts a job into the queue. Its memory belongs to the pool from now on. */
  start(task: Task, tag: number): Job {
    const job = { task, tag };
    this.#waiting.push(job);
    this.#advance();
    return job;
  }

  /** Ends a job that waits at once, and one that runs at its next piece. */
  cancel(job: Job): void {
    const place = this.#waiting.indexOf(job);
    if (place >= 0) {
      this.#waiting.splice(place, 1);
      this.#finish(job, CANCELLED);
    } else if (job === this.#own) {
      this.#isOwnCancelled = true;
    } else {
      for (const lane of this.#lanes) if (lane.job === job) lane.thread.post("cancel", []);
    }
  }

  #finish(job: Job, result: Result): void {
    job.result = result;
    this.onFinished(job.tag);
  }

  /** Gives work to whoever has none, and opens lanes as long as there is more. */
  #advance(): void {
    for (const lane of this.#lanes) if (lane.isReady && !lane.job) this.#feed(lane);
    const starting = [...this.#lanes].filter(({ isReady }) => !isReady).length;
    let wanted = Math.min(this.#waiting.length - starting, this.limit - this.#lanes.size);
    while (this.#program !== undefined && wanted-- > 0) this.#open(this.#program);
    if (this.#lanes.size === 0 && this.#own === undefined) this.#workHere();
  }

  #feed(lane: Lane): void {
    lane.job = this.#waiting.shift();
    lane.thread.hold(lane.job !== undefined);
    if (lane.job === undefined) return;
    const { task } = lane.job;
    lane.thread.post({ task }, memoryOf(inputsOf(task)));
  }

  #open(program: string): void {
    try {
      const thread = startThread(program, {
        onMessage: (answer) => this.#hear(lane, answer as Answer),
        onError: () => this.#lose(lane),
      });
      const lane: Lane = { thread, isReady: false, job: undefined };
      this.#lanes.add(lane);
      thread.post({ module: this.#module }, []);
    } catch {
      this.#program = undefined; // the host wants none
    }
  }

  #hear(lane: Lane, answer: Answer): void {
    if (answer === "ready") lane.isReady = true;
    const { job } = lane;
    if (this.#lanes.has(lane)) this.#feed(lane); // before the owner's code runs, which takes time
    if (answer !== "ready" && job !== undefined) this.#finish(job, answer);
  }

  /** A thread that didn't start won't another time; one that has died is replaced. */
  #lose(lane: Lane): void {
    if (!this.#lanes.delete(lane)) return;
    lane.thread.end(); // browsers leave it running
    if (!lane.isReady) this.#program = undefined;
    if (lane.job !== undefined) this.#finish(lane.job, FAILED);
    this.#advance();
  }

  async #workHere(): Promise<void> {
    while ((this.#own = this.#waiting.shift()) !== undefined) {
      this.#isOwnCancelled = false;
      await turn(); // the call that has started the job shall return
      const result = this.#isOwnCancelled
        ? CANCELLED
        : await runInSlices(this.#engine, this.#own.task, () => this.#isOwnCancelled);
      this.#finish(this.#own, result);
    }
  }
}
