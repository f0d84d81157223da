/** Deals a run's units out to whoever does them, and journals: a line before, a line after. */
import { rmSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { setTimeout } from "node:timers";
import { CliError, reasonOf } from "../errors.ts";
import { lookNow } from "../paths.ts";
import { type Hand, type Listener, LocalHand, ThreadHand } from "./hands.ts";
import type { Failure, Journal } from "./journal.ts";
import { allowedFiles, allowedThreads } from "./limits.ts";
import type { Done, Outcome } from "./task.ts";
import { Tasks, type UnitEnd } from "./tasks.ts";
import type { Task, Unit } from "./plan.ts";
import type { Settings } from "./settings.ts";

/** How the work is done. */
export interface WorkOptions {
  readonly folder: string;
  readonly settings: Settings;
  /** How many threads; default: as many as cores, or none but this one for a little work. */
  readonly threads?: number;
  /** Stops before the next file; those under way are finished, unless they take long. */
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
  readonly onDone?: (done: Done) => void;
  readonly onFailed?: () => void;
  /** How many processes want a core; default: what the system says. */
  readonly load?: () => number;
}

/** Some more than cores, so that none is idle while files are read and written. */
const MORE_FILES = 4;
/** A thread gets tasks for so long, so that it never waits for this one, and messages are few. */
const AHEAD_MS = 100;
const MAX_AHEAD = 256;
/** Nor do others wait for what lies behind a long task. */
const LONG_MS = 250;
/** More than reading and writing take where nothing but the processor is slow. */
const MUCH_WAITING = 0.5;
const SHORT_WAIT_MS = 100;
const MAX_SHORT_WAITS = 100;

/** Works on all units until the signal or an error; what is under way is finished. */
export async function doUnits(units: readonly Unit[], journal: Journal, options: WorkOptions) {
  const work = new Work(units, journal, options);
  const onExit = () => work.halt();
  process.on("exit", onExit);
  try {
    return await work.run();
  } finally {
    process.off("exit", onExit);
  }
}

/** The work as far as it is done. */
class Work implements Listener {
  readonly #units: readonly Unit[];
  readonly #journal: Journal;
  readonly #options: WorkOptions;
  /** How many cores may be used. */
  readonly #threads: number;
  readonly #tasks: Tasks;
  readonly #hands = new Set<Hand>();
  /** Those that get nothing more. */
  readonly #leaving = new Set<Hand>();
  readonly #ending: Promise<void>[] = [];
  /** For lack of open files, or of a thread that could be started. */
  readonly #again: Task[] = [];
  /** A thread was lost with several tasks: each is tried alone. */
  readonly #suspects: Task[] = [];
  readonly #halt = new Int32Array(new SharedArrayBuffer(4));
  readonly #failures: Failure[] = [];
  #doneCount = 0;
  #error: string | undefined;
  #msPerTask = LONG_MS;
  /** Which part of their time threads wait for files. */
  #waiting = 0;
  /** When that was last looked at closely. */
  #lookedAt = nowAndCpu();
  #shortWaits = 0;
  #isWaiting = false;
  #onIdle: () => void = () => {};

  constructor(units: readonly Unit[], journal: Journal, options: WorkOptions) {
    this.#units = units;
    this.#journal = journal;
    this.#options = options;
    this.#threads = options.threads ?? availableParallelism();
    const begin = (unit: string, outputs: readonly string[]) => journal.begin(unit, outputs);
    this.#tasks = new Tasks(units, options.settings.copies, this.#threads, begin);
  }

  async run(): Promise<{ doneCount: number; failures: readonly Failure[] }> {
    const { signal } = this.#options;
    const onAbort = () => this.#hands.forEach((hand) => hand.stop());
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
        this.#hire();
        this.#dealOut();
      });
    } finally {
      signal.removeEventListener("abort", onAbort);
      for (const hand of this.#hands) this.#dismiss(hand);
      await Promise.all(this.#ending);
    }
    if (this.#error === undefined) return { doneCount: this.#doneCount, failures: this.#failures };
    throw new CliError(`${this.#error}. What is done is recorded: run it again to go on`);
  }

  /** Before the process ends amid the work: no thread begins to write, and half-written files go. */
  halt(): void {
    Atomics.store(this.#halt, 0, 1);
    for (const { tasks } of this.#hands) tasks.forEach((task) => this.#removePartials(task));
  }

  onEnded(hand: Hand, ended: Parameters<Listener["onEnded"]>[1]): void {
    this.#trying(() => {
      for (const { task, outcome, ms, waitedMs } of ended) {
        this.#msPerTask += (ms - this.#msPerTask) / 8;
        this.#waiting += (waitedMs / (ms || 1) - this.#waiting) / 32;
        if ("shortOfFiles" in outcome) this.#makeRoom(hand, task, outcome.shortOfFiles);
        else this.#settle(task, outcome);
      }
      this.#journal.flush();
    });
    this.#hireForWaiting();
    this.#dealOut();
  }

  onLost(hand: Hand, reason: string): void {
    const tasks = [...hand.tasks.values()];
    this.#hands.delete(hand);
    tasks.forEach((task) => this.#removePartials(task));
    if (!hand.isStarted) {
      this.#again.push(...tasks);
      if (this.#hands.size === 0) this.#doHere(`no thread can be started (${reason})`);
    } else {
      const why = `the thread that worked on it has ended: ${reason}`;
      const [task] = tasks;
      if (task && tasks.length === 1) {
        this.#trying(() => this.#settle(task, { reason: why, left: task.outputs }));
      } else this.#suspects.push(...tasks);
      this.#addThread();
    }
    this.#dealOut();
  }

  /** What fails here, such as writing the journal, ends the run when all hands are idle. */
  #trying(body: () => void): void {
    try {
      body();
    } catch (error) {
      this.#error ??= reasonOf(error);
    }
  }

  get #isOver(): boolean {
    return this.#options.signal.aborted || this.#error !== undefined;
  }

  /** Gets as many hands as the work needs and the system allows. */
  #hire(): void {
    const { threads, say, settings } = this.#options;
    if (threads === undefined && isSmall(this.#units, settings.copies)) return this.#doHere();
    const wanted = Math.min(this.#threads, this.#tasks.count);
    const allowed = allowedThreads();
    if (allowed < wanted) {
      const limit = "the system's limit of open files (ulimit -n)";
      say(`only ${Math.max(1, allowed)} files at once, not ${this.#threads}: ${limit}`);
    }
    if (allowed === 0) return this.#doHere();
    for (let i = 0; i < Math.min(wanted, allowed); i++) this.#addThread();
  }

  /** Where threads wait for a slow disk or network, cores are idle: some more threads use them. */
  #hireForWaiting(): void {
    if (this.#options.threads !== undefined || this.#waiting < MUCH_WAITING) return;
    if (this.#hands.size >= this.#threads + MORE_FILES || this.#leaving.size > 0) return;
    if (this.#isOver || this.#tasks.leftCount < this.#hands.size || allowedThreads() < 1) return;
    const [before, now] = [this.#lookedAt, nowAndCpu()];
    this.#lookedAt = now;
    this.#waiting = 0; // shown anew before the next one
    // With tiny files calls of the file system are most of the work, and keep the cores busy.
    const busyCores = (now.cpuMs - before.cpuMs) / (now.ms - before.ms);
    if (!(busyCores <= this.#hands.size * MUCH_WAITING)) return;
    const { load = () => loadavg()[0] ?? 0 } = this.#options;
    if (load() > this.#hands.size + 1) return; // cores have other work than ours
    this.#addThread();
  }

  #addThread(): void {
    const { folder, settings } = this.#options;
    try {
      this.#hands.add(new ThreadHand({ folder, settings }, this.#halt, this));
    } catch (error) {
      if (this.#hands.size === 0) this.#doHere(`no thread can be started (${reasonOf(error)})`);
    }
  }

  #doHere(why?: string): void {
    const { folder, settings, threads, say } = this.#options;
    if (why) say(`${why}: one does all`);
    const atOnce = Math.min(allowedFiles(), threads ?? this.#threads + MORE_FILES);
    this.#hands.add(new LocalHand({ folder, settings }, atOnce, this.#threads, this));
  }

  #dismiss(hand: Hand): void {
    this.#hands.delete(hand);
    this.#ending.push(hand.end());
  }

  /** Gives each what it has room for; when nobody has anything any more, that was all. */
  #dealOut(): void {
    const hands = [...this.#hands].sort((a, b) => a.tasks.size - b.tasks.size);
    if (!this.#isWaiting) this.#trying(() => hands.forEach((hand) => this.#fill(hand)));
    if (hands.every(({ tasks }) => tasks.size === 0) && !this.#isWaiting) this.#onIdle();
  }

  #fill(hand: Hand): void {
    if (this.#isOver) return;
    if (this.#leaving.has(hand)) {
      if (hand.tasks.size === 0) this.#dismiss(hand);
      return;
    }
    if (hand.tasks.size === 0 && this.#suspects.length > 0) {
      return hand.give(this.#suspects.splice(0, 1));
    }
    const room = hand.isThread ? this.#ahead() : hand.atOnce;
    if (hand.isThread && hand.tasks.size > room / 2) return;
    const given: Task[] = [];
    while (hand.tasks.size + given.length < room) {
      const task = this.#again.pop() ?? this.#tasks.next();
      if (task === undefined) break;
      given.push(task);
    }
    this.#journal.flush(); // what they are about to write
    if (given.length > 0) hand.give(given);
  }

  /** How many tasks a thread may have: more of short ones, and half of its share of what is left. */
  #ahead(): number {
    const byTime = this.#msPerTask >= LONG_MS ? 1 : Math.ceil(AHEAD_MS / this.#msPerTask) + 1;
    const share = Math.ceil((this.#tasks.leftCount + this.#again.length) / this.#hands.size / 2);
    return Math.max(1, Math.min(byTime, share, MAX_AHEAD));
  }

  /** There were too many open files: fewer go on, and the last one waits. */
  #makeRoom(hand: Hand, task: Task, reason: string): void {
    this.#again.push(task);
    if (hand.atOnce > 1) return void hand.atOnce--;
    if (this.#leaving.has(hand) || this.#isWaiting) return;
    if (this.#hands.size - this.#leaving.size > 1) return void this.#leaving.add(hand);
    if (++this.#shortWaits > MAX_SHORT_WAITS) throw new Error(reason);
    this.#isWaiting = true;
    setTimeout(() => {
      this.#isWaiting = false;
      this.#dealOut();
    }, SHORT_WAIT_MS);
  }

  #settle(task: Task, outcome: Exclude<Outcome, { shortOfFiles: string }>): void {
    if ("fatal" in outcome) this.#error ??= outcome.fatal;
    if ("isStopped" in outcome && !this.#isOver) return void this.#again.push(task);
    const end = this.#tasks.end(task, outcome);
    if (end === undefined) return;
    if ("reason" in end) return this.#fail(task.unit, end);
    this.#journal.addLine(task.unit.name, end.done.line);
    this.#doneCount++;
    this.#failures.push(...end.done.failures ?? []);
    this.#options.onDone?.(end.done);
  }

  /** What this run has made of it goes; what an earlier one has made stays, and is known. */
  #fail(
    { name }: Task["unit"],
    { reason, made, left }: Extract<UnitEnd, { reason: string }>,
  ): void {
    const { folder } = this.#options;
    for (const { path } of made) rmSync(join(folder, path), { force: true });
    const known = new Set([...this.#journal.outputsOf(name), ...left]);
    const kept = [...known].filter((path) => isThere(folder, path));
    const failure = { source: name, reason };
    const record = { unit: name, outputs: [], rows: [], failures: [failure] };
    this.#failures.push(failure);
    this.#journal.add(kept.length > 0 ? { ...record, kept } : record);
    this.#options.onFailed?.();
  }

  #removePartials({ outputs, partial }: Task): void {
    const folders = new Set(outputs.map((path) => dirname(join(this.#options.folder, path))));
    for (const folder of folders) rmSync(join(folder, partial), { force: true });
  }
}

/** The time, and how much of the processor this process has had. */
function nowAndCpu(): { readonly ms: number; readonly cpuMs: number } {
  const { user, system } = process.cpuUsage();
  return { ms: performance.now(), cpuMs: (user + system) / 1000 };
}

function isThere(folder: string, path: string): boolean {
  try {
    return lookNow(join(folder, path)) !== undefined;
  } catch {
    return false;
  }
}

/** Up to so many bytes of 16-bit samples are coded in less time than it takes to start threads. */
const SMALL_BYTE_SIZE = 16 << 20;
const SMALL_COUNT = 64;
/** Compressed files become some times as large. */
const EXPANSION = 8;

/** Whether all of it is done before threads would have been started. */
function isSmall(units: readonly Unit[], copies: number): boolean {
  if (units.length > SMALL_COUNT) return false;
  let byteSize = 0;
  for (const { path } of units.flatMap((unit) => unit.files ?? unit)) {
    const expansion = /\.(wav|aiff?|aifc|tar)$/i.test(path) ? 1 : EXPANSION;
    byteSize += sizeOf(path) * expansion * copies;
    if (byteSize > SMALL_BYTE_SIZE) return false;
  }
  return true;
}

function sizeOf(path: string): number {
  try {
    return lookNow(path)?.byteSize ?? 0;
  } catch {
    return 0;
  }
}
