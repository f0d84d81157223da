import type { Handle } from "../ffi/symbols.ts";
import { type Audio, type Planes, pointers } from "./audio.ts";
import { Mp3AugmentError, show } from "../ffi/errors.ts";
import { MAX_PEAK } from "./constants.ts";
import { NativeHandle } from "./handle.ts";
import { checkObject, namesOf } from "./option-names.ts";
import { checkStatus, library, packOptions } from "./native.ts";
import {
  type CheckedOptions,
  checkOptions,
  CODING_NAMES,
  type CodingOptions,
  EXTRAS_NAMES,
  type RateControl,
  type RoundtripExtras,
} from "./options.ts";
import { ChainedCodec, type Codec, codecStream, PieceSource } from "./pieces.ts";
import { describeSamples } from "./samples.ts";

/** What a stream can't find out by itself. */
export interface StreamPeak {
  /**
   * The largest magnitude of all samples to come: a number from 0 to 1e33.
   * Above 1 the audio is scaled down by it before the encoder and back after the
   * decoder, as `compressRoundtrip` does by itself. Default 1: nothing is scaled,
   * and samples beyond ±1 are coded as they are, up to 4096.
   */
  peak?: number;
}

/** How {@linkcode Mp3RoundtripStream} codes. */
export type RoundtripStreamOptions = CodingOptions & RateControl & RoundtripExtras & StreamPeak;

const STREAM_NAMES = [
  ...CODING_NAMES,
  ...EXTRAS_NAMES,
  ...namesOf<StreamPeak>({ peak: true }),
];

function checkPeak(value: unknown): number {
  if (typeof value === "number" && value >= 0 && value <= MAX_PEAK) return value;
  throw new Mp3AugmentError(
    "INVALID_OPTION",
    `peak is ${show(value)}; it must be a finite number from 0 to ${MAX_PEAK}`,
  );
}

function createStream(options: CheckedOptions, channelCount: number, peak: number): NativeHandle {
  const { native } = library();
  const status = new Int32Array(1);
  const packed = packOptions(options.coding, { ...options, channelCount });
  const created = native.mp3a_roundtrip_stream_create(packed, peak, status);
  checkStatus(status[0] ?? 0);
  return new NativeHandle(created as Handle, native.mp3a_roundtrip_stream_destroy);
}

class RoundtripCodec implements Codec<Audio, Float32Array[]> {
  readonly #options: CheckedOptions;
  readonly #peak: number;
  readonly #source: PieceSource;
  #stream: NativeHandle | undefined;
  /** Where C writes: one array per channel. */
  #scratch: Float32Array[] = [];

  constructor(options: CheckedOptions, peak: number) {
    this.#options = options;
    this.#peak = peak;
    this.#source = new PieceSource(options.coding.channels);
  }

  *transform(chunk: Audio): Generator<Float32Array[], void> {
    for (const piece of this.#source.split(chunk)) {
      this.#stream ??= createStream(this.#options, piece.channels.length, this.#peak);
      const { native } = library();
      const stream = this.#stream.pointer;
      const output = this.#prepare(stream, piece.channels.length, piece.frameCount);
      const count = new Int32Array(1);
      const status = native.mp3a_roundtrip_stream_write(
        stream,
        ...pointers(piece.channels),
        piece.frameCount,
        ...pointers(output.channels),
        output.frameCount,
        count,
      );
      checkStatus(status, describeSamples(status, piece));
      yield* this.#take(count[0] ?? 0);
    }
  }

  *flush(): Generator<Float32Array[], void> {
    if (this.#stream === undefined) return;
    const { native } = library();
    const stream = this.#stream.pointer;
    const output = this.#prepare(stream, this.#scratch.length, 0);
    const count = new Int32Array(1);
    checkStatus(
      native.mp3a_roundtrip_stream_finish(
        stream,
        ...pointers(output.channels),
        output.frameCount,
        count,
      ),
    );
    yield* this.#take(count[0] ?? 0);
  }

  /** Room for what comes out when `frameCount` PCM frames go in. */
  #prepare(stream: Handle, channelCount: number, frameCount: number): Planes {
    const needed = library().native.mp3a_roundtrip_stream_capacity(stream, frameCount);
    if ((this.#scratch[0]?.length ?? 0) < needed) {
      this.#scratch = Array.from({ length: channelCount }, () => new Float32Array(needed));
    }
    return { channels: this.#scratch, frameCount: this.#scratch[0]?.length ?? 0 };
  }

  *#take(count: number): Generator<Float32Array[], void> {
    if (count > 0) yield this.#scratch.map((channel) => channel.slice(0, count));
  }

  free(): void {
    this.#source.close();
    this.#stream?.free();
    this.#scratch = [];
  }
}

/** As many round trips, one behind the other, each of audio that is no louder than `peak`. */
export function roundtripCodec(
  options: CheckedOptions,
  peak: number,
  passes: number,
): Codec<Audio, Float32Array[]> {
  const last = new RoundtripCodec(options, peak);
  return passes === 1 ? last : new ChainedCodec(roundtripCodec(options, peak, passes - 1), last);
}

/**
 * The round trip as a stream: chunks of any size go in, and what comes out, put
 * together, is what `compressRoundtrip` returns for all of them at once, bit for
 * bit: aligned, and of the same length. Memory stays bounded whatever the length.
 *
 * Chunks are mono arrays, one array per channel, or flat with `channels: 2`; all
 * must have as many channels as the first one. Leave a chunk alone until its
 * write has ended. What comes out is one array per
 * channel. A stream doesn't know how loud it will become: see `peak`, which is for each of the
 * `passes`, where `compressRoundtrip` looks at each one's own.
 *
 * @example
 * ```ts
 * import { Mp3RoundtripStream } from "@mp3-augment/mp3-augment";
 *
 * const blocks = ReadableStream.from([new Float32Array(1000), new Float32Array(5000)]);
 * let sampleCount = 0;
 * const stream = new Mp3RoundtripStream({ sampleRate: 16000, bitrateKbps: 32 });
 * for await (const [samples] of blocks.pipeThrough(stream)) sampleCount += samples?.length ?? 0;
 * console.log(sampleCount); // 6000
 * ```
 */
export class Mp3RoundtripStream {
  /** What comes out: one array per channel. */
  readonly readable: ReadableStream<Float32Array[]>;
  /** What goes in. */
  readonly writable: WritableStream<Audio>;
  readonly #codec: Codec<Audio, Float32Array[]>;

  /**
   * A stream that has coded nothing yet.
   *
   * @param options how to code
   * @throws {Mp3AugmentError} for options that are not valid; errors of the audio
   * go to both ends of the stream
   */
  constructor(options: RoundtripStreamOptions) {
    const object = checkObject(options, STREAM_NAMES);
    const checked = checkOptions(object);
    const { peak = 1 } = object;
    this.#codec = roundtripCodec(checked, checkPeak(peak), checked.coding.passes);
    ({ readable: this.readable, writable: this.writable } = codecStream(this.#codec));
  }

  /**
   * Frees the codec now (`using stream = …`). A stream that has ended, failed or
   * was aborted has done so by itself; another one fails at its next chunk.
   */
  [Symbol.dispose](): void {
    this.#codec.free();
  }
}
