import {
  type Audio,
  checkNotEmpty,
  checkOutput,
  type Planes,
  pointers,
  privateCopy,
  toPlanes,
} from "./audio.ts";
import { runJob } from "./jobs.ts";
import { checkStatus, delayedFrameCount, library, packOptions } from "./native.ts";
import { checkObject } from "./option-names.ts";
import {
  ABORTABLE_NAMES,
  type AsyncRoundtripOptions,
  type CheckedOptions,
  checkOptions,
  checkSignal,
  ROUNDTRIP_NAMES,
  type RoundtripOptions,
} from "./options.ts";
import { allocateLike } from "./results.ts";
import { describeSamples } from "./samples.ts";
import { writeInto } from "./views.ts";

const ASYNC_NAMES = [...ROUNDTRIP_NAMES, ...ABORTABLE_NAMES];

/** A call that was checked: nothing about it can be wrong but the samples' values. */
export interface CheckedCall {
  readonly options: CheckedOptions;
  readonly packedOptions: Int32Array;
  readonly samples: Audio;
  readonly input: Planes;
  /** Samples per channel of the result. */
  readonly outputFrameCount: number;
}

/** Checks everything but the samples' values. `oneThread`: leave other cores to other calls. */
export function checkCall(
  samples: unknown,
  givenOptions: Record<string, unknown>,
  oneThread = false,
): CheckedCall {
  const options = checkOptions(givenOptions);
  const input = toPlanes(samples, options.coding.channels, "samples");
  checkNotEmpty(input, "samples");
  const packedOptions = packOptions(options.coding, {
    preserveDelay: options.preserveDelay,
    preserveLevel: options.preserveLevel,
    channelCount: input.channels.length,
    threads: oneThread ? 1 : options.threads,
    passes: options.coding.passes,
  });
  const outputFrameCount = options.preserveDelay && options.shouldApply
    ? delayedFrameCount(packedOptions, input.frameCount)
    : input.frameCount;
  const call = {
    options,
    packedOptions,
    samples: samples as Audio,
    input,
    outputFrameCount,
  };
  if (options.out !== undefined) prepareOutput(call); // its errors, before any work
  return call;
}

/** Where the result goes: the caller's `out`, checked now, or new memory. */
function prepareOutput(call: CheckedCall): { audio: Audio; planes: Planes } {
  const { options, samples, input, outputFrameCount } = call;
  if (options.out === undefined) {
    return allocateLike(samples, input.channels.length, outputFrameCount);
  }
  const planes = toPlanes(options.out, options.coding.channels, "out");
  checkOutput(planes, input, outputFrameCount, !options.preserveDelay);
  return { audio: options.out as Audio, planes };
}

/** What a draw that doesn't apply leaves: the samples, or `out` with a copy of them. */
function leaveAlone(call: CheckedCall): Audio {
  if (call.options.out === undefined) return call.samples;
  const { audio, planes } = prepareOutput(call);
  planes.channels.forEach((channel, index) => {
    const samples = call.input.channels[index];
    if (samples !== undefined) channel.set(samples);
  });
  return audio;
}

/**
 * Passes a clip through an MP3 encoder and decoder and returns what comes out:
 * aligned with the input to the sample, and of its length.
 *
 * Clips louder than 1 are scaled down before the encoder and back after the
 * decoder. LAME itself makes audio quieter by a factor of 0.95 (up to 160 kbps)
 * to 1 (from 256 kbps on); `preserveLevel` divides that out. The result is the
 * same whatever the call form, thread count and machine. The input is left as it
 * is, unless it is also `out`.
 *
 * Blocks the calling thread; see {@linkcode compressRoundtripAsync}.
 *
 * @param samples mono, one array per channel, or flat with `channels: 2`
 * @param options how to code; `sampleRate` and `bitrateKbps` are needed
 * @returns `options.out` if given, else new audio in the form of the input
 * @throws {Mp3AugmentError} with a code for what is wrong
 *
 * @example
 * ```ts
 * import { compressRoundtrip } from "@mp3-augment/mp3-augment";
 *
 * const left = new Float32Array(44100);
 * const right = new Float32Array(44100);
 * const options = { sampleRate: 44100, bitrateKbps: 96, stereoMode: "joint" } as const;
 * const [newLeft, newRight] = compressRoundtrip([left, right], options);
 * console.log(newLeft?.length, newRight?.length); // 44100 44100
 * ```
 */
export function compressRoundtrip(
  samples: Float32Array,
  options: RoundtripOptions,
): Float32Array;
/** Channel by channel: returns one array per channel. */
export function compressRoundtrip(
  samples: readonly Float32Array[],
  options: RoundtripOptions,
): Float32Array[];
/** Either form: returns the same. */
export function compressRoundtrip(
  samples: Audio,
  options: RoundtripOptions,
): Audio;
export function compressRoundtrip(
  samples: Audio,
  options: RoundtripOptions,
): Audio {
  return runNow(checkCall(samples, checkObject(options, ROUNDTRIP_NAMES)));
}

/** Runs a checked call on this thread. */
export function runNow(call: CheckedCall): Audio {
  if (!call.options.shouldApply) return leaveAlone(call);
  const { audio, planes } = prepareOutput(call);
  const input = privateCopy(call.input);
  writeInto(planes.channels, (output) => {
    const status = library().native.mp3a_roundtrip(
      call.packedOptions,
      ...pointers(input.channels),
      input.frameCount,
      ...pointers(output),
      planes.frameCount,
      null,
    );
    checkStatus(status, describeSamples(status, input));
  });
  return audio;
}

/**
 * As {@linkcode compressRoundtrip}, with the same bits, on a thread of the
 * library's own pool: the event loop stays free, and several calls run at once
 * on as many threads as there are cores.
 *
 * The input is copied before the call returns, so that it may be changed or
 * transferred at once. `out` is written when the promise resolves.
 *
 * @param samples mono, one array per channel, or flat with `channels: 2`
 * @param options how to code; `signal` aborts the call
 * @returns a promise of `options.out` if given, else of new audio in the form
 * of the input; it rejects with an {@linkcode Mp3AugmentError}, or with
 * `signal.reason` on an abort
 *
 * @example
 * ```ts
 * import { compressRoundtripAsync } from "@mp3-augment/mp3-augment";
 *
 * const samples = new Float32Array(48000);
 * const { signal } = new AbortController(); // whose abort() ends the call
 * const degraded = await compressRoundtripAsync(samples, { sampleRate: 48000, vbrQuality: 4, signal });
 * console.log(degraded.length); // 48000
 * ```
 */
export function compressRoundtripAsync(
  samples: Float32Array,
  options: AsyncRoundtripOptions,
): Promise<Float32Array>;
/** Channel by channel: resolves to one array per channel. */
export function compressRoundtripAsync(
  samples: readonly Float32Array[],
  options: AsyncRoundtripOptions,
): Promise<Float32Array[]>;
/** Either form: resolves to the same. */
export function compressRoundtripAsync(
  samples: Audio,
  options: AsyncRoundtripOptions,
): Promise<Audio>;
// Not a promise before the first await: a function that is async copies before it returns.
export async function compressRoundtripAsync(
  samples: Audio,
  options: AsyncRoundtripOptions,
): Promise<Audio> {
  const object = checkObject(options, ASYNC_NAMES);
  const signal = checkSignal(object); // all options before the memory: they may be getters
  const call = checkCall(samples, object);
  signal?.throwIfAborted();
  return await runCall(call, signal);
}

/** Runs a checked call on the pool; the input is copied before this returns. */
export function runCall(
  call: CheckedCall,
  signal: AbortSignal | undefined,
): Audio | Promise<Audio> {
  if (!call.options.shouldApply) return leaveAlone(call);
  const input = privateCopy(call.input);
  return runJob(
    (queue, tag, status) =>
      library().native.mp3a_roundtrip_job_start(
        queue,
        call.packedOptions,
        ...pointers(input.channels),
        input.frameCount,
        tag,
        status,
      ),
    signal,
    (_job, endJob) => {
      const { audio, planes } = prepareAsyncOutput(call);
      writeInto(planes.channels, (output) =>
        checkStatus(
          endJob((job) =>
            library().native.mp3a_roundtrip_job_end(
              job,
              ...pointers(output),
              planes.frameCount,
              null,
            )
          ),
        ));
      return audio;
    },
  );
}

/** `out` again: while the job ran its owner may have transferred it. */
function prepareAsyncOutput(
  call: CheckedCall,
): { audio: Audio; planes: Planes } {
  // The input was copied, so nothing it does now matters.
  const copied: Planes = {
    ...call.input,
    channels: call.input.channels.map(() => NO_SAMPLES),
  };
  return prepareOutput({ ...call, input: copied });
}

const NO_SAMPLES = new Float32Array(0);
