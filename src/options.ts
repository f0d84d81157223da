import type { Audio } from "./audio.ts";
import { BITRATES_KBPS, SAMPLE_RATES } from "./constants.ts";
import { type ErrorCode, Mp3AugmentError, show } from "./errors.ts";

/** How a clip is coded. */
export interface RoundtripOptions {
  /** The audio's sample rate in Hz: one of {@linkcode SAMPLE_RATES}. */
  sampleRate: number;
  /**
   * The constant bitrate in kbps: one of {@linkcode BITRATES_KBPS}. Where MPEG
   * has no such bitrate at the sample rate, `nearestBitrateKbps` tells the one
   * that is used.
   */
  bitrateKbps: number;
  /** LAME's quality, an integer from 0 (best, slow) to 9 (fast). Default 7. */
  quality?: number;
  /**
   * Keep the codec's delay ({@linkcode DELAY_SAMPLES}) at the front and its
   * padding at the end: the output is then a whole number of MP3 frames, longer
   * than the input and late by the delay. Default `false`: aligned, same length.
   */
  preserveDelay?: boolean;
  /**
   * How many channels one flat `Float32Array` holds, 1 or 2, the left one first
   * and then the right. Default 1. For arrays of channels it is not needed.
   */
  channels?: 1 | 2;
  /**
   * Where to write the output, in the form of the input. Without
   * `preserveDelay` it may be the input itself. Default: new memory.
   */
  out?: Audio;
}

/** {@linkcode RoundtripOptions} and what a call in the background takes. */
export interface AsyncRoundtripOptions extends RoundtripOptions {
  /** Aborts the call: it rejects at once with the signal's reason. */
  signal?: AbortSignal;
}

/** Options that were checked, with the defaults filled in. */
export interface CheckedOptions {
  readonly sampleRate: number;
  readonly bitrateKbps: number;
  readonly quality: number;
  readonly preserveDelay: boolean;
  readonly channels: 1 | 2 | undefined;
  readonly out: Audio | undefined;
}

const QUALITIES: readonly number[] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];

function checkOneOf(
  value: unknown,
  allowed: readonly number[],
  name: string,
  code: ErrorCode,
  advice: string,
): number {
  if (allowed.includes(value as number)) return value as number;
  throw new Mp3AugmentError(
    code,
    `${name} is ${show(value)}; it must be one of ${allowed.join(", ")}${advice}`,
  );
}

function checkBoolean(value: unknown, name: string): boolean {
  if (typeof value === "boolean") return value;
  throw new Mp3AugmentError(
    "INVALID_OPTION",
    `${name} is ${show(value)}; it must be true or false`,
  );
}

function checkChannels(value: unknown): 1 | 2 | undefined {
  if (value === undefined || value === 1 || value === 2) return value;
  throw new Mp3AugmentError(
    "UNSUPPORTED_CHANNELS",
    `channels is ${show(value)}; it must be 1 or 2`,
  );
}

/** Reads each option once and checks it; `undefined` means the default. */
export function checkOptions(options: unknown): CheckedOptions {
  if (typeof options !== "object" || options === null) {
    throw new Mp3AugmentError(
      "INVALID_OPTION",
      `options is ${show(options)}; it must be an object with sampleRate and bitrateKbps`,
    );
  }
  const given = options as Partial<Record<keyof RoundtripOptions, unknown>>;
  const {
    sampleRate,
    bitrateKbps,
    quality = 7,
    preserveDelay = false,
    channels,
    out,
  } = given;
  return {
    sampleRate: checkOneOf(
      sampleRate,
      SAMPLE_RATES,
      "sampleRate",
      "UNSUPPORTED_SAMPLE_RATE",
      " Hz: resample the audio first",
    ),
    bitrateKbps: checkOneOf(
      bitrateKbps,
      BITRATES_KBPS,
      "bitrateKbps",
      "UNSUPPORTED_BITRATE",
      " kbps",
    ),
    quality: checkOneOf(
      quality,
      QUALITIES,
      "quality",
      "UNSUPPORTED_QUALITY",
      "",
    ),
    preserveDelay: checkBoolean(preserveDelay, "preserveDelay"),
    channels: checkChannels(channels),
    out: out as Audio | undefined,
  };
}

/** Checks the option that only background calls have. */
export function checkSignal(options: unknown): AbortSignal | undefined {
  const { signal } = options as { signal?: unknown };
  if (signal === undefined || signal instanceof AbortSignal) return signal;
  throw new Mp3AugmentError(
    "INVALID_OPTION",
    `signal is ${show(signal)}; it must be an AbortSignal`,
  );
}
