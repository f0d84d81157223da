/** The functions of the table as the module has them: whole clips in pieces, jobs on workers. */
import type { Completions } from "../runtime.ts";
import { BUFFER_LENGTHS, type Handle, type Native } from "../symbols.ts";
import {
  compress,
  decodeInto,
  isAllFinite,
  PIECE_BYTES,
  type Result,
  runTask,
  runWhole,
  STATUS,
  type Task,
} from "./clips.ts";
import type { Engine } from "./engine.ts";
import { release } from "./orders.ts";
import type { Job, Pool } from "./pool.ts";

type Channels = Float32Array[];

function channelsOf(left: Float32Array | null, right: Float32Array | null, count: number) {
  return [left, right].filter((channel) => channel !== null).map((channel) =>
    channel.subarray(0, count)
  );
}

/** The same in memory of their own. */
function copiesOf(...given: Parameters<typeof channelsOf>): Channels {
  return channelsOf(...given).map((channel) => channel.slice());
}

/** `values` of which every `size` elements are looked at together, until one says no. */
function* split<T extends Int16Array | Float32Array>(values: T, size: number): Generator<T> {
  for (let at = 0; at < values.length; at += size) yield values.subarray(at, at + size) as T;
}

const PIECE_SAMPLES = 65536;

/** Calls on this thread. */
function callsOf(engine: Engine): Partial<Native> {
  return {
    mp3a_roundtrip: (options, left, right, count, outLeft, outRight, capacity) =>
      runWhole(
        compress(
          engine,
          options,
          channelsOf(left, right, count),
          channelsOf(outLeft, outRight, capacity),
        ),
      ),
    mp3a_roundtrip_pcm16: (options, samples, count, out) => {
      const input = (samples as Int16Array).slice(0, count); // a task writes over what it has read
      const { status, output } = runWhole(runTask(engine, { kind: "pcm16", options, input }));
      const codes = output[0] as Int16Array | undefined;
      if (codes !== undefined) (out as Int16Array).set(codes);
      return status;
    },
    mp3a_encode: (options, left, right, count, bytes, _capacity, size) => {
      const input = channelsOf(left, right, count);
      const { status, output } = runWhole(runTask(engine, { kind: "encode", options, input }));
      const file = output[0] as Uint8Array | undefined;
      if (file !== undefined) bytes?.set(file);
      size[0] = file?.length ?? 0;
      return status;
    },
    mp3a_decode: (bytes, count, isGapless, left, right, capacity) =>
      runWhole(
        decodeInto(
          engine,
          (bytes as Uint8Array).subarray(0, count),
          isGapless,
          channelsOf(left, right, capacity),
        ),
      ),
    mp3a_is_finite: (samples, count) =>
      isAllFinite(engine, (samples as Float32Array).subarray(0, count)) ? 1 : 0,
    mp3a_pcm16_peak: (samples, count) => {
      let peak = 0;
      for (const piece of split((samples as Int16Array).subarray(0, count), PIECE_SAMPLES)) {
        peak = Math.max(peak, engine.mp3a_pcm16_peak(piece, piece.length));
      }
      return peak;
    },
    mp3a_to_int16: (samples, out, count) => {
      let at = 0;
      for (const piece of split((samples as Float32Array).subarray(0, count), PIECE_SAMPLES)) {
        const target = (out as Int16Array).subarray(at, at += piece.length);
        engine.mp3a_to_int16(piece, target, piece.length);
      }
    },
    // The caller comes again with what is left: not all of it is to be copied each time.
    mp3a_decode_stream_run: (stream, bytes, count, atEnd, ...rest) => {
      const length = Math.min(count, PIECE_BYTES);
      return engine.mp3a_decode_stream_run(
        stream,
        bytes && bytes.subarray(0, length),
        length,
        length === count ? atEnd : 0,
        ...rest,
      );
    },
  };
}

/** Calls in the background. */
function jobsOf(pool: Pool): Partial<Native> {
  const start = (task: Task, tag: number) => pool.start(task, tag) as unknown as Handle;
  const jobOf = (handle: Handle) => handle as unknown as Job;
  const resultOf = (handle: Handle): Result =>
    jobOf(handle).result ?? { status: STATUS.INVALID_AUDIO, output: [] };
  /** Copies what has come out to where the caller wants it, and lets go of it. */
  const end = (handle: Handle, ...targets: (Float32Array | Int16Array | Uint8Array | null)[]) => {
    const { status, output } = resultOf(handle);
    targets.forEach((target, index) => {
      const made = output[index];
      if (target !== null && made !== undefined) target.set(made);
    });
    release(output);
    return status;
  };
  return {
    mp3a_thread_limit: () => pool.limit,
    mp3a_roundtrip_job_start: (_queue, options, left, right, count, tag) =>
      start({ kind: "roundtrip", options, input: copiesOf(left, right, count) }, tag),
    mp3a_encode_job_start: (_queue, options, left, right, count, tag) =>
      start({ kind: "encode", options, input: copiesOf(left, right, count) }, tag),
    mp3a_roundtrip_pcm16_job_start: (_queue, options, samples, count, tag) =>
      start({ kind: "pcm16", options, input: (samples as Int16Array).slice(0, count) }, tag),
    mp3a_decode_job_start: (_queue, bytes, count, isGapless, tag) =>
      start({ kind: "decode", isGapless, input: (bytes as Uint8Array).slice(0, count) }, tag),
    mp3a_job_cancel: (job) => pool.cancel(jobOf(job)),
    mp3a_job_end: (job) => end(job),
    mp3a_roundtrip_job_end: (job, left, right) => end(job, left, right),
    mp3a_roundtrip_pcm16_job_end: (job, out) => end(job, out),
    mp3a_encode_job_byte_size: (job) => resultOf(job).output[0]?.length ?? 0,
    mp3a_encode_job_end: (job, bytes) => end(job, bytes),
    mp3a_decode_job_info: (job, info) => {
      const result = resultOf(job);
      if (result.info !== undefined) info.set(result.info.subarray(0, BUFFER_LENGTHS.info));
      return result.status;
    },
    mp3a_decode_job_end: (job, left, right) => end(job, left, right),
  };
}

/** All of it. What the module has of queues is not used. */
export function createNative(engine: Engine, pool: Pool): Native {
  return { ...engine, ...callsOf(engine), ...jobsOf(pool) };
}

/** How finished jobs are heard of: the pool itself knows which are under way. */
export function createCompletions(pool: Pool, onFinished: (tag: number) => void): Completions {
  pool.onFinished = onFinished;
  return { queue: {} as Handle, expectOne: () => {} };
}
