/** What went wrong, for programs. The message of the error is for people. */
export type ErrorCode =
  | "INVALID_AUDIO"
  | "EMPTY_AUDIO"
  | "NON_FINITE_AUDIO"
  | "UNSUPPORTED_CHANNELS"
  | "UNSUPPORTED_SAMPLE_RATE"
  | "UNSUPPORTED_BITRATE"
  | "UNSUPPORTED_QUALITY"
  | "INVALID_OPTION"
  | "CORRUPT_MP3"
  | "OUT_OF_MEMORY"
  | "LIBRARY_NOT_FOUND"
  | "LIBRARY_INCOMPATIBLE";

/**
 * Every error that this module throws or rejects with, except an abort's reason.
 *
 * @example
 * ```ts
 * import { compressRoundtrip, Mp3AugmentError } from "@mp3-augment/mp3-augment";
 *
 * try {
 *   compressRoundtrip(new Float32Array(9), { sampleRate: 44000, bitrateKbps: 64 });
 * } catch (error) {
 *   if (error instanceof Mp3AugmentError) console.log(error.code); // UNSUPPORTED_SAMPLE_RATE
 * }
 * ```
 */
export class Mp3AugmentError extends Error {
  /** `"Mp3AugmentError"`. */
  override readonly name = "Mp3AugmentError";
  /** What went wrong. */
  readonly code: ErrorCode;

  /** A new error; `message` says what was given, what is allowed and what to do. */
  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A value as an error message shows it: short, whatever it is. */
export function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, 40));
  if (typeof value === "bigint") return `${value}n`;
  if (
    value === null || typeof value !== "object" && typeof value !== "function"
  ) {
    return String(value);
  }
  if (Array.isArray(value)) return "an array";
  const name = Object.prototype.toString.call(value).slice(8, -1);
  return `${/^[AEIOU]/.test(name) ? "an" : "a"} ${name}`;
}
