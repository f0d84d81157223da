import { MAX_STREAM_FRAMES } from "../ffi/symbols.ts";
import { type Planes, toPlanes } from "./audio.ts";
import { Mp3AugmentError } from "./errors.ts";
import { closedError } from "./handle.ts";
import { privateCopy } from "./roundtrip.ts";

/** Audio that comes in chunks: the same number of channels in all. */
export class PieceSource {
  #channelCount: number | undefined;
  #isClosed = false;
  readonly #flatChannels: 1 | 2 | undefined;

  /** `flatChannels`: how many channels a flat `Float32Array` holds. */
  constructor(flatChannels: 1 | 2 | undefined) {
    this.#flatChannels = flatChannels;
  }

  /** The number of channels; undefined before the first chunk. */
  get channelCount(): number | undefined {
    return this.#channelCount;
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

/** A pair of streams around a codec, which is freed whatever happens. */
export function codecStream<In, Out>(codec: Codec<In, Out>): TransformStream<In, Out> {
  function run(results: () => Iterable<Out>, controller: TransformStreamDefaultController<Out>) {
    try {
      for (const result of results()) controller.enqueue(result);
    } catch (error) {
      codec.free();
      throw error;
    }
  }
  const transformer: Transformer<In, Out> & { cancel(): void } = {
    transform: (chunk, controller) => run(() => codec.transform(chunk), controller),
    flush: (controller) => {
      run(() => codec.flush(), controller);
      codec.free();
    },
    cancel: () => codec.free(),
  };
  return new TransformStream(transformer);
}
