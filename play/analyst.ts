/** What is measured and pictured, on a thread of its own: the page stays quick meanwhile. */
import { measure, type Metrics } from "../cli/report/metrics.ts";
import {
  ceilingDb,
  type Channels,
  type Spectrogram,
  spectrogram,
} from "../cli/report/spectrogram.ts";

/** A clip beside what became of it. */
export interface Question {
  readonly id: number;
  /** Left out where it is the same as in the question before. */
  readonly original?: Channels;
  readonly coded: Channels;
  readonly sampleRate: number;
}

/** What is seen and told of both. */
export interface Findings {
  readonly original: { readonly picture: Spectrogram; readonly metrics: Metrics };
  readonly coded: { readonly picture: Spectrogram; readonly metrics: Metrics };
}

/** Whether this is the worker, and not the page. */
export const isWorker = typeof document === "undefined";

/** The worker's part. */
export function answerQuestions(): void {
  const port = globalThis as unknown as {
    onmessage: (event: { data: Question }) => void;
    postMessage(answer: { id: number; findings: Findings }): void;
  };
  let original: Channels = [];
  let ceiling = 0;
  let found: Findings["original"];
  port.onmessage = ({ data: { id, coded, sampleRate, ...given } }) => {
    const look = (channels: Channels) => ({
      picture: spectrogram(channels, sampleRate, ceiling),
      metrics: measure(original, channels, sampleRate),
    });
    if (given.original) {
      original = given.original;
      ceiling = ceilingDb(original, sampleRate);
      found = look(original);
    }
    port.postMessage({ id, findings: { original: found, coded: look(coded) } });
  };
}

/** The page's part. */
export class Analyst {
  readonly #worker: Worker;
  #lastId = 0;
  #known: Channels | undefined;
  #isBusy = false;
  /** The newest question, and who asks it. */
  #waiting: { ask: () => void; drop: () => void } | undefined;
  #answer: (findings: Findings | undefined) => void = () => {};

  /** @param program the page's own script, which knows what to do in a worker */
  constructor(program: string, onError: (error: unknown) => void) {
    const url = URL.createObjectURL(new Blob([program], { type: "text/javascript" }));
    this.#worker = new Worker(url);
    this.#worker.onerror = ({ message }) => onError(message);
    this.#worker.onmessage = ({ data }: { data: { id: number; findings: Findings } }) => {
      this.#isBusy = false;
      this.#answer(data.id === this.#lastId ? data.findings : undefined);
      this.#waiting?.ask();
    };
  }

  /** What is found, or undefined if something newer was asked meanwhile. */
  look(original: Channels, coded: Channels, sampleRate: number): Promise<Findings | undefined> {
    this.#waiting?.drop();
    return new Promise((resolve) => {
      const id = ++this.#lastId;
      const ask = () => {
        this.#waiting = undefined;
        this.#isBusy = true;
        this.#answer = resolve;
        const isKnown = original === this.#known;
        this.#known = original;
        this.#worker.postMessage({ id, coded, sampleRate, ...!isKnown && { original } });
      };
      this.#waiting = { ask, drop: () => resolve(undefined) };
      if (!this.#isBusy) ask();
    });
  }
}
