/**
 * Whole clips by the module's streams, which give the same bits: piece by piece, so that memory
 * stays small whatever the length, and that something else can happen between two pieces.
 */
import { Mp3AugmentError } from "../errors.ts";
import {
  BUFFER_LENGTHS,
  type Handle,
  INFO_FIELDS,
  MAX_LEVEL,
  MAX_PEAK,
  OPTIONS_FIELDS,
  STATUS_NAMES,
} from "../symbols.ts";
import type { Engine } from "./engine.ts";

/** PCM frames that go in at once: a few milliseconds of work at most settings. */
const PIECE_FRAMES = 16384;
/** Bytes of an MP3 file that go in at once. */
export const PIECE_BYTES = 32768;
/** How many PCM frames the decoder writes at once. */
const DECODED_FRAMES = 16 * 1152;
/** Full scale of 16-bit samples. */
const PCM16_SCALE = 32768;

/** The statuses by name. */
export const STATUS = Object.fromEntries(
  STATUS_NAMES.map((name, status) => [name, status]),
) as Record<
  (typeof STATUS_NAMES)[number],
  number
>;

/** `MP3A_INFINITY_BITS`: what is no finite number has so many or more. */
const INFINITY_BITS = 0x7f800000;

type Channels = readonly Float32Array[];

/**
 * What is to be done. The arrays are as long as the clip or the file; where what comes out is as
 * long, it takes their place.
 */
export type Task =
  | {
    readonly kind: "roundtrip" | "encode";
    readonly options: Int32Array;
    readonly input: Channels;
  }
  | { readonly kind: "pcm16"; readonly options: Int32Array; readonly input: Int16Array }
  | { readonly kind: "decode"; readonly isGapless: number; readonly input: Uint8Array };

/** What has come out; nothing else of it counts unless `status` is 0. */
export interface Result {
  readonly status: number;
  readonly output: readonly (Float32Array | Int16Array | Uint8Array)[];
  /** Of a decoding. */
  readonly info?: Int32Array;
}

/** Does a task, piece by piece: it yields after each. */
export function* runTask(engine: Engine, task: Task): Generator<void, Result> {
  try {
    if (task.kind === "decode") return yield* decode(engine, task.input, task.isGapless);
    if (task.kind === "encode") return yield* encode(engine, task.options, task.input);
    if (task.kind === "pcm16") return yield* compressPcm16(engine, task.options, task.input);
    const { length = 0 } = task.input[0] ?? {};
    const count = engine.mp3a_output_frame_count(task.options, length);
    const output = count === length ? task.input : task.input.map(() => new Float32Array(count));
    return { status: yield* compress(engine, task.options, task.input, output), output };
  } catch (error) {
    if (error instanceof Failed) return { status: error.status, output: [] };
    if (isOutOfMemory(error)) return { status: STATUS.OUT_OF_MEMORY, output: [] };
    throw error;
  }
}

/** Does it all at once. */
export function runWhole<T>(pieces: Generator<void, T>): T {
  for (;;) {
    const { done, value } = pieces.next();
    if (done) return value;
  }
}

/** Ends a task with a status. */
class Failed extends Error {
  readonly status: number;

  constructor(status: number) {
    super();
    this.status = status;
  }
}

function isOutOfMemory(error: unknown): boolean {
  // A RangeError: an array that the host has no room for.
  return error instanceof RangeError ||
    error instanceof Mp3AugmentError && error.code === "OUT_OF_MEMORY";
}

function check(status: number): void {
  if (status !== STATUS.OK) throw new Failed(status);
}

/** The largest magnitude of all channels, and whether all is finite, as the bits of a float. */
export function peakBits(engine: Engine, channels: Channels): number {
  let bits = 0;
  for (const channel of channels) {
    for (let at = 0; at < channel.length; at += PIECE_FRAMES) {
      const piece = channel.subarray(at, at + PIECE_FRAMES);
      bits = Math.max(bits, engine.mp3a_peak_bits(piece, piece.length));
    }
  }
  return bits;
}

/** The peak of a clip; fails where it isn't finite, or beyond `most`. */
function checkedPeak(engine: Engine, channels: Channels, most: number): number {
  const bits = peakBits(engine, channels);
  if (bits >= INFINITY_BITS) throw new Failed(STATUS.NON_FINITE_AUDIO);
  const peak = new Float32Array(Uint32Array.of(bits).buffer)[0] ?? 0;
  if (peak > most) throw new Failed(STATUS.INVALID_AUDIO);
  return peak;
}

/** Whether all samples are finite numbers. */
export function isAllFinite(engine: Engine, samples: Float32Array): boolean {
  return peakBits(engine, [samples]) < INFINITY_BITS;
}

/** A stream of the module's, from its creation to its end. */
function* withStream<T>(
  create: (status: Int32Array) => Handle | null,
  destroy: (stream: Handle) => void,
  run: (stream: Handle) => Generator<void, T>,
): Generator<void, T> {
  const status = new Int32Array(1);
  const stream = create(status);
  check(status[0] ?? 0);
  try {
    return yield* run(stream as Handle);
  } finally {
    destroy(stream as Handle);
  }
}

/** One of the audio's channels for each of the calls' parameters. */
function pair<T>(channels: readonly T[]): [left: T, right: T | null] {
  return [channels[0] as T, channels[1] ?? null];
}

/** Room for the samples of one piece: it is used again, as nobody else runs in between. */
let scratch: [Float32Array, Float32Array] = [new Float32Array(0), new Float32Array(0)];

function scratchFor(channelCount: number, frameCount: number): Float32Array[] {
  if (scratch[0].length < frameCount) {
    scratch = [new Float32Array(frameCount), new Float32Array(frameCount)];
  }
  return scratch.slice(0, channelCount);
}

/** The round trip of a clip. `output` may be `input`: what comes out has gone in before. */
export function* compress(
  engine: Engine,
  options: Int32Array,
  input: Channels,
  output: Channels,
): Generator<void, number> {
  try {
    let source = input;
    for (const once of passesOf(options)) {
      const peak = checkedPeak(engine, source, Math.fround(MAX_PEAK));
      const frameCount = source[0]?.length ?? 0;
      const read = source;
      let position = 0;
      yield* pass(engine, once, frameCount, peak, {
        read: (start, end) => read.map((channel) => channel.subarray(start, end)),
        write: (channels) => {
          channels.forEach((channel, index) => output[index]?.set(channel, position));
          position += channels[0]?.length ?? 0;
        },
      });
      source = output.map((channel) => channel.subarray(0, position));
    }
    return STATUS.OK;
  } catch (error) {
    if (error instanceof Failed) return error.status;
    throw error;
  }
}

/** The options of each pass: a stream takes one. */
function passesOf(options: Int32Array): Int32Array[] {
  const once = options.slice();
  once[PASS_COUNT] = 1;
  return new Array(Math.max(1, options[PASS_COUNT] ?? 1)).fill(once);
}

/** Where the samples of a round trip come from, and where they go. */
interface Ends {
  read(start: number, end: number): Channels;
  write(channels: Channels): void;
}

function* pass(
  engine: Engine,
  options: Int32Array,
  frameCount: number,
  peak: number,
  { read, write }: Ends,
): Generator<void, void> {
  const create = (status: Int32Array) => engine.mp3a_roundtrip_stream_create(options, peak, status);
  yield* withStream(create, engine.mp3a_roundtrip_stream_destroy, function* (stream) {
    const count = new Int32Array(1);
    const take = (channels: Channels) =>
      write(channels.map((channel) => channel.subarray(0, count[0])));
    for (let at = 0; at < frameCount; at += PIECE_FRAMES) {
      const piece = read(at, Math.min(at + PIECE_FRAMES, frameCount));
      const length = piece[0]?.length ?? 0;
      const room = engine.mp3a_roundtrip_stream_capacity(stream, length);
      const out = scratchFor(piece.length, room);
      const [left, right] = pair(out);
      check(
        engine.mp3a_roundtrip_stream_write(
          stream,
          ...pair(piece),
          length,
          left,
          right,
          room,
          count,
        ),
      );
      take(out);
      yield;
    }
    const room = engine.mp3a_roundtrip_stream_capacity(stream, 0);
    const out = scratchFor(read(0, 0).length, room);
    const [left, right] = pair(out);
    check(engine.mp3a_roundtrip_stream_finish(stream, left, right, room, count));
    take(out);
  });
}

/** The same of 16-bit samples, channels interleaved, which they are between two passes, too. */
function* compressPcm16(
  engine: Engine,
  options: Int32Array,
  input: Int16Array,
): Generator<void, Result> {
  const channelCount = options[OPTIONS_FIELDS.indexOf("channel_count")] ?? 1;
  const inputCount = input.length / channelCount;
  const outputCount = engine.mp3a_output_frame_count(options, inputCount);
  const output = outputCount === inputCount ? input : new Int16Array(channelCount * outputCount);
  let source = input;
  for (const once of passesOf(options)) {
    const codes = source;
    let position = 0;
    yield* pass(engine, once, codes.length / channelCount, 1, {
      read: (start, end) => readPcm16(codes, channelCount, start, end),
      write: (decoded) => {
        writePcm16(engine, decoded, output, position);
        position += decoded[0]?.length ?? 0;
      },
    });
    source = output.subarray(0, position * channelCount);
  }
  return { status: STATUS.OK, output: [output] };
}

function readPcm16(codes: Int16Array, channelCount: number, start: number, end: number): Channels {
  return Array.from({ length: channelCount }, (_, channel) => {
    const samples = new Float32Array(end - start);
    for (let i = start; i < end; i++) {
      samples[i - start] = (codes[i * channelCount + channel] ?? 0) / PCM16_SCALE;
    }
    return samples;
  });
}

function writePcm16(engine: Engine, channels: Channels, codes: Int16Array, position: number): void {
  channels.forEach((samples, channel) => {
    const converted = new Int16Array(samples.length);
    engine.mp3a_to_int16(samples, converted, samples.length);
    for (let i = 0; i < samples.length; i++) {
      codes[(position + i) * channels.length + channel] = converted[i] ?? 0;
    }
  });
}

/** Encodes a clip to a whole MP3 file. */
function* encode(
  engine: Engine,
  options: Int32Array,
  input: Channels,
): Generator<void, Result> {
  checkedPeak(engine, input, MAX_LEVEL);
  const create = (status: Int32Array) => engine.mp3a_encode_stream_create(options, status);
  return yield* withStream(create, engine.mp3a_encode_stream_destroy, function* (stream) {
    const chunks: Uint8Array[] = [];
    const bytes = new Uint8Array(engine.mp3a_encode_stream_capacity(stream, PIECE_FRAMES));
    const size = new Int32Array(1);
    const frameCount = input[0]?.length ?? 0;
    for (let at = 0; at < frameCount; at += PIECE_FRAMES) {
      const piece = input.map((channel) => channel.subarray(at, at + PIECE_FRAMES));
      const { length = 0 } = piece[0] ?? {};
      const room = engine.mp3a_encode_stream_capacity(stream, length);
      check(
        engine.mp3a_encode_stream_write(stream, ...pair(piece), length, bytes, room, size),
      );
      chunks.push(bytes.slice(0, size[0]));
      yield;
    }
    check(engine.mp3a_encode_stream_finish(stream, bytes, bytes.length, size));
    chunks.push(bytes.slice(0, size[0]));
    check(engine.mp3a_encode_stream_tag(stream, bytes, bytes.length, size));
    const file = join(Uint8Array, chunks);
    file.set(bytes.subarray(0, size[0])); // over the place that was kept for it
    return { status: STATUS.OK, output: [file] };
  });
}

const CHANNEL_COUNT = INFO_FIELDS.indexOf("channel_count");
const PASS_COUNT = OPTIONS_FIELDS.indexOf("pass_count");

/** One array of many. */
function join<T extends Float32Array | Uint8Array>(Kind: new (length: number) => T, parts: T[]): T {
  const whole = new Kind(parts.reduce((length, part) => length + part.length, 0));
  let position = 0;
  for (const part of parts) {
    whole.set(part, position);
    position += part.length;
  }
  return whole;
}

/** Decodes an MP3 file. */
function* decode(
  engine: Engine,
  input: Uint8Array,
  isGapless: number,
): Generator<void, Result> {
  const chunks: [Float32Array[], Float32Array[]] = [[], []];
  const info = new Int32Array(BUFFER_LENGTHS.info);
  yield* decodePieces(engine, input, isGapless, info, (channels) => {
    channels.forEach((channel, index) => chunks[index]?.push(channel.slice()));
  });
  const output = chunks.slice(0, info[CHANNEL_COUNT]).map((parts) => join(Float32Array, parts));
  return { status: STATUS.OK, output, info };
}

/** Decodes a file into arrays that are as long as `mp3a_probe` has told. */
export function* decodeInto(
  engine: Engine,
  input: Uint8Array,
  isGapless: number,
  output: Channels,
): Generator<void, number> {
  let position = 0;
  try {
    const info = new Int32Array(BUFFER_LENGTHS.info);
    yield* decodePieces(engine, input, isGapless, info, (channels) => {
      output.forEach((target, index) => {
        const samples = channels[index]?.subarray(0, target.length - position);
        if (samples !== undefined) target.set(samples, position);
      });
      position = Math.min(position + (channels[0]?.length ?? 0), output[0]?.length ?? 0);
    });
    return STATUS.OK;
  } catch (error) {
    if (error instanceof Failed) return error.status;
    throw error;
  }
}

function* decodePieces(
  engine: Engine,
  input: Uint8Array,
  isGapless: number,
  info: Int32Array,
  take: (channels: Channels) => void,
): Generator<void, void> {
  const create = (status: Int32Array) => engine.mp3a_decode_stream_create(isGapless, status);
  yield* withStream(create, engine.mp3a_decode_stream_destroy, function* (stream) {
    const out = scratchFor(2, DECODED_FRAMES);
    const [left, right] = pair(out);
    const consumed = new Int32Array(1), written = new Int32Array(1);
    let at = 0;
    do {
      const piece = input.subarray(at, at + PIECE_BYTES);
      const isLast = at + piece.length === input.length ? 1 : 0;
      check(
        engine.mp3a_decode_stream_run(
          stream,
          piece.length > 0 ? piece : null,
          piece.length,
          isLast,
          left,
          right,
          DECODED_FRAMES,
          consumed,
          written,
        ),
      );
      at += consumed[0] ?? 0;
      if (written[0]) {
        check(engine.mp3a_decode_stream_info(stream, info));
        take(out.slice(0, info[CHANNEL_COUNT]).map((channel) => channel.subarray(0, written[0])));
      }
      yield;
    } while (at < input.length || written[0] === DECODED_FRAMES);
    check(engine.mp3a_decode_stream_info(stream, info));
  });
}
