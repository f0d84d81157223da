/** Options that several commands share, and how their values are read. */
import { extname } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { BITRATES_KBPS, type RateControl, SAMPLE_RATES } from "../mod.ts";
import type { Encoding } from "./audio/code.ts";
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

/** Words with commas between them, each of `allowed`. */
export function listOf<T extends string>(...allowed: readonly T[]): (text: string) => T[] {
  return (text) => {
    const words = text.split(",").map((word) => word.trim());
    const wrong = words.find((word) => !(allowed as readonly string[]).includes(word));
    if (wrong === undefined) return words as T[];
    throw new InvalidArgumentError(
      `It must be a list of ${allowed.join(", ")}, with commas between.`,
    );
  };
}

/** How files are coded, but for the bitrate. */
export interface EncoderArguments {
  quality: number;
  jointStereo: boolean;
  reservoir: boolean;
  lowpass?: number | "off";
  codedRate?: number | "auto";
  gridOffset?: number;
  passes?: number;
}

/** How one file is coded. */
export interface CodingArguments extends EncoderArguments {
  bitrate?: string;
  averageBitrate?: number;
  vbrQuality?: number;
}

/** Adds the options of {@linkcode CodingArguments}. */
export function addCodingOptions(command: Command): void {
  command
    .addOption(
      new Option("--bitrate <kbps>", "a constant bitrate").choices(BITRATES_KBPS.map(String)),
    )
    .option("--average-bitrate <kbps>", "or an average bitrate, from 8 to 320", integerIn(8, 320))
    .option("--vbr-quality <q>", "or a variable one: from 0, best, to 9.999", numberIn(0, 9.999));
  addEncoderOptions(command);
}

/** Adds the options of {@linkcode EncoderArguments}. */
export function addEncoderOptions(command: Command): void {
  command
    .option("--quality <0-9>", "LAME's quality, from best to fastest", integerIn(0, 9), 7)
    .option("--joint-stereo", "code sum and difference where that is better", false)
    .option("--reservoir", "use the bit reservoir, as most MP3 files do", false)
    .option("--lowpass <Hz|off>", "code nothing above it (default: LAME's choice)", parseLowpass)
    .option(
      "--coded-rate <Hz|auto>",
      "code at another sample rate; auto: LAME's choice for the bitrate",
      parseCodedRate,
    )
    .option(
      "--grid-offset <samples>",
      "how far into an MP3 frame the audio begins",
      integerIn(0, 3455),
    )
    .option("--passes <1-10>", "times through the codec, one after another", integerIn(1, 10));
}

function parseCodedRate(text: string): number | "auto" {
  const rate = Number(text);
  if (text === "auto") return text;
  if (SAMPLE_RATES.includes(rate)) return rate;
  throw new InvalidArgumentError(`It must be auto or one of ${SAMPLE_RATES.join(", ")}.`);
}

function parseLowpass(text: string): number | "off" {
  return text === "off" ? "off" : integerIn(1, 24000)(text);
}

/** `--channel-groups`. */
export function channelGroupsOption(): Option {
  return new Option("--channel-groups <groups>", "how more than two channels are coded")
    .choices(["pairs", "singles"]).default("pairs");
}

/** The module's options for these arguments. */
export function codingOf(given: CodingArguments): Encoding {
  const { bitrate, averageBitrate, vbrQuality } = given;
  const rates: RateControl[] = [];
  if (bitrate !== undefined) rates.push({ bitrateKbps: Number(bitrate) });
  if (averageBitrate !== undefined) rates.push({ averageBitrateKbps: averageBitrate });
  if (vbrQuality !== undefined) rates.push({ vbrQuality });
  const [rate] = rates;
  if (rate === undefined || rates.length > 1) {
    throw usageError("give one of --bitrate, --average-bitrate and --vbr-quality");
  }
  return { ...rate, ...encoderOf(given) };
}

/** The module's options for these arguments. */
export function encoderOf(given: EncoderArguments) {
  const { quality, jointStereo, reservoir, lowpass, codedRate, gridOffset, passes } = given;
  return {
    quality,
    stereoMode: jointStereo ? "joint" as const : "stereo" as const,
    bitReservoir: reservoir,
    ...(lowpass !== undefined && { lowpassHz: lowpass }),
    ...(codedRate !== undefined && { codedSampleRate: codedRate }),
    ...(gridOffset !== undefined && { gridOffset }),
    ...(passes !== undefined && { passes }),
  };
}

/** Extensions by which people know sound files, and other media that hold sound. */
const SOUND = new Set(
  ("wav flac ogg oga opus mp3 aif aiff aifc m4a m4b aac adts webm weba wma mp4 mov mkv mka caf amr " +
    "3gp ac3 eac3 dts ape wv tta mpc dsf dff qoa au snd w64 sph spx voc gsm mp2 mpga avi asf")
    .split(" ").map((name) => `.${name}`),
);

/** A name's end in small letters, if that means a kind of sound file. */
export function soundExtension(path: string): string | undefined {
  const extension = extname(path).toLowerCase();
  return SOUND.has(extension) ? extension : undefined;
}

/** Adds `--force`. */
export function addForce(command: Command, what: string): void {
  command.option("--force", what, false);
}

/** Refuses a name that says another format than what will be written. */
export function checkName(path: string, what: string, extension: string, force: boolean): void {
  const said = soundExtension(path);
  if (said === undefined || said === extension || force) return;
  throw usageError(
    `${path} would hold ${what}, but its name ends in ${said}: call it ${extension}, or use --force`,
  );
}

/** How an output is written. */
export interface OutputArguments {
  format?: "wav" | "flac";
  bits: SampleFormat;
  force: boolean;
}

/** Adds the options of {@linkcode OutputArguments} but for `--force`. `whose`: the output, in words. */
export function addOutputOptions(command: Command): void {
  command
    .addOption(
      new Option("--format <format>", "of OUT (default: by its name)").choices(["wav", "flac"]),
    )
    .addOption(
      new Option("--bits <bits>", "of OUT's samples").choices(["16", "24", "float"]).default("16"),
    );
  addForce(command, "write audio to a terminal, or under another format's name");
}

/** How a file is to be written: by its name's end, unless `--format` says it. */
export function outputFormat(path: string, options: OutputArguments): OutputFormat {
  const { format, bits, force } = options;
  const container = format ?? containerOf(path);
  if (container === "flac" && bits === "float") {
    throw usageError("FLAC holds 16 or 24 bits, not float: choose --bits 16 or 24, or WAV");
  }
  checkName(path, container === "wav" ? "WAV" : "FLAC", `.${container}`, force);
  return { container, samples: bits };
}

function containerOf(path: string): "wav" | "flac" {
  const extension = extname(path).toLowerCase();
  if (extension === ".wav" || path === "-") return "wav";
  if (extension === ".flac") return "flac";
  throw usageError(
    `${path} should end in .wav or .flac, which say how it is written, or give --format`,
  );
}
