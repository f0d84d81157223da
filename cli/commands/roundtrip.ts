/** `mp3-augment roundtrip`: one file through MP3. */
import type { Command } from "commander";
import { type Coding, withCodedRates } from "../audio/code.ts";
import { convert } from "../convert.ts";
import {
  addCodingOptions,
  addOutputOptions,
  channelGroupsOption,
  type CodingArguments,
  codingOf,
  type OutputArguments,
} from "../options.ts";

interface RoundtripArguments extends CodingArguments, OutputArguments {
  preserveDelay: boolean;
  preserveLevel: boolean;
  channelGroups: "pairs" | "singles";
  json: boolean;
}

const EXAMPLES = `
Examples:
  $ mp3-augment roundtrip speech.wav degraded.wav --bitrate 32
  $ mp3-augment roundtrip song.flac degraded.flac --vbr-quality 4 --joint-stereo --bits 24
  $ cat speech.wav | mp3-augment roundtrip - - --bitrate 16 > degraded.wav`;

/** Adds the command. */
export function add(program: Command): void {
  const command = program.command("roundtrip")
    .summary("pass one file through MP3")
    .description(
      "Encodes IN as MP3 and decodes it again: aligned to the sample, of the same length.",
    )
    .argument("<IN>", "a WAV, AIFF, FLAC, Ogg or MP3 file, or - for standard input")
    .argument("<OUT>", "a .wav or .flac file, or - for standard output");
  addCodingOptions(command);
  command
    .option("--preserve-delay", "keep the codec's delay and padding", false)
    .option("--preserve-level", "divide out what LAME scales by", false)
    .addOption(channelGroupsOption());
  addOutputOptions(command);
  command
    .option("--json", "print what was done as JSON", false)
    .addHelpText("after", EXAMPLES)
    .action(roundtrip);
}

function roundtrip(input: string, output: string, options: RoundtripArguments): Promise<void> {
  const { preserveDelay, preserveLevel, channelGroups } = options;
  const coding: Coding = { ...codingOf(options), preserveDelay, preserveLevel };
  return convert(input, output, options, coding, channelGroups, (form) => ({
    parameters: withCodedRates(coding, form),
  }));
}
