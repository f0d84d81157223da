/** `mp3-augment report`: one page to hear and see what MP3 does to a clip. */
import { Buffer } from "node:buffer";
import { basename } from "node:path";
import process from "node:process";
import { type Command, InvalidArgumentError, Option } from "commander";
import { BITRATES_KBPS, nearestBitrateKbps, SAMPLE_RATES } from "../../mod.ts";
import { nearestSampleRate, resample } from "../../src/resample.ts";
import { type Clip, decodeBytes, readBytes } from "../audio/read.ts";
import { CliError, reasonOf, usageError } from "../errors.ts";
import { writeOutput } from "../files.ts";
import { integerIn, numberIn } from "../options.ts";
import { type Coding, type CodingSettings, makeReport } from "../report/report.ts";

interface ReportOptions {
  readonly output: string;
  readonly bitrates?: number[];
  readonly averageBitrates?: number[];
  readonly vbrQualities?: number[];
  readonly quality: number;
  readonly stereoMode: "stereo" | "joint";
  readonly bitReservoir: boolean;
  readonly lowpassHz?: number | "off";
  readonly preserveLevel: boolean;
  readonly start: number;
  readonly duration: number;
  readonly title?: string;
  readonly json: boolean;
}

/** The lowest six of these that MPEG has at the clip's sample rate are taken by default. */
const DEFAULT_KBPS = [8, 16, 24, 32, 48, 64, 96, 128, 192];
const DEFAULT_COUNT = 6;
const DEFAULT_SECONDS = 30;

const EXAMPLES = `
Examples:
  $ mp3-augment report speech.wav -o report.html
  $ mp3-augment report song.flac --start 60 --duration 15 --bitrates 32,64,128
  $ mp3-augment report speech.wav --vbr-qualities 2,5,9 --quality 3 --json
  $ cat speech.ogg | mp3-augment report - -o - > report.html`;

/** Adds the command. */
export function add(program: Command): void {
  program.command("report")
    .summary("make a page to hear and see what MP3 does to a file")
    .description(
      "Makes one HTML page that needs nothing else: players for the original and each setting that " +
        "switch in place, spectrograms and their difference, and a table of SNR, log-spectral " +
        "distance, bandwidth, level and size.",
    )
    .argument("<IN>", "a WAV, FLAC, Ogg or MP3 file, or - for standard input")
    .option("-o, --output <file>", "the page, or - for standard output", "report.html")
    .option("--bitrates <kbps,...>", "constant bitrates (default: six low ones)", parseBitrates)
    .option("--average-bitrates <kbps,...>", "average bitrates, ABR", listOf(integerIn(8, 320)))
    .option("--vbr-qualities <V,...>", "VBR, from 0 (best) to 9.999", listOf(numberIn(0, 9.999)))
    .option("--quality <0-9>", "LAME's quality, from best to fastest", integerIn(0, 9), 7)
    .addOption(
      new Option("--stereo-mode <mode>", "how stereo is coded").choices(["stereo", "joint"])
        .default("stereo"),
    )
    .option("--bit-reservoir", "let MP3 frames borrow bits of earlier ones", false)
    .option("--lowpass-hz <Hz>", "code nothing above it, or off (default: LAME's)", parseLowpass)
    .option("--preserve-level", "divide out what LAME makes quieter", false)
    .option("--start <seconds>", "where the excerpt starts", numberIn(0, Infinity), 0)
    .option("--duration <seconds>", "its length", numberIn(0.001, Infinity), DEFAULT_SECONDS)
    .option("--title <text>", "of the page (default: the file's name)")
    .option("--json", "print the table as JSON", false)
    .addHelpText("after", EXAMPLES)
    .action(report);
}

function listOf(parse: (text: string) => number): (text: string) => number[] {
  return (text) => [...new Set(text.split(",").map(parse))];
}

function parseBitrates(text: string): number[] {
  const bitrates = listOf(integerIn(8, 320))(text);
  const wrong = bitrates.find((kbps) => !BITRATES_KBPS.includes(kbps));
  if (wrong === undefined) return bitrates;
  throw new InvalidArgumentError(`${wrong} is not one of ${BITRATES_KBPS.join(", ")}.`);
}

function parseLowpass(text: string): number | "off" {
  return text === "off" ? text : integerIn(1)(text);
}

/** A clip as it can be coded, and what the reader must know about that. */
interface Source extends Clip {
  readonly notes: readonly string[];
}

async function report(input: string, options: ReportOptions): Promise<void> {
  const { output } = options;
  const name = input === "-" ? "standard input" : basename(input);
  const clip = toCodable(cut(await readClip(input), options, name));
  const codings = chooseCodings(clip.sampleRate, options);
  const { html, rows } = await makeReport(clip, codings, {
    title: options.title ?? name,
    facts: describe(clip, options),
    notes: clip.notes,
  });
  const bytes = Buffer.from(html);
  await writeOutput(output, [bytes]);
  const log = output === "-" ? process.stderr : process.stdout;
  const megabytes = (bytes.length / 1e6).toFixed(1);
  log.write(
    options.json
      ? `${JSON.stringify({ input, output, sampleRate: clip.sampleRate, clips: rows })}\n`
      : `${output === "-" ? "the report" : output}: ${rows.length} clips, ${megabytes} MB\n`,
  );
}

async function readClip(path: string): Promise<Clip> {
  try {
    return await decodeBytes(await readBytes(path));
  } catch (error) {
    throw new CliError(`${path === "-" ? "standard input" : path}: ${reasonOf(error)}`);
  }
}

function cut({ channels, sampleRate }: Clip, options: ReportOptions, name: string): Source {
  const frameCount = channels[0]?.length ?? 0;
  const from = Math.round(options.start * sampleRate);
  const to = Math.min(frameCount, from + Math.max(1, Math.round(options.duration * sampleRate)));
  const seconds = (frames: number) => `${(frames / sampleRate).toFixed(1)} s`;
  if (from >= frameCount) {
    throw usageError(`${name} has ${seconds(frameCount)}: --start must be before its end`);
  }
  return {
    channels: channels.map((channel) => channel.slice(from, to)),
    sampleRate,
    notes: to - from === frameCount
      ? []
      : [`An excerpt: ${seconds(from)} to ${seconds(to)} of ${seconds(frameCount)}.`],
  };
}

/** MP3 has at most two channels and nine sample rates. */
function toCodable({ channels, sampleRate, notes }: Source): Source {
  const isRate = SAMPLE_RATES.includes(sampleRate);
  const codedRate = isRate ? sampleRate : nearestSampleRate(sampleRate);
  const taken = channels.slice(0, 2);
  return {
    channels: isRate ? taken : taken.map((channel) => resample(channel, sampleRate, codedRate)),
    sampleRate: codedRate,
    notes: [
      ...notes,
      ...channels.length > 2 ? [`The first two of ${channels.length} channels.`] : [],
      ...isRate ? [] : [`Resampled from ${sampleRate / 1000} kHz, a rate that MP3 has not.`],
    ],
  };
}

/** What is asked for; what the sample rate hasn't is told by its real name, once. */
function chooseCodings(sampleRate: number, options: ReportOptions): Coding[] {
  const { bitrates, averageBitrates = [], vbrQualities = [] } = options;
  const isDefault = !bitrates && averageBitrates.length + vbrQualities.length === 0;
  const settings: CodingSettings = {
    sampleRate,
    quality: options.quality,
    stereoMode: options.stereoMode,
    bitReservoir: options.bitReservoir,
    preserveLevel: options.preserveLevel,
    ...options.lowpassHz !== undefined && { lowpassHz: options.lowpassHz },
  };
  const wanted = isDefault ? DEFAULT_KBPS : bitrates ?? [];
  const legal = [...new Set(wanted.map((kbps) => nearestBitrateKbps(sampleRate, kbps)))];
  return [
    ...legal.slice(0, isDefault ? DEFAULT_COUNT : Infinity).map((bitrateKbps) => ({
      label: `${bitrateKbps} kbps`,
      options: { ...settings, bitrateKbps },
    })),
    ...averageBitrates.map((averageBitrateKbps) => ({
      label: `ABR ${averageBitrateKbps}`,
      options: { ...settings, averageBitrateKbps },
    })),
    ...vbrQualities.map((vbrQuality) => ({
      label: `VBR V${vbrQuality}`,
      options: { ...settings, vbrQuality },
    })),
  ];
}

function describe({ channels, sampleRate }: Clip, options: ReportOptions): string[] {
  const isStereo = channels.length === 2;
  return [
    `${((channels[0]?.length ?? 0) / sampleRate).toFixed(1)} s`,
    isStereo ? "stereo" : "mono",
    `${sampleRate / 1000} kHz`,
    `LAME quality ${options.quality}`,
    ...isStereo && options.stereoMode === "joint" ? ["joint stereo"] : [],
    ...options.bitReservoir ? ["bit reservoir"] : [],
    ...options.lowpassHz === undefined ? [] : [
      options.lowpassHz === "off" ? "no lowpass" : `lowpass ${options.lowpassHz / 1000} kHz`,
    ],
    ...options.preserveLevel ? ["level preserved"] : [],
  ];
}
