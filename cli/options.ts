/** Options that several commands share, and how their values are read. */
import { extname } from "node:path";
import { InvalidArgumentError } from "commander";
import type { SampleFormat } from "./audio/wav.ts";
import type { OutputFormat } from "./audio/write.ts";
import { usageError } from "./errors.ts";

/** A number from `min` to `max`. */
export function numberIn(min: number, max: number, onlyIntegers = false): (text: string) => number {
  return (text) => {
    const value = text.trim() === "" ? NaN : Number(text);
    const isAllowed = value >= min && value <= max && (!onlyIntegers || Number.isInteger(value));
    if (isAllowed) return value;
    const kind = onlyIntegers ? "an integer" : "a number";
    throw new InvalidArgumentError(
      max === Infinity
        ? `It must be ${kind} from ${min} on.`
        : `It must be ${kind} from ${min} to ${max}.`,
    );
  };
}

/** An integer from `min` to `max`. */
export function integerIn(min: number, max = Infinity): (text: string) => number {
  return numberIn(min, max, true);
}

export const SAMPLE_FORMATS: readonly SampleFormat[] = ["16", "24", "float"];

/** How a file is to be written: by its name's end, unless `container` says it. */
export function outputFormat(
  path: string,
  samples: SampleFormat,
  container?: "wav" | "flac",
): OutputFormat {
  const chosen = container ?? containerOf(path);
  if (chosen === "flac" && samples !== "16" && samples !== "24") {
    throw usageError(`FLAC holds 16 or 24 bits, not ${samples}: choose --bits 16 or 24, or WAV`);
  }
  return { container: chosen, samples };
}

function containerOf(path: string): "wav" | "flac" {
  const extension = extname(path).toLowerCase();
  if (extension === ".wav" || path === "-") return "wav";
  if (extension === ".flac") return "flac";
  throw usageError(`${path} should end in .wav or .flac, which say how it is written`);
}
