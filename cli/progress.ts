/** How far a run is, on standard error: a bar in a terminal, else a plain line now and then. */
import process from "node:process";
import type { SingleBar } from "cli-progress";
import { printable } from "./errors.ts";

const PLAIN_INTERVAL_MS = 10_000;
const MIN_BAR_WIDTH = 10;
const MAX_BAR_WIDTH = 40;

/** What the line tells. */
export interface ProgressState {
  readonly done: number;
  /** 0 where nobody knows how many there are. */
  readonly total: number;
  readonly failed: number;
  /** Undefined until something is done. */
  readonly secondsLeft: number | undefined;
  readonly audioSeconds: number;
  readonly timesRealTime: number;
}

/** A line of at most so many columns: what matters most comes first, the rest where there is room. */
export function progressLine(state: ProgressState, columns: number): string {
  const { done, total, failed, secondsLeft, audioSeconds, timesRealTime } = state;
  const parts = [
    total > 0 ? `${done}/${total}` : `${done}`,
    ...secondsLeft === undefined ? [] : [`${formatDuration(secondsLeft)} left`],
    ...failed > 0 ? [`${failed} failed`] : [],
    `${timesRealTime.toFixed(0)} × real time`,
    `${formatDuration(audioSeconds)} of audio`,
  ];
  let text = parts[0] as string;
  for (const part of parts.slice(1)) {
    if (text.length + 2 + part.length <= columns) text += `, ${part}`;
  }
  const barWidth = Math.min(MAX_BAR_WIDTH, columns - text.length - 1);
  if (barWidth < MIN_BAR_WIDTH) return text.slice(0, columns);
  const full = total > 0 ? Math.round(barWidth * Math.min(1, done / total)) : 0;
  return `${"█".repeat(full)}${"░".repeat(barWidth - full)} ${text}`;
}

/** Shows how far a run is. */
export class Progress {
  readonly #startMs = performance.now();
  readonly #bar: SingleBar | undefined;
  readonly #isSilent: boolean;
  #isShown = false;
  #lastLineMs = performance.now();
  #total = 0;
  #done = 0;
  #ran = 0;
  #failed = 0;
  #audioSeconds = 0;

  private constructor(isSilent: boolean, Bar?: typeof SingleBar) {
    this.#isSilent = isSilent;
    if (Bar === undefined) return;
    this.#bar = new Bar({
      format: (_, { maxWidth }) => progressLine(this.#state(), (maxWidth ?? 80) - 1),
      stream: process.stderr,
      hideCursor: true,
      clearOnComplete: true,
      gracefulExit: false, // Ctrl-C is the run's own
    });
  }

  /** With a bar where somebody sees it. */
  static async create(isSilent: boolean): Promise<Progress> {
    if (isSilent || !process.stderr.isTTY) return new Progress(isSilent);
    return new Progress(isSilent, (await import("cli-progress")).default.SingleBar);
  }

  /** `done`: by earlier runs. */
  start(total: number, done: number): void {
    this.#total = total;
    this.#done = done;
    if (done > 0) this.say(`${done} of ${total} files are done already`);
    this.#show();
  }

  /** One more file is through; `failedCount` of its parts have failed. */
  add(audioSeconds: number, failedCount: number): void {
    this.#done++;
    this.#ran++;
    this.#audioSeconds += audioSeconds;
    this.#failed += failedCount;
    this.#bar?.update(this.#done);
    if (this.#bar || performance.now() - this.#lastLineMs < PLAIN_INTERVAL_MS) return;
    this.#lastLineMs = performance.now();
    this.say(`files: ${progressLine(this.#state(), 72).replace(/^[█░]+ /, "")}`);
  }

  /** A line for people. The bar makes room for it. */
  say(line: string): void {
    if (this.#isSilent) return;
    const wasShown = this.#isShown;
    this.stop();
    process.stderr.write(`${printable(line)}\n`);
    if (wasShown) this.#show();
  }

  /** Audio seconds per second. */
  get timesRealTime(): number {
    return this.#audioSeconds / this.seconds;
  }

  get seconds(): number {
    return (performance.now() - this.#startMs) / 1000;
  }

  get audioSeconds(): number {
    return this.#audioSeconds;
  }

  /** Takes the bar away. */
  stop(): void {
    if (this.#isShown) this.#bar?.stop();
    this.#isShown = false;
  }

  #show(): void {
    this.#bar?.start(this.#total, this.#done);
    this.#isShown = this.#bar !== undefined;
  }

  #state(): ProgressState {
    return {
      done: this.#done,
      total: this.#total,
      failed: this.#failed,
      secondsLeft: this.#ran > 0 && this.#total > 0
        ? (this.#total - this.#done) * this.seconds / this.#ran
        : undefined,
      audioSeconds: this.#audioSeconds,
      timesRealTime: this.timesRealTime,
    };
  }
}

/** As 0.42 s, 5.3 s, 17 s, 2:05 min, 1:02 h or 31 h. */
export function formatDuration(seconds: number): string {
  if (seconds > 0 && seconds < 9.95) return `${seconds.toFixed(seconds < 0.995 ? 2 : 1)} s`;
  const whole = Math.round(seconds);
  const two = (value: number) => String(value).padStart(2, "0");
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}:${two(whole % 60)} min`;
  if (whole < 36000) return `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)} h`;
  return `${Math.round(whole / 3600)} h`;
}
