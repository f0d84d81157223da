import { type Library, openLibrary } from "../ffi/library.ts";
import { FLAGS, OPTIONS_FIELDS, RATE_CONTROLS, STATUS_NAMES } from "../ffi/symbols.ts";
import { type ErrorCode, Mp3AugmentError, show } from "../ffi/errors.ts";
import { LARGEST_MP3_FRAME } from "./constants.ts";
import { checkObject, namesOf } from "./option-names.ts";
import type { CheckedCoding } from "./options.ts";

/** Where the native library is. */
export interface LoadLibraryOptions {
  /**
   * The folder that holds the two libraries. Default: the environment variable
   * `MP3_AUGMENT_LIB`, else `lib/<target>/` beside the module, or of the server
   * it came from.
   */
  path?: string;
  /**
   * Where the two libraries are inside a single-file executable, as
   * `import … with { type: "file" }` tells in `bun build --compile`. They are
   * unpacked into the user's cache folder. `path` and `MP3_AUGMENT_LIB` go first.
   */
  embedded?: EmbeddedLibrary;
}

/** Paths of embedded files. */
export interface EmbeddedLibrary {
  /** Of `libmp3lame`. */
  lame: string;
  /** Of `libmp3augment`. */
  shim: string;
}

let loaded: Library | undefined;

/** The library, loaded at the first call. */
export function library(): Library {
  return loaded ??= openLibrary();
}

/** Takes a library for all calls from now on; false when there is one already. */
export function adopt(opened: Library): boolean {
  loaded ??= opened;
  return loaded === opened;
}

/** Whether a library is loaded. */
export function isLoaded(): boolean {
  return loaded !== undefined;
}

function checkPath(value: unknown, name: string): void {
  if (typeof value === "string" && value !== "") return;
  throw new Mp3AugmentError("INVALID_OPTION", `${name} is ${show(value)}; it must be a path`);
}

/**
 * Loads the native library now instead of at the first use, or from another
 * folder. Does nothing when it is already loaded from there. On Linux a cut or foreign file
 * is refused before it is opened; in Deno that takes the permission to read it.
 *
 * @throws {Mp3AugmentError} `LIBRARY_NOT_FOUND`, `LIBRARY_INCOMPATIBLE`, or
 * `INVALID_OPTION` when it is already loaded from another folder
 *
 * @example
 * ```ts
 * import { loadLibrary } from "@mp3-augment/mp3-augment";
 *
 * loadLibrary(); // while the program starts, and not at the first clip
 * ```
 */
export function loadLibrary(options: LoadLibraryOptions = {}): void {
  const names = namesOf<LoadLibraryOptions>({ path: true, embedded: true });
  const { path, embedded } = checkObject(options, names) as LoadLibraryOptions;
  if (path !== undefined) checkPath(path, "path");
  if (embedded !== undefined) {
    checkObject(embedded, namesOf<EmbeddedLibrary>({ lame: true, shim: true }));
    checkPath(embedded.lame, "embedded.lame");
    checkPath(embedded.shim, "embedded.shim");
  }
  if (loaded === undefined) {
    loaded = openLibrary({ path, embedded });
  } else if (path !== undefined && path !== loaded.folder) {
    throw new Mp3AugmentError(
      "INVALID_OPTION",
      `path is ${path}, but the library is already loaded from ${loaded.folder}: load it before the first use`,
    );
  }
}

/** What `mp3a_options` says beside the coding itself. */
export interface PackExtras {
  readonly channelCount: number;
  readonly preserveDelay?: boolean;
  readonly preserveLevel?: boolean;
  /** At most so many; `undefined`: as many as are idle. */
  readonly threads?: number | undefined;
  readonly noTag?: boolean;
  /** Of a round trip, the others take one. */
  readonly passes?: number;
}

/** What `MP3A_THREADS` has room for: more cores than a clip is cut for. */
const MOST_THREADS = 255;

const float = new Float32Array(1);
const floatBits = new Int32Array(float.buffer);

/** A number's bits as a 32-bit float. */
function bitsOf(value: number): number {
  float[0] = value;
  return floatBits[0] ?? 0;
}

/** `mp3a_options` of checked options. */
export function packOptions(coding: CheckedCoding, extras: PackExtras): Int32Array {
  const flag = (set: boolean | undefined, name: keyof typeof FLAGS) => set ? FLAGS[name] : 0;
  const fields: Record<(typeof OPTIONS_FIELDS)[number], number> = {
    struct_byte_size: OPTIONS_FIELDS.length * Int32Array.BYTES_PER_ELEMENT,
    sample_rate_hz: coding.sampleRate,
    bitrate_kbps: coding.bitrateKbps,
    quality: coding.quality,
    channel_count: extras.channelCount,
    flags: flag(extras.preserveDelay, "PRESERVE_DELAY") |
      Math.min(extras.threads ?? 0, MOST_THREADS) * FLAGS.ONE_THREAD |
      flag(coding.jointStereo, "JOINT_STEREO") | flag(coding.bitReservoir, "BIT_RESERVOIR") |
      flag(extras.preserveLevel, "PRESERVE_LEVEL") | flag(extras.noTag, "NO_TAG"),
    rate_control: RATE_CONTROLS[coding.rateControl],
    vbr_quality: bitsOf(coding.vbrQuality),
    lowpass_hz: coding.lowpassHz,
    coded_sample_rate_hz: coding.codedSampleRate,
    grid_offset: coding.gridOffset,
    pass_count: extras.passes ?? 1,
  };
  const packed = new Int32Array(OPTIONS_FIELDS.length);
  for (let i = 0; i < packed.length; i++) { // from() takes 2 µs
    packed[i] = fields[OPTIONS_FIELDS[i] as keyof typeof fields];
  }
  if (coding.gridOffset > 0) checkGridOffset(coding.gridOffset, packed);
  return packed;
}

/** Only LAME knows the MP3 frame. */
function checkGridOffset(gridOffset: number, packed: Int32Array): void {
  const max = library().native.mp3a_max_grid_offset(packed);
  if (gridOffset <= max || max < 0) return;
  throw new Mp3AugmentError(
    "INVALID_OPTION",
    `gridOffset is ${gridOffset}; it must be an integer from 0 to ${max}, ` +
      "an MP3 frame of these options less one sample",
  );
}

/** Samples per channel that `preserveDelay` gives for any number of them. */
export function delayedFrameCount(packedOptions: Int32Array, frameCount: number): number {
  const { native } = library();
  const sampleRate = packedOptions[OPTIONS_FIELDS.indexOf("sample_rate_hz")] ?? 0;
  // As C counts 32 bits: so many more whole MP3 frames in are as many more out.
  const codedRate = native.mp3a_coded_sample_rate(packedOptions);
  const period = LARGEST_MP3_FRAME * (sampleRate / divisor(sampleRate, codedRate));
  const short = frameCount < 2 * period ? frameCount : frameCount % period + period;
  return frameCount - short + native.mp3a_output_frame_count(packedOptions, short);
}

/** The greatest common one. */
function divisor(a: number, b: number): number {
  return b === 0 ? a : divisor(b, a % b);
}

/** The one place where a status becomes an error. `detail` replaces the library's own sentence. */
export function checkStatus(status: number, detail?: () => string): void {
  const name = STATUS_NAMES[status];
  if (name === "OK") return;
  const code: ErrorCode = name === undefined || name === "CANCELLED" ? "CORRUPT_MP3" : name;
  throw new Mp3AugmentError(
    code,
    detail?.() ?? library().native.mp3a_status_message(status),
  );
}
