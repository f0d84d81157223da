import type { Handle } from "../ffi/symbols.ts";
import { checkLength } from "../ffi/guard.ts";
import { toBytes } from "./bytes.ts";
import { LARGEST_MP3_FRAME } from "./constants.ts";
import { checkGapless, type DecodeOptions, describeMp3, GAPLESS_NAMES } from "./decode.ts";
import { closedError, NativeHandle } from "./handle.ts";
import { type Mp3Info, newInfo, readInfo } from "./mp3-info.ts";
import { checkStatus, library } from "./native.ts";
import { checkObject } from "./option-names.ts";
import { type Codec, codecStream } from "./pieces.ts";

/** How {@linkcode Mp3DecoderStream} decodes. */
export type DecoderStreamOptions = Pick<DecodeOptions, "gapless">;

/** How many samples per channel C writes at once. */
const CAPACITY = 16 * LARGEST_MP3_FRAME;

/** What a chunk may be: bytes. */
export type Mp3Chunk = Uint8Array | ArrayBuffer;

class DecoderCodec implements Codec<Mp3Chunk, Float32Array[]> {
  readonly #isGapless: 0 | 1;
  #stream: NativeHandle | undefined;
  #isClosed = false;
  #scratch: [Float32Array, Float32Array] | undefined;
  /** What was known at the end. */
  #info: Mp3Info | undefined;

  constructor(isGapless: 0 | 1) {
    this.#isGapless = isGapless;
  }

  transform(chunk: Mp3Chunk): Generator<Float32Array[], void> {
    return this.#run(toBytes(chunk, "chunk"), 0);
  }

  flush(): Generator<Float32Array[], void> {
    return this.#run(new Uint8Array(0), 1);
  }

  *#run(bytes: Uint8Array, atEnd: 0 | 1): Generator<Float32Array[], void> {
    const stream = this.#open();
    const [left, right] = this.#scratch ??= [
      new Float32Array(CAPACITY),
      new Float32Array(CAPACITY),
    ];
    const consumed = new Int32Array(1), written = new Int32Array(1);
    const { length } = bytes;
    let position = 0, count = 0;
    do {
      checkLength(bytes, length); // a reader may have been waited for
      const rest = bytes.subarray(position);
      const status = library().native.mp3a_decode_stream_run(
        stream.pointer,
        rest,
        rest.length,
        atEnd,
        left,
        right,
        CAPACITY,
        consumed,
        written,
      );
      checkStatus(status, describeMp3(status, () => "the stream holds no MP3 frame"));
      position += (consumed[0] ?? 0) >>> 0;
      count = written[0] ?? 0;
      if (count > 0) yield this.#take([left, right], count);
    } while (position < length || count === CAPACITY);
    if (atEnd) this.#info = this.info;
  }

  #open(): NativeHandle {
    if (this.#isClosed) throw closedError();
    return this.#stream ??= this.#create();
  }

  #create(): NativeHandle {
    const { native } = library();
    const status = new Int32Array(1);
    const created = native.mp3a_decode_stream_create(this.#isGapless, status);
    checkStatus(status[0] ?? 0);
    return new NativeHandle(created as Handle, native.mp3a_decode_stream_destroy);
  }

  #take(planes: readonly Float32Array[], count: number): Float32Array[] {
    return planes.slice(0, this.info?.channels).map((plane) => plane.slice(0, count));
  }

  get info(): Mp3Info | undefined {
    if (this.#isClosed || this.#stream === undefined) return this.#info;
    const found = newInfo();
    const status = library().native.mp3a_decode_stream_info(this.#stream.pointer, found);
    return status === 0 ? readInfo(found) : undefined;
  }

  free(): void {
    this.#isClosed = true;
    this.#stream?.free();
    this.#scratch = undefined;
  }
}

/**
 * The decoder as a stream: the bytes of an MP3 file in chunks of any size go in,
 * audio comes out as one array per channel; put together it is what
 * {@linkcode decodeMp3} returns, bit for bit. Memory stays bounded whatever the
 * length.
 *
 * @example
 * ```ts
 * import { encodeMp3, Mp3DecoderStream } from "@mp3-augment/mp3-augment";
 *
 * const file = encodeMp3(new Float32Array(44100), { sampleRate: 44100, bitrateKbps: 128 });
 * const decoder = new Mp3DecoderStream();
 * let sampleCount = 0;
 * for await (const [samples] of new Blob([file]).stream().pipeThrough(decoder)) {
 *   sampleCount += samples?.length ?? 0;
 * }
 * console.log(decoder.info?.sampleRate, sampleCount); // 44100 44100
 * ```
 */
export class Mp3DecoderStream {
  /** What comes out: one array per channel. */
  readonly readable: ReadableStream<Float32Array[]>;
  /** What goes in. */
  readonly writable: WritableStream<Mp3Chunk>;
  readonly #codec: DecoderCodec;

  /**
   * A stream that has decoded nothing yet.
   *
   * @param options gapless or not
   * @throws {Mp3AugmentError} `INVALID_OPTION`; that there is no MP3 frame goes to
   * both ends of the stream at the end
   */
  constructor(options: DecoderStreamOptions = {}) {
    this.#codec = new DecoderCodec(checkGapless(checkObject(options, GAPLESS_NAMES)));
    ({ readable: this.readable, writable: this.writable } = codecStream(this.#codec));
  }

  /**
   * What is known so far: undefined before the first MP3 frame; lengths and the
   * mean bitrate are those of what was decoded, and final at the end.
   */
  get info(): Mp3Info | undefined {
    return this.#codec.info;
  }

  /**
   * Frees the codec now (`using stream = …`). A stream that has ended, failed or
   * was aborted has done so by itself; another one fails at its next chunk.
   */
  [Symbol.dispose](): void {
    this.#codec.free();
  }
}
