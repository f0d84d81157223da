/** How far a run is, on standard error: a bar in a terminal, else a plain line now and then. */
import process from "node:process";
import { Presets, SingleBar } from "cli-progress";

const PLAIN_INTERVAL_MS = 10_000;

/** Shows how far a run is. */
export class Progress {
  readonly #startMs = performance.now();
  readonly #bar: SingleBar | undefined;
  readonly #isSilent: boolean;
  #lastLineMs = performance.now();
  #total = 0;
  #done = 0;
  #ran = 0;
  #failed = 0;
  #audioSeconds = 0;

  constructor(isSilent: boolean) {
    this.#isSilent = isSilent;
    if (isSilent || !process.stderr.isTTY) return;
    this.#bar = new SingleBar({
      format: "{bar} {value}/{total} files  {status}",
      stream: process.stderr,
      hideCursor: true,
      gracefulExit: false, // Ctrl-C is the run's own
    }, Presets.shades_classic);
  }

  /** `done`: by earlier runs. */
  start(total: number, done: number): void {
    this.#total = total;
    this.#done = done;
    if (done > 0) this.say(`${done} of ${total} files are done already`);
    this.#bar?.start(total, done, { status: "" });
  }

  /** One more file is through; `failedCount` of its parts have failed. */
  add(audioSeconds: number, failedCount: number): void {
    this.#done++;
    this.#ran++;
    this.#audioSeconds += audioSeconds;
    this.#failed += failedCount;
    this.#bar?.update(this.#done, { status: this.#status() });
    if (this.#bar || performance.now() - this.#lastLineMs < PLAIN_INTERVAL_MS) return;
    this.#lastLineMs = performance.now();
    this.say(`${this.#done}/${this.#total} files, ${this.#status()}`);
  }

  /** A line for people. */
  say(line: string): void {
    if (!this.#isSilent) process.stderr.write(`${line}\n`);
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

  stop(): void {
    this.#bar?.stop();
  }

  #status(): string {
    const secondsLeft = (this.#total - this.#done) * this.seconds / this.#ran;
    const failed = this.#failed > 0 ? `, ${this.#failed} failed` : "";
    return `${formatHours(this.#audioSeconds)} of audio, ${
      this.timesRealTime.toFixed(0)
    } × real time, ` +
      `${formatDuration(secondsLeft)} left${failed}`;
  }
}

/** As hours, for audio. */
export function formatHours(seconds: number): string {
  return `${(seconds / 3600).toFixed(seconds < 36000 ? 2 : 1)} h`;
}

/** As 5 s, 2:05 min or 1:02 h. */
export function formatDuration(seconds: number): string {
  const whole = Math.round(seconds);
  const two = (value: number) => String(value).padStart(2, "0");
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}:${two(whole % 60)} min`;
  return `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)} h`;
}
