import { toBytes } from "./bytes.ts";
import { MAX_FRAMES } from "./constants.ts";
import { Mp3AugmentError, show } from "../ffi/errors.ts";
import { runJob } from "./jobs.ts";
import { type Mp3Info, newInfo, readInfo } from "./mp3-info.ts";
import { STATUS_NAMES } from "../ffi/symbols.ts";
import { checkStatus, library } from "./native.ts";
import { checkObject, namesOf } from "./option-names.ts";
import { type Abortable, ABORTABLE_NAMES, checkBoolean, checkSignal } from "./options.ts";
import { newCodes, newSamples } from "./results.ts";

/** How {@linkcode decodeMp3} decodes. */
export interface DecodeOptions {
  /**
   * Whether the encoder's delay and padding are left out, as the LAME tag tells
   * them. Default `true`: exactly the samples that were encoded. Without such a
   * tag there is nothing to leave out.
   */
  gapless?: boolean;
  /**
   * What the samples are: `"float32"` (default) from -1 to 1 and beyond, or
   * `"int16"`, rounded and limited to 16 bits.
   */
  format?: "float32" | "int16";
}

/** {@linkcode DecodeOptions} and what a call in the background takes. */
export type AsyncDecodeOptions = DecodeOptions & Abortable;

/** A decoded MP3 file. */
export interface DecodedMp3<T extends Float32Array | Int16Array = Float32Array> extends Mp3Info {
  /** One array per channel, all of one length. */
  readonly channelData: T[];
  /** That length: samples per channel. */
  readonly samplesDecoded: number;
}

/** The names of a decoding stream's options. */
export const GAPLESS_NAMES: readonly string[] = namesOf<Pick<DecodeOptions, "gapless">>({
  gapless: true,
});
const DECODE_NAMES = namesOf<DecodeOptions>({ gapless: true, format: true });

type Format = "float32" | "int16";

interface CheckedDecoding {
  readonly bytes: Uint8Array;
  readonly isGapless: 0 | 1;
  readonly format: Format;
}

/** Checks `gapless`, for a stream too. */
export function checkGapless(options: Record<string, unknown>): 0 | 1 {
  const { gapless = true } = options;
  return checkBoolean(gapless, "gapless") ? 1 : 0;
}

function checkDecoding(bytes: unknown, object: Record<string, unknown>): CheckedDecoding {
  const { format = "float32" } = object;
  if (format !== "float32" && format !== "int16") {
    throw new Mp3AugmentError(
      "INVALID_OPTION",
      `format is ${show(format)}; it must be "float32" or "int16"`,
    );
  }
  const isGapless = checkGapless(object);
  return { bytes: toBytes(bytes, "bytes"), isGapless, format };
}

function probe(bytes: Uint8Array, isGapless: 0 | 1): Mp3Info {
  const info = newInfo();
  const status = library().native.mp3a_probe(bytes, bytes.length, isGapless, info);
  checkStatus(status, describeMp3(status, noFrame(bytes)));
  return readInfo(info);
}

/** What `CORRUPT_MP3` means here; of another status the library's own sentence is right. */
export function describeMp3(status: number, noFrame: () => string): (() => string) | undefined {
  return STATUS_NAMES[status] === "CORRUPT_MP3" ? noFrame : undefined;
}

function noFrame(bytes: Uint8Array): () => string {
  return () =>
    `bytes (${bytes.length}) hold no MP3 frame: only MPEG-1, 2 and 2.5 Layer III is decoded`;
}

function allocate(info: Mp3Info): Float32Array[] {
  if (info.sampleCount > MAX_FRAMES) {
    throw new Mp3AugmentError(
      "INVALID_AUDIO",
      `the file decodes to ${info.sampleCount} samples per channel, more than ${MAX_FRAMES}: ` +
        `decode it as a stream`,
    );
  }
  return Array.from({ length: info.channels }, () => newSamples(info.sampleCount));
}

function toInt16(samples: Float32Array): Int16Array {
  const converted = newCodes(samples.length);
  library().native.mp3a_to_int16(samples, converted, samples.length);
  return converted;
}

function present(
  info: Mp3Info,
  channels: Float32Array[],
  format: Format,
): DecodedMp3<Float32Array | Int16Array> {
  const channelData = format === "int16" ? channels.map(toInt16) : channels;
  return { ...info, channelData, samplesDecoded: info.sampleCount };
}

/**
 * What an MP3 file is, without decoding it: its length, rates, encoder. All MP3
 * frames are walked, so the length is exact.
 *
 * @param bytes the whole file
 * @param options `gapless: false` counts the encoder's delay and padding too
 * @throws {Mp3AugmentError} `CORRUPT_MP3` when there is no MP3 frame, or
 * `INVALID_AUDIO` for what isn't bytes
 *
 * @example
 * ```ts
 * import { encodeMp3, probeMp3 } from "@mp3-augment/mp3-augment";
 *
 * const file = encodeMp3(new Float32Array(44100), { sampleRate: 44100, bitrateKbps: 128 });
 * const info = probeMp3(file);
 * console.log(info?.durationS, info?.sampleRate, info?.encoder); // 1 44100 LAME3.100
 * ```
 */
export function probeMp3(
  bytes: Uint8Array | ArrayBuffer,
  options: Pick<DecodeOptions, "gapless"> = {},
): Mp3Info {
  const isGapless = checkGapless(checkObject(options, GAPLESS_NAMES));
  return probe(toBytes(bytes, "bytes"), isGapless);
}

/**
 * Decodes an MP3 file of any kind: MPEG-1, 2 and 2.5 Layer III, mono and every
 * kind of stereo, constant, average and variable bitrate, free format.
 *
 * ID3 and APE tags and garbage between MP3 frames are passed over, and a file that
 * is cut off is decoded as far as it goes. The first MP3 frame says what kind of
 * file it is: one of another sample rate counts as garbage, a mono one in a stereo
 * file fills both channels, and of a stereo one in a mono file the mean is taken.
 * A damaged MP3 frame is silent, so that the others stay in their place.
 *
 * @param bytes the whole file
 * @param options gapless or not; the format of the samples
 * @throws {Mp3AugmentError} `CORRUPT_MP3` when there is no MP3 frame,
 * `INVALID_AUDIO` for what isn't bytes, `INVALID_OPTION`, `OUT_OF_MEMORY`
 *
 * @example
 * ```ts
 * import { decodeMp3, encodeMp3 } from "@mp3-augment/mp3-augment";
 *
 * const file = encodeMp3(new Float32Array(44100), { sampleRate: 44100, bitrateKbps: 128 });
 * const { channelData: [samples], sampleRate } = decodeMp3(file);
 * console.log(samples?.length, sampleRate); // 44100 44100
 * ```
 */
export function decodeMp3(
  bytes: Uint8Array | ArrayBuffer,
  options: DecodeOptions & { format: "int16" },
): DecodedMp3<Int16Array>;
/** Samples as 32-bit floats. */
export function decodeMp3(
  bytes: Uint8Array | ArrayBuffer,
  options?: DecodeOptions & { format?: "float32" },
): DecodedMp3;
/** Either format. */
export function decodeMp3(
  bytes: Uint8Array | ArrayBuffer,
  options?: DecodeOptions,
): DecodedMp3<Float32Array | Int16Array>;
export function decodeMp3(
  given: Uint8Array | ArrayBuffer,
  options: DecodeOptions = {},
): DecodedMp3<Float32Array | Int16Array> {
  const { bytes, isGapless, format } = checkDecoding(given, checkObject(options, DECODE_NAMES));
  const info = probe(bytes, isGapless);
  const channels = allocate(info);
  const [left = new Float32Array(0), right = null] = channels;
  const { mp3a_decode } = library().native;
  if (info.sampleCount > 0) {
    checkStatus(mp3a_decode(bytes, bytes.length, isGapless, left, right, info.sampleCount));
  }
  return present(info, channels, format);
}

/**
 * As {@linkcode decodeMp3}, with the same samples, on a thread of the library's
 * own pool. The bytes are copied before the call returns.
 *
 * @param bytes the whole file
 * @param options as for `decodeMp3`; `signal` aborts the call
 * @returns a promise that rejects with an {@linkcode Mp3AugmentError}, or with
 * `signal.reason` on an abort
 *
 * @example
 * ```ts
 * import { decodeMp3Async, encodeMp3 } from "@mp3-augment/mp3-augment";
 *
 * const file = encodeMp3(new Float32Array(44100), { sampleRate: 44100, bitrateKbps: 128 });
 * const { channelData: [samples] } = await decodeMp3Async(file, { format: "int16" });
 * console.log(samples instanceof Int16Array); // true
 * ```
 */
export function decodeMp3Async(
  bytes: Uint8Array | ArrayBuffer,
  options: AsyncDecodeOptions & { format: "int16" },
): Promise<DecodedMp3<Int16Array>>;
/** Samples as 32-bit floats. */
export function decodeMp3Async(
  bytes: Uint8Array | ArrayBuffer,
  options?: AsyncDecodeOptions & { format?: "float32" },
): Promise<DecodedMp3>;
/** Either format. */
export function decodeMp3Async(
  bytes: Uint8Array | ArrayBuffer,
  options?: AsyncDecodeOptions,
): Promise<DecodedMp3<Float32Array | Int16Array>>;
// Not a promise before the first await: a function that is async copies before it returns.
export async function decodeMp3Async(
  given: Uint8Array | ArrayBuffer,
  options: AsyncDecodeOptions = {},
): Promise<DecodedMp3<Float32Array | Int16Array>> {
  const object = checkObject(options, [...DECODE_NAMES, ...ABORTABLE_NAMES]);
  const signal = checkSignal(object); // all options before the memory: they may be getters
  const { bytes, isGapless, format } = checkDecoding(given, object);
  signal?.throwIfAborted();
  const { native } = library();
  return await runJob(
    (queue, tag, status) =>
      native.mp3a_decode_job_start(queue, bytes, bytes.length, isGapless, tag, status),
    signal,
    (finished, endJob) => {
      const found = newInfo();
      const status = native.mp3a_decode_job_info(finished, found);
      checkStatus(status, describeMp3(status, noFrame(bytes)));
      const info = readInfo(found);
      const channels = allocate(info);
      const [left = null, right = null] = channels;
      checkStatus(endJob((job) => native.mp3a_decode_job_end(job, left, right, info.sampleCount)));
      return present(info, channels, format);
    },
  );
}
