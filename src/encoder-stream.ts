import type { Handle } from "../ffi/symbols.ts";
import { type Audio, pointers } from "./audio.ts";
import { LARGEST_TAG_BYTES } from "./constants.ts";
import { ENCODE_NAMES, type FileOptions } from "./encode.ts";
import { NativeHandle } from "./handle.ts";
import { checkStatus, library, packOptions } from "./native.ts";
import {
  checkBoolean,
  checkCoding,
  type CheckedCoding,
  checkOptions,
  type CodingOptions,
  type RateControl,
} from "./options.ts";
import { checkObject } from "./option-names.ts";
import { ChainedCodec, type Codec, codecStream, PieceSource } from "./pieces.ts";
import { roundtripCodec } from "./roundtrip-stream.ts";
import { describeSamples } from "./samples.ts";

/** How {@linkcode Mp3EncoderStream} codes. `tag` is `false` by default. */
export type EncoderStreamOptions = CodingOptions & RateControl & FileOptions;

class EncoderCodec implements Codec<Audio, Uint8Array<ArrayBuffer>> {
  readonly #coding: CheckedCoding;
  readonly #noTag: boolean;
  readonly #source: PieceSource;
  #stream: NativeHandle | undefined;
  /** Where C writes. */
  #scratch: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  tagFrame: Uint8Array<ArrayBuffer> | undefined;

  constructor(coding: CheckedCoding, noTag: boolean) {
    this.#coding = coding;
    this.#noTag = noTag;
    this.#source = new PieceSource(coding.channels);
  }

  #create(channelCount: number): NativeHandle {
    const { native } = library();
    const status = new Int32Array(1);
    const packed = packOptions(this.#coding, { channelCount, noTag: this.#noTag });
    const created = native.mp3a_encode_stream_create(packed, status);
    checkStatus(status[0] ?? 0);
    return new NativeHandle(created as Handle, native.mp3a_encode_stream_destroy);
  }

  *transform(chunk: Audio): Generator<Uint8Array<ArrayBuffer>, void> {
    for (const piece of this.#source.split(chunk)) {
      this.#stream ??= this.#create(piece.channels.length);
      const { native } = library();
      const stream = this.#stream.pointer;
      const scratch = this.#prepare(stream, piece.frameCount);
      const size = new Int32Array(1);
      const status = native.mp3a_encode_stream_write(
        stream,
        ...pointers(piece.channels),
        piece.frameCount,
        scratch,
        scratch.length,
        size,
      );
      checkStatus(status, describeSamples(status, piece));
      yield* this.#take(size[0] ?? 0);
    }
  }

  *flush(): Generator<Uint8Array<ArrayBuffer>, void> {
    this.tagFrame = new Uint8Array(0);
    if (this.#stream === undefined) return;
    const { native } = library();
    const stream = this.#stream.pointer;
    const scratch = this.#prepare(stream, 0);
    const size = new Int32Array(1);
    checkStatus(native.mp3a_encode_stream_finish(stream, scratch, scratch.length, size));
    yield* this.#take(size[0] ?? 0);
    const tag = new Uint8Array(LARGEST_TAG_BYTES);
    checkStatus(native.mp3a_encode_stream_tag(stream, tag, tag.length, size));
    this.tagFrame = tag.slice(0, size[0] ?? 0);
  }

  #prepare(stream: Handle, frameCount: number): Uint8Array<ArrayBuffer> {
    const needed = library().native.mp3a_encode_stream_capacity(stream, frameCount);
    if (this.#scratch.length < needed) this.#scratch = new Uint8Array(needed);
    return this.#scratch;
  }

  *#take(byteSize: number): Generator<Uint8Array<ArrayBuffer>, void> {
    if (byteSize > 0) yield this.#scratch.slice(0, byteSize);
  }

  free(): void {
    this.#source.close();
    this.#stream?.free();
    this.#scratch = new Uint8Array(0);
  }
}

/**
 * The encoder as a stream: audio in chunks of any size goes in, the bytes of an
 * MP3 file come out, those of {@linkcode encodeMp3} with the same options. Memory
 * stays bounded whatever the length.
 *
 * Chunks are mono arrays, one array per channel, or flat with `channels: 2`; all
 * must have as many channels as the first one. Leave a chunk alone until its
 * write has ended.
 *
 * The tag at a file's front tells its length, which a stream knows only at its
 * end. So by default there is none. With `tag: true` the stream begins with an
 * empty one; write {@linkcode Mp3EncoderStream.tagFrame} over it at the end.
 *
 * @example
 * ```ts
 * import { Mp3EncoderStream } from "@mp3-augment/mp3-augment";
 *
 * const blocks = ReadableStream.from([new Float32Array(1000), new Float32Array(5000)]);
 * let byteSize = 0;
 * const stream = new Mp3EncoderStream({ sampleRate: 16000, bitrateKbps: 32 });
 * for await (const bytes of blocks.pipeThrough(stream)) byteSize += bytes.length;
 * console.log(byteSize > 0); // true
 * ```
 */
export class Mp3EncoderStream {
  /** The file's bytes. */
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** What goes in. */
  readonly writable: WritableStream<Audio>;
  readonly #encoder: EncoderCodec;
  readonly #codec: Codec<Audio, Uint8Array<ArrayBuffer>>;

  /**
   * A stream that has coded nothing yet.
   *
   * @param options how to code
   * @throws {Mp3AugmentError} for options that are not valid; errors of the audio
   * go to both ends of the stream
   */
  constructor(options: EncoderStreamOptions) {
    const object = checkObject(options, ENCODE_NAMES);
    const { tag = false } = object;
    const coding = checkCoding(object);
    this.#encoder = new EncoderCodec(coding, !checkBoolean(tag, "tag"));
    this.#codec = coding.passes === 1 ? this.#encoder : new ChainedCodec(
      roundtripCodec(checkOptions(object), 1, coding.passes - 1),
      this.#encoder,
    );
    ({ readable: this.readable, writable: this.writable } = codecStream(this.#codec));
  }

  /**
   * The bytes that belong at the file's front, over those that are there;
   * undefined before the stream has ended, and empty without `tag: true`.
   */
  get tagFrame(): Uint8Array<ArrayBuffer> | undefined {
    return this.#encoder.tagFrame;
  }

  /**
   * Frees the codec now (`using stream = …`). A stream that has ended, failed or
   * was aborted has done so by itself; another one fails at its next chunk.
   */
  [Symbol.dispose](): void {
    this.#codec.free();
  }
}
