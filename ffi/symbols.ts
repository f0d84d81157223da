/**
 * The one table of the C functions in `csrc/mp3augment.h`, in a form that all
 * runtimes' tables are made from. A test compares it with the header.
 */

/**
 * The C types that cross: `handle` is an opaque pointer that C gave out, `callback` a function
 * pointer, `count` an `u32` that counts the elements of the arrays before it.
 */
export type CType =
  | "i32"
  | "u32"
  | "f32"
  | "f64"
  | "count"
  | BufferType
  | "handle"
  | "callback"
  | "string"
  | "void";

/**
 * Pointers into typed arrays, or NULL: arrays whose `count` is the next one to the right, structs,
 * and single numbers that C writes.
 */
export type BufferType = "floats" | "pcm16" | "bytes" | "options" | "stats" | "info" | "cell";

/** One C function. */
export interface CFunction {
  readonly parameters: readonly CType[];
  readonly result: CType;
  /** Which of the parameters are memory that C writes into. */
  readonly writes?: readonly number[];
  /** It waits: Deno and Node call it on another thread. */
  readonly blocks?: true;
}

export const SYMBOLS = {
  mp3a_abi_version: { parameters: [], result: "u32" },
  mp3a_status_message: { parameters: ["i32"], result: "string" },
  mp3a_nearest_bitrate_kbps: { parameters: ["i32", "i32"], result: "i32" },
  mp3a_coded_sample_rate: { parameters: ["options"], result: "i32" },
  mp3a_max_grid_offset: { parameters: ["options"], result: "i32" },
  mp3a_output_frame_count: { parameters: ["options", "count"], result: "u32" },
  // options, left, right, frame_count, out_left, out_right, capacity, stats
  mp3a_roundtrip: {
    parameters: ["options", "floats", "floats", "count", "floats", "floats", "count", "stats"],
    result: "i32",
    writes: [4, 5, 7],
  },
  // options, samples, sample_count, out, capacity
  mp3a_roundtrip_pcm16: {
    parameters: ["options", "pcm16", "count", "pcm16", "count"],
    result: "i32",
    writes: [3],
  },
  mp3a_has_tag: { parameters: ["options"], result: "i32" },
  mp3a_max_encoded_byte_size: { parameters: ["options", "count"], result: "u32" },
  // options, left, right, frame_count, bytes, capacity, byte_size
  mp3a_encode: {
    parameters: ["options", "floats", "floats", "count", "bytes", "count", "cell"],
    result: "i32",
    writes: [4, 6],
  },
  mp3a_is_finite: { parameters: ["floats", "count"], result: "i32" },
  mp3a_memory_take: { parameters: ["count"], result: "handle" },
  mp3a_memory_release: { parameters: [], result: "handle" },
  mp3a_thread_limit: { parameters: [], result: "u32" },
  mp3a_queue_create: { parameters: ["callback"], result: "handle" },
  mp3a_queue_destroy: { parameters: ["handle"], result: "void" },
  mp3a_job_cancel: { parameters: ["handle"], result: "void" },
  mp3a_queue_poll: { parameters: ["handle"], result: "u32" },
  mp3a_queue_wait: { parameters: ["handle"], result: "u32", blocks: true },
  mp3a_job_end: { parameters: ["handle"], result: "i32" },
  // queue, options, left, right, frame_count, tag, status
  mp3a_roundtrip_job_start: {
    parameters: ["handle", "options", "floats", "floats", "count", "u32", "cell"],
    result: "handle",
    writes: [6],
  },
  // job, out_left, out_right, capacity, stats
  mp3a_roundtrip_job_end: {
    parameters: ["handle", "floats", "floats", "count", "stats"],
    result: "i32",
    writes: [1, 2, 4],
  },
  // queue, options, samples, sample_count, tag, status
  mp3a_roundtrip_pcm16_job_start: {
    parameters: ["handle", "options", "pcm16", "count", "u32", "cell"],
    result: "handle",
    writes: [5],
  },
  // job, out, capacity
  mp3a_roundtrip_pcm16_job_end: {
    parameters: ["handle", "pcm16", "count"],
    result: "i32",
    writes: [1],
  },
  mp3a_pcm16_peak: { parameters: ["pcm16", "count"], result: "f32" },
  // queue, options, left, right, frame_count, tag, status
  mp3a_encode_job_start: {
    parameters: ["handle", "options", "floats", "floats", "count", "u32", "cell"],
    result: "handle",
    writes: [6],
  },
  mp3a_encode_job_byte_size: { parameters: ["handle"], result: "u32" },
  // job, bytes, capacity
  mp3a_encode_job_end: { parameters: ["handle", "bytes", "count"], result: "i32", writes: [1] },
  mp3a_encode_stream_create: { parameters: ["options", "cell"], result: "handle", writes: [1] },
  mp3a_encode_stream_destroy: { parameters: ["handle"], result: "void" },
  mp3a_encode_stream_capacity: { parameters: ["handle", "count"], result: "u32" },
  // stream, left, right, frame_count, bytes, capacity, byte_size
  mp3a_encode_stream_write: {
    parameters: ["handle", "floats", "floats", "count", "bytes", "count", "cell"],
    result: "i32",
    writes: [4, 6],
  },
  // stream, bytes, capacity, byte_size
  mp3a_encode_stream_finish: {
    parameters: ["handle", "bytes", "count", "cell"],
    result: "i32",
    writes: [1, 3],
  },
  // stream, bytes, capacity, byte_size
  mp3a_encode_stream_tag: {
    parameters: ["handle", "bytes", "count", "cell"],
    result: "i32",
    writes: [1, 3],
  },
  mp3a_roundtrip_stream_create: {
    parameters: ["options", "f32", "cell"],
    result: "handle",
    writes: [2],
  },
  mp3a_roundtrip_stream_destroy: { parameters: ["handle"], result: "void" },
  mp3a_roundtrip_stream_capacity: { parameters: ["handle", "count"], result: "u32" },
  // stream, left, right, frame_count, out_left, out_right, capacity, written_count
  mp3a_roundtrip_stream_write: {
    parameters: ["handle", "floats", "floats", "count", "floats", "floats", "count", "cell"],
    result: "i32",
    writes: [4, 5, 7],
  },
  // stream, out_left, out_right, capacity, written_count
  mp3a_roundtrip_stream_finish: {
    parameters: ["handle", "floats", "floats", "count", "cell"],
    result: "i32",
    writes: [1, 2, 4],
  },
  // from_hz, to_hz, status
  mp3a_resample_stream_create: {
    parameters: ["f64", "f64", "cell"],
    result: "handle",
    writes: [2],
  },
  mp3a_resample_stream_destroy: { parameters: ["handle"], result: "void" },
  mp3a_resample_stream_capacity: { parameters: ["handle", "count"], result: "u32" },
  // stream, samples, frame_count, out, capacity, written_count
  mp3a_resample_stream_write: {
    parameters: ["handle", "floats", "count", "floats", "count", "cell"],
    result: "i32",
    writes: [3, 5],
  },
  // bytes, byte_size, is_gapless, info
  mp3a_probe: { parameters: ["bytes", "count", "u32", "info"], result: "i32", writes: [3] },
  // bytes, byte_size, is_gapless, out_left, out_right, capacity
  mp3a_decode: {
    parameters: ["bytes", "count", "u32", "floats", "floats", "count"],
    result: "i32",
    writes: [3, 4],
  },
  // samples, out, frame_count
  mp3a_to_int16: { parameters: ["floats", "pcm16", "count"], result: "void", writes: [1] },
  // queue, bytes, byte_size, is_gapless, tag, status
  mp3a_decode_job_start: {
    parameters: ["handle", "bytes", "count", "u32", "u32", "cell"],
    result: "handle",
    writes: [5],
  },
  mp3a_decode_job_info: { parameters: ["handle", "info"], result: "i32", writes: [1] },
  // job, out_left, out_right, capacity
  mp3a_decode_job_end: {
    parameters: ["handle", "floats", "floats", "count"],
    result: "i32",
    writes: [1, 2],
  },
  mp3a_decode_stream_create: { parameters: ["u32", "cell"], result: "handle", writes: [1] },
  mp3a_decode_stream_destroy: { parameters: ["handle"], result: "void" },
  // stream, bytes, byte_size, at_end, out_left, out_right, capacity, consumed, written_count
  mp3a_decode_stream_run: {
    parameters: ["handle", "bytes", "count", "u32", "floats", "floats", "count", "cell", "cell"],
    result: "i32",
    writes: [4, 5, 7, 8],
  },
  mp3a_decode_stream_info: { parameters: ["handle", "info"], result: "i32", writes: [1] },
} as const satisfies Record<string, CFunction>;

/** `MP3A_ABI_VERSION` of the header that the table was written for. */
export const ABI_VERSION = 7;

/** The fields of `mp3a_options`, 32 bits each, in order. */
export const OPTIONS_FIELDS = [
  "struct_byte_size",
  "sample_rate_hz",
  "bitrate_kbps",
  "quality",
  "channel_count",
  "flags",
  "rate_control",
  "vbr_quality",
  "lowpass_hz",
  "coded_sample_rate_hz",
  "grid_offset",
  "pass_count",
] as const;

/** The fields of `mp3a_mp3_info`, 32 bits each, in order; behind them comes `encoder`. */
export const INFO_FIELDS = [
  "sample_rate_hz",
  "channel_count",
  "version_times_ten",
  "channel_mode",
  "bitrate_mode",
  "bitrate_kbps",
  "mp3_frame_count",
  "frame_count_low",
  "frame_count_high",
  "tag_kind",
  "encoder_delay",
  "encoder_padding",
] as const;

/** The size of `mp3a_mp3_info.encoder` in bytes. */
export const INFO_ENCODER_BYTES = 12;

/** How many 32-bit fields the structs have; arrays are as long as their count says. */
export const BUFFER_LENGTHS = {
  floats: undefined,
  pcm16: undefined,
  bytes: undefined,
  options: OPTIONS_FIELDS.length,
  stats: 0, // none is ever passed
  info: INFO_FIELDS.length + INFO_ENCODER_BYTES / 4,
  cell: 1,
} as const satisfies Record<BufferType, number | undefined>;

/**
 * The flags of `mp3a_options`, by their names without `MP3A_`; n times ONE_THREAD is
 * `MP3A_THREADS(n)`.
 */
export const FLAGS = {
  PRESERVE_DELAY: 1,
  JOINT_STEREO: 4,
  BIT_RESERVOIR: 8,
  PRESERVE_LEVEL: 16,
  NO_TAG: 32,
  ONE_THREAD: 256,
} as const;

/** The values of `rate_control`, by their names without `MP3A_`. */
export const RATE_CONTROLS = { CBR: 0, ABR: 1, VBR: 2 } as const;

/** `MP3A_CODED_RATE_AUTO`. */
export const CODED_RATE_AUTO = -1;

/** `MP3A_LOWPASS_OFF`. */
export const LOWPASS_OFF = -1;

/** `MP3A_MAX_STREAM_FRAMES`. */
export const MAX_STREAM_FRAMES = 65536;

/** `MP3A_MAX_LEVEL`: the largest magnitude that is coded where nothing scales louder audio down. */
export const MAX_LEVEL = 4096;

/** `MP3A_MAX_PEAK`: the largest that is scaled down, so that what comes out stays finite. */
export const MAX_PEAK = 1e33;

/** The names of `mp3a_status`, without `MP3A_`, by number. */
export const STATUS_NAMES = [
  "OK",
  "INVALID_AUDIO",
  "EMPTY_AUDIO",
  "NON_FINITE_AUDIO",
  "UNSUPPORTED_CHANNELS",
  "UNSUPPORTED_SAMPLE_RATE",
  "UNSUPPORTED_BITRATE",
  "UNSUPPORTED_QUALITY",
  "INVALID_OPTION",
  "CORRUPT_MP3",
  "OUT_OF_MEMORY",
  "CANCELLED",
] as const;

/** Memory that may cross. */
export type Buffer = Float32Array | Int32Array | Int16Array | Uint8Array | null;

declare const handleBrand: unique symbol;
/** An opaque pointer: a queue, a job or a stream. */
export type Handle = { readonly [handleBrand]: true };

/** What JavaScript passes for each C type. */
interface JsTypes {
  i32: number;
  u32: number;
  f32: number;
  f64: number;
  count: number;
  floats: Float32Array | null;
  pcm16: Int16Array | null;
  bytes: Uint8Array | null;
  options: Int32Array;
  stats: null;
  info: Int32Array;
  cell: Int32Array;
  handle: Handle;
  callback: Handle | null;
  string: string;
  void: void;
}

type Parameters<T extends readonly CType[]> = { [K in keyof T]: JsTypes[T[K]] };
type Result<T extends CType> = T extends "handle" ? Handle | null : JsTypes[T];

/** The loaded library: the functions of the table. */
export type Native = {
  readonly [K in keyof typeof SYMBOLS]: (
    ...parameters: Parameters<(typeof SYMBOLS)[K]["parameters"]>
  ) => (typeof SYMBOLS)[K] extends { blocks: true } ? Promise<Result<(typeof SYMBOLS)[K]["result"]>>
    : Result<(typeof SYMBOLS)[K]["result"]>;
};
