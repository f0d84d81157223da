/** `mp3-augment roundtrip`: one file through MP3. */
import process from "node:process";
import { type Command, Option } from "commander";
import { BITRATES_KBPS } from "../../mod.ts";
import { Mp3Compression } from "../../transform.ts";
import { decodeBytes, peakOf, readBytes } from "../audio/read.ts";
import type { SampleFormat } from "../audio/wav.ts";
import { encodeClip } from "../audio/write.ts";
import { CliError, reasonOf } from "../errors.ts";
import { writeOutput } from "../files.ts";
import { integerIn, outputFormat, SAMPLE_FORMATS } from "../options.ts";

interface RoundtripCommandOptions {
  bitrate: string;
  quality: number;
  preserveDelay: boolean;
  format?: "wav" | "flac";
  bits: SampleFormat;
  channelGroups: "pairs" | "singles";
  json: boolean;
}

const EXAMPLES = `
Examples:
  $ mp3-augment roundtrip speech.wav degraded.wav --bitrate 32
  $ mp3-augment roundtrip song.flac degraded.flac --bitrate 128 --bits 24
  $ cat speech.wav | mp3-augment roundtrip - - --bitrate 16 > degraded.wav`;

/** Adds the command. */
export function add(program: Command): void {
  program.command("roundtrip")
    .summary("pass one file through MP3")
    .description(
      "Encodes IN as MP3 and decodes it again: aligned to the sample, of the same length.",
    )
    .argument("<IN>", "a WAV, FLAC, Ogg or MP3 file, or - for standard input")
    .argument("<OUT>", "a .wav or .flac file, or - for standard output")
    .addOption(
      new Option("--bitrate <kbps>", "the constant bitrate").makeOptionMandatory()
        .choices(BITRATES_KBPS.map(String)),
    )
    .option("--quality <0-9>", "LAME's quality, from best to fastest", integerIn(0, 9), 7)
    .option("--preserve-delay", "keep the codec's delay and padding", false)
    .addOption(
      new Option("--format <format>", "of OUT (default: by its name)").choices(["wav", "flac"]),
    )
    .addOption(
      new Option("--bits <bits>", "of OUT's samples").choices(SAMPLE_FORMATS).default("16"),
    )
    .addOption(
      new Option("--channel-groups <groups>", "how more than two channels are coded")
        .choices(["pairs", "singles"]).default("pairs"),
    )
    .option("--json", "print what was done as JSON", false)
    .addHelpText("after", EXAMPLES)
    .action(roundtrip);
}

async function roundtrip(
  input: string,
  output: string,
  options: RoundtripCommandOptions,
): Promise<void> {
  const bitrateKbps = Number(options.bitrate);
  const format = outputFormat(output, options.bits, options.format);
  const transform = new Mp3Compression({
    minBitrateKbps: bitrateKbps,
    maxBitrateKbps: bitrateKbps,
    quality: options.quality,
    preserveDelay: options.preserveDelay,
    channelGroups: options.channelGroups,
    p: 1,
  });
  const clip = await readClip(input);
  const result = await transform.applyAsync(clip.channels, clip.sampleRate);
  await writeOutput(output, await encodeClip(result, clip.sampleRate, format));
  if (!options.json) return;
  const summary = {
    input,
    output,
    sampleRate: clip.sampleRate,
    channels: result.length,
    frames: result[0]?.length ?? 0,
    peak: peakOf(clip.channels),
    bitrateKbps,
    quality: options.quality,
  };
  (output === "-" ? process.stderr : process.stdout).write(`${JSON.stringify(summary)}\n`);
}

async function readClip(path: string) {
  try {
    return await decodeBytes(await readBytes(path));
  } catch (error) {
    throw new CliError(`${path === "-" ? "standard input" : path}: ${reasonOf(error)}`);
  }
}
