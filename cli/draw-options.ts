/** The options that say what `dataset` draws from. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { SAMPLE_RATES } from "../mod.ts";
import { type BitrateMode, Mp3Compression, type Mp3CompressionOptions } from "../transform.ts";
import { reasonOf, usageError } from "./errors.ts";
import { integerIn, listOf, numberIn } from "./options.ts";

/** The arguments of {@linkcode addDrawOptions}. */
export interface DrawArguments {
  preset?: "realistic";
  minBitrate: number;
  maxBitrate: number;
  legalBitrates: boolean;
  modes: BitrateMode[];
  minVbrQuality: number;
  maxVbrQuality: number;
  stereoModes: ("stereo" | "joint")[];
  reservoirs: ("off" | "on")[];
  quality: number;
  qualities?: number[];
  lowpasses?: (number | "off" | "auto")[];
  codedRates?: (number | "auto" | "same")[];
  anyGridOffset: boolean;
  maxPasses: number;
  preserveDelay: boolean;
  preserveLevel: boolean;
  p: number;
}

/** What a preset draws. */
const LEFT_TO_PRESET: readonly string[] = [
  "minBitrate",
  "maxBitrate",
  "legalBitrates",
  "modes",
  "minVbrQuality",
  "maxVbrQuality",
  "stereoModes",
  "reservoirs",
  "quality",
  "qualities",
  "lowpasses",
  "codedRates",
  "anyGridOffset",
  "maxPasses",
] satisfies (keyof DrawArguments)[];

/** Adds them. */
export function addDrawOptions(command: Command): void {
  const rates = SAMPLE_RATES.map(String);
  command
    .addOption(
      new Option("--preset <name>", "draw MP3s as they are found: docs/transform.md")
        .choices(["realistic"]),
    )
    .option("--min-bitrate <kbps>", "the lowest bitrate to draw", numberIn(0, 320), 8)
    .option("--max-bitrate <kbps>", "the highest bitrate to draw", numberIn(0, 320), 64)
    .option("--legal-bitrates", "draw only bitrates that MPEG has at a file's sample rate", false)
    .option(
      "--modes <list>",
      "kinds of bitrate to draw, of cbr, abr and vbr",
      listOf("cbr", "abr", "vbr"),
      ["cbr"],
    )
    .option("--min-vbr-quality <q>", "the best VBR quality to draw", numberIn(0, 9.999), 0)
    .option("--max-vbr-quality <q>", "the worst VBR quality to draw", numberIn(0, 9.999), 9)
    .option("--stereo-modes <list>", "of stereo and joint", listOf("stereo", "joint"), ["stereo"])
    .option("--reservoirs <list>", "the bit reservoir, of off and on", listOf("off", "on"), ["off"])
    .option("--quality <0-9>", "LAME's quality, from best to fastest", integerIn(0, 9), 7)
    .option("--qualities <list>", "or several to draw from", numbersOr(integerIn(0, 9)))
    .option(
      "--lowpasses <list>",
      "code nothing above it: Hz, off and auto, LAME's choice (default: auto)",
      numbersOr(integerIn(1, 24000), "off", "auto"),
    )
    .option(
      "--coded-rates <list>",
      `code at: ${rates.join(", ")} Hz, same and auto, LAME's choice (default: same)`,
      numbersOr((text) => Number(listOf(...rates)(text)[0]), "same", "auto"),
    )
    .option("--any-grid-offset", "let files begin anywhere in an MP3 frame", false)
    .option("--max-passes <n>", "code up to n times, evenly drawn", integerIn(1, 10), 1)
    .option("--preserve-delay", "keep the codec's delay and padding", false)
    .option("--preserve-level", "divide out what LAME scales by", false)
    .option("--p <probability>", "how likely a copy is compressed at all", numberIn(0, 1), 0.5);
}

/** Numbers and words with commas between them. */
function numbersOr<T extends string = never>(
  number: (text: string) => number,
  ...words: readonly T[]
): (text: string) => (number | T)[] {
  return (text) =>
    text.split(",").map((part) => part.trim()).map((part) => {
      if ((words as readonly string[]).includes(part)) return part as T;
      try {
        return number(part);
      } catch (error) {
        if (words.length === 0 || !(error instanceof InvalidArgumentError)) throw error;
        throw new InvalidArgumentError(`${error.message} Or ${words.join(" or ")}.`);
      }
    });
}

/** The transform's options for these arguments, checked. */
export function compressionOf(given: DrawArguments, command: Command): Mp3CompressionOptions {
  const { preset, p, preserveDelay, preserveLevel } = given;
  if (preset) {
    const drawn = command.options.find((option) =>
      LEFT_TO_PRESET.includes(option.attributeName()) &&
      command.getOptionValueSource(option.attributeName()) === "cli"
    );
    if (!drawn) return { preset, preserveDelay, p, preserveLevel };
    throw usageError(`--preset draws what ${drawn.long} says: give one of them`);
  }
  const { quality, qualities, lowpasses, codedRates } = given;
  const wantsOne = !qualities || command.getOptionValueSource("quality") === "cli";
  const options: Mp3CompressionOptions = {
    minBitrateKbps: given.minBitrate,
    maxBitrateKbps: given.maxBitrate,
    legalBitratesOnly: given.legalBitrates,
    ...(qualities && { qualities }),
    ...(wantsOne && { quality }),
    preserveDelay,
    bitrateModes: given.modes,
    minVbrQuality: given.minVbrQuality,
    maxVbrQuality: given.maxVbrQuality,
    stereoModes: given.stereoModes,
    bitReservoirs: given.reservoirs.map((word) => word === "on"),
    preserveLevel,
    ...(lowpasses && { lowpassHz: lowpasses }),
    ...(codedRates && { codedSampleRates: codedRates }),
    ...(given.anyGridOffset && { gridOffsets: true }),
    ...(given.maxPasses > 1 && { maxPasses: given.maxPasses }),
    p,
  };
  try {
    new Mp3Compression(options);
  } catch (error) {
    throw usageError(`these can't be drawn: ${reasonOf(error)}`);
  }
  return options;
}
