import {
  type Audio,
  checkNotEmpty,
  type Planes,
  pointers,
  privateCopy,
  toPlanes,
} from "./audio.ts";
import { Mp3AugmentError } from "../ffi/errors.ts";
import { runJob } from "./jobs.ts";
import { checkStatus, library, packOptions } from "./native.ts";
import {
  type Abortable,
  ABORTABLE_NAMES,
  checkBoolean,
  checkCoding,
  type CheckedCoding,
  checkSignal,
  CODING_NAMES,
  type CodingOptions,
  type RateControl,
} from "./options.ts";
import { checkObject, namesOf } from "./option-names.ts";
import { type CheckedCall, runCall, runNow } from "./roundtrip.ts";
import { describeSamples } from "./samples.ts";

/** What belongs to an MP3 file beside its audio. */
export interface FileOptions {
  /**
   * Whether the file begins with the Xing/LAME tag, which tells players the
   * delay, the padding and the length. Default `true`. Where the bitrate's MP3
   * frames are too small for it, LAME leaves it out: see {@linkcode writesTag}.
   */
  tag?: boolean;
}

/** How {@linkcode encodeMp3} codes. */
export type EncodeOptions = CodingOptions & RateControl & FileOptions;

/** {@linkcode EncodeOptions} and what a call in the background takes. */
export type AsyncEncodeOptions = EncodeOptions & Abortable;

/** The names of an encoder's options. */
export const ENCODE_NAMES: readonly string[] = [
  ...CODING_NAMES,
  ...namesOf<FileOptions>({ tag: true }),
];

/**
 * Whether a file of these options has LAME's tag, by which it decodes to exactly its samples. Where
 * the tag doesn't fit into one MP3 frame LAME leaves it out, for example at 44.1 kHz in mono up to
 * 48 kbps: delay, padding and length are then unknown, as with `tag: false`. Of a file that is
 * there `probeMp3` tells the same: its `tag` is undefined.
 *
 * @param options as for `encodeMp3`; `channels` is how many the audio has, 1 by default
 * @throws {Mp3AugmentError} for options that are not valid
 *
 * @example
 * ```ts
 * import { writesTag } from "@mp3-augment/mp3-augment";
 *
 * console.log(writesTag({ sampleRate: 44100, bitrateKbps: 128 })); // true
 * console.log(writesTag({ sampleRate: 44100, bitrateKbps: 48 })); // false: no room in mono
 * ```
 */
export function writesTag(options: EncodeOptions): boolean {
  const object = checkObject(options, ENCODE_NAMES);
  const { tag = true } = object;
  const coding = checkCoding(object);
  const extras = { channelCount: coding.channels ?? 1, noTag: !checkBoolean(tag, "tag") };
  return library().native.mp3a_has_tag(packOptions(coding, extras)) === 1;
}

interface CheckedEncoding {
  readonly coding: CheckedCoding;
  readonly packedOptions: Int32Array;
  readonly input: Planes;
}

/** Checks everything but the samples' values. */
function checkEncoding(samples: unknown, object: Record<string, unknown>): CheckedEncoding {
  const coding = checkCoding(object);
  const { tag = true } = object;
  const noTag = !checkBoolean(tag, "tag");
  const input = toPlanes(samples, coding.channels, "samples");
  checkNotEmpty(input, "samples");
  const packedOptions = packOptions(coding, { channelCount: input.channels.length, noTag });
  return { coding, packedOptions, input: privateCopy(input) };
}

/** The round trips of all passes but the last one, whose file it is; undefined for none. */
function earlierPasses({ coding, input }: CheckedEncoding): CheckedCall | undefined {
  const passes = coding.passes - 1;
  if (passes === 0) return undefined;
  const extras = { preserveDelay: false, preserveLevel: false, threads: undefined };
  return {
    options: { ...extras, coding, out: undefined, shouldApply: true },
    packedOptions: packOptions(coding, { channelCount: input.channels.length, passes }),
    samples: input.channels,
    input,
    outputFrameCount: input.frameCount,
  };
}

/** What comes out of {@linkcode earlierPasses}. */
function afterPasses(audio: Audio, { frameCount }: Planes): Planes {
  return { channels: audio as readonly Float32Array[], frameCount };
}

/**
 * Encodes a clip to a whole MP3 file. By default it begins with the LAME tag, by
 * which players and {@linkcode decodeMp3} return exactly the clip's length, where
 * the tag fits: see {@linkcode writesTag}.
 *
 * Samples beyond ±1 are coded as they are, up to 4096; players may clip them. With the same
 * options the file decodes to what `compressRoundtrip` returns for a clip that
 * isn't louder than 1. LAME's command line defaults to
 * `{ stereoMode: "joint", bitReservoir: true, quality: 3 }`.
 *
 * @param samples mono, one array per channel, or flat with `channels: 2`
 * @param options how to code
 * @returns the file's bytes: those that LAME 3.100 writes with the same settings
 * @throws {Mp3AugmentError} as `compressRoundtrip` does
 *
 * @example
 * ```ts
 * import { decodeMp3, encodeMp3 } from "@mp3-augment/mp3-augment";
 *
 * const samples = new Float32Array(44100);
 * const file = encodeMp3(samples, { sampleRate: 44100, vbrQuality: 2, quality: 3 });
 * console.log(decodeMp3(file).channelData[0]?.length); // 44100
 * ```
 */
export function encodeMp3(samples: Audio, options: EncodeOptions): Uint8Array<ArrayBuffer> {
  const encoding = checkEncoding(samples, checkObject(options, ENCODE_NAMES));
  const { packedOptions } = encoding;
  const passes = earlierPasses(encoding);
  const input = passes ? afterPasses(runNow(passes), encoding.input) : encoding.input;
  const { native } = library();
  const capacity = native.mp3a_max_encoded_byte_size(packedOptions, input.frameCount);
  if (capacity === 0) throw new Mp3AugmentError("INVALID_AUDIO", "the file would be over 4 GiB");
  const bytes = new Uint8Array(capacity);
  const size = new Int32Array(1);
  const status = native.mp3a_encode(
    packedOptions,
    ...pointers(input.channels),
    input.frameCount,
    bytes,
    capacity,
    size,
  );
  checkStatus(status, describeSamples(status, input));
  return bytes.slice(0, (size[0] ?? 0) >>> 0);
}

/**
 * As {@linkcode encodeMp3}, with the same bytes, on a thread of the library's own
 * pool. The input is copied before the call returns.
 *
 * @param samples mono, one array per channel, or flat with `channels: 2`
 * @param options how to code; `signal` aborts the call
 * @returns a promise of the file's bytes; it rejects with an
 * {@linkcode Mp3AugmentError}, or with `signal.reason` on an abort
 *
 * @example
 * ```ts
 * import { encodeMp3Async } from "@mp3-augment/mp3-augment";
 *
 * const file = await encodeMp3Async(new Float32Array(16000), { sampleRate: 16000, bitrateKbps: 32 });
 * console.log(file.length > 4000); // true: a second at 32 kbps, and the tag
 * ```
 */
// Not a promise before the first await: a function that is async copies before it returns.
export async function encodeMp3Async(
  samples: Audio,
  options: AsyncEncodeOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const object = checkObject(options, [...ENCODE_NAMES, ...ABORTABLE_NAMES]);
  const signal = checkSignal(object); // all options before the memory: they may be getters
  const encoding = checkEncoding(samples, object);
  signal?.throwIfAborted();
  const { packedOptions } = encoding;
  const passes = earlierPasses(encoding);
  const input = passes
    ? afterPasses(await runCall(passes, signal), encoding.input)
    : encoding.input;
  const { native } = library();
  return await runJob(
    (queue, tag, status) =>
      native.mp3a_encode_job_start(
        queue,
        packedOptions,
        ...pointers(input.channels),
        input.frameCount,
        tag,
        status,
      ),
    signal,
    (finished, endJob) => {
      const bytes = new Uint8Array(native.mp3a_encode_job_byte_size(finished));
      checkStatus(endJob((job) => native.mp3a_encode_job_end(job, bytes, bytes.length)));
      return bytes;
    },
  );
}
