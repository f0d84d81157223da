import { MAX_STREAM_FRAMES } from "../ffi/symbols.ts";
import { type Planes, privateCopy, toPlanes } from "./audio.ts";
import { Mp3AugmentError } from "../ffi/errors.ts";
import { checkLength } from "../ffi/guard.ts";
import { closedError } from "./handle.ts";

/** Audio that comes in chunks: the same number of channels in all. */
export class PieceSource {
  #channelCount: number | undefined;
  #isClosed = false;
  readonly #flatChannels: 1 | 2 | undefined;

  /** `flatChannels`: how many channels a flat `Float32Array` holds. */
  constructor(flatChannels: 1 | 2 | undefined) {
    this.#flatChannels = flatChannels;
  }

  /** From now on there are no more chunks. */
  close(): void {
    this.#isClosed = true;
  }

  /** A checked chunk, in pieces that C takes at once; none for an empty one. */
  *split(chunk: unknown): Generator<Planes, void> {
    if (this.#isClosed) throw closedError();
    const flatChannels = Array.isArray(chunk) ? undefined : this.#flatChannels;
    const planes = privateCopy(toPlanes(chunk, flatChannels, "chunk"));
    const channelCount = planes.channels.length;
    this.#channelCount ??= channelCount;
    if (channelCount !== this.#channelCount) {
      throw new Mp3AugmentError(
        "INVALID_AUDIO",
        `chunk has ${channelCount} channels, but the first one had ${this.#channelCount}`,
      );
    }
    for (let start = 0; start < planes.frameCount; start += MAX_STREAM_FRAMES) {
      const end = Math.min(start + MAX_STREAM_FRAMES, planes.frameCount);
      planes.channels.forEach((channel) => checkLength(channel, planes.frameCount));
      yield {
        channels: planes.channels.map((channel) => channel.subarray(start, end)),
        frameCount: end - start,
      };
    }
  }
}

/** Native code that turns chunks into other chunks. */
export interface Codec<In, Out> {
  /** Results of one chunk. */
  transform(chunk: In): Iterable<Out>;
  /** Results at the end. */
  flush(): Iterable<Out>;
  /** Frees all; called once, after the end, an error or an abort. */
  free(): void;
}

/** One codec behind another. */
export class ChainedCodec<In, Between, Out> implements Codec<In, Out> {
  readonly #first: Codec<In, Between>;
  readonly #second: Codec<Between, Out>;

  constructor(first: Codec<In, Between>, second: Codec<Between, Out>) {
    this.#first = first;
    this.#second = second;
  }

  *transform(chunk: In): Generator<Out, void> {
    for (const result of this.#first.transform(chunk)) yield* this.#second.transform(result);
  }

  *flush(): Generator<Out, void> {
    for (const result of this.#first.flush()) yield* this.#second.transform(result);
    yield* this.#second.flush();
  }

  free(): void {
    this.#first.free();
    this.#second.free();
  }
}

/** What a reader asks for, and a writer waits for. */
class Demand {
  #isWanted = false;
  #ended: { readonly reason: unknown } | undefined;
  #wake: () => void = () => {};

  /** One more result is wanted. */
  raise(): void {
    this.#isWanted = true;
    this.#wake();
  }

  /** The wanted result has come. */
  meet(): void {
    this.#isWanted = false;
  }

  /** Nothing will be wanted any more: who waits fails with the reason. */
  end(reason: unknown): void {
    this.#ended ??= { reason };
    this.#wake();
  }

  async wait(): Promise<void> {
    while (!this.#isWanted && this.#ended === undefined) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    if (this.#ended !== undefined) throw this.#ended.reason;
  }
}

/**
 * A pair of streams around a codec, which is freed whatever happens. Unlike a
 * `TransformStream` it waits for the reader within a chunk too: one chunk may hold
 * hours of audio.
 */
export function codecStream<In, Out>(codec: Codec<In, Out>): ReadableWritablePair<Out, In> {
  const demand = new Demand();
  let output: ReadableStreamDefaultController<Out>;
  let input: WritableStreamDefaultController;
  function fail(reason: unknown): void {
    codec.free();
    output.error(reason);
  }
  async function transform(chunk: In): Promise<void> {
    await demand.wait();
    for (const result of codec.transform(chunk)) {
      await demand.wait();
      demand.meet();
      output.enqueue(result);
    }
  }
  function flush(): void {
    for (const result of codec.flush()) output.enqueue(result);
    codec.free();
    output.close();
  }
  const readable = new ReadableStream<Out>({
    start: (controller) => void (output = controller),
    pull: () => demand.raise(),
    cancel: (reason) => {
      codec.free();
      input.error(reason);
      demand.end(reason);
    },
  }, { highWaterMark: 0 });
  const writable = new WritableStream<In>({
    start: (controller) => {
      input = controller;
      // So that a write which waits for a reader doesn't hold up the abort.
      const { signal } = controller;
      signal?.addEventListener("abort", () => demand.end(signal.reason));
    },
    write: (chunk) =>
      transform(chunk).catch((reason) => {
        fail(reason);
        throw reason;
      }),
    close: () => {
      try {
        flush();
      } catch (reason) {
        fail(reason);
        throw reason;
      }
    },
    abort: fail,
  });
  return { readable, writable };
}
