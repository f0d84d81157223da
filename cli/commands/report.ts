/** `mp3-augment report`: one page to hear and see what MP3 does to a clip. */
import { Buffer } from "node:buffer";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import process from "node:process";
import { type Command, InvalidArgumentError } from "commander";
import { BITRATES_KBPS, nearestSampleRate } from "../../mod.ts";
import { resample } from "../../transform.ts";
import { openSource, type Source } from "../audio/source.ts";
import { naming, printable, usageError } from "../errors.ts";
import { openOutput } from "../files.ts";
import { look } from "../paths.ts";
import { tellResult } from "../tell.ts";
import {
  addEncoderOptions,
  addForce,
  type EncoderArguments,
  encoderOf,
  integerIn,
  numberIn,
  soundExtension,
} from "../options.ts";
import { GENERATOR } from "../report/html.ts";
import { quote } from "../report/recipe.ts";
import { type Clip, type Coding, makeReport } from "../report/report.ts";
import { labelOf, parseSetting, type Shared, toLegal } from "../report/settings.ts";

interface ReportArguments extends EncoderArguments {
  readonly output?: string;
  readonly bitrates?: number[];
  readonly averageBitrates?: number[];
  readonly vbrQualities?: number[];
  readonly setting: string[];
  readonly preserveLevel: boolean;
  readonly start: number;
  readonly duration: number;
  readonly title?: string;
  readonly force: boolean;
  readonly json: boolean;
}

/** The lowest six of these that MPEG has at the clip's sample rate are taken by default. */
const DEFAULT_KBPS = [8, 16, 24, 32, 48, 64, 96, 128, 192];
const DEFAULT_COUNT = 6;
const DEFAULT_SECONDS = 30;
const DEFAULT_OUTPUT = "report.html";

const EXAMPLES = `
Examples:
  $ mp3-augment report speech.wav -o report.html
  $ mp3-augment report song.flac --start 60 --duration 15 --bitrates 32,64,128
  $ mp3-augment report speech.wav --vbr-qualities 2,5,9 --quality 3 --json
  $ mp3-augment report song.wav --setting "vbr 2 joint" --setting "cbr 128 quality 3 reservoir"
  $ cat speech.ogg | mp3-augment report - -o - > report.html`;

/** Adds the command. */
export function add(program: Command): void {
  const command = program.command("report")
    .summary("make a page to hear and see what MP3 does to a file")
    .description(
      "Makes one HTML page that needs nothing else: players for the original and each setting that " +
        "switch in place, spectrograms and their difference, and a table of SNR, log-spectral " +
        "distance, bandwidth, level and size.",
    )
    .argument("<IN>", "a WAV, AIFF, FLAC, Ogg or MP3 file, or - for standard input")
    .option(
      "-o, --output <file>",
      `the page, or - for standard output (default: "${DEFAULT_OUTPUT}")`,
    )
    .option("--bitrates <kbps,...>", "constant bitrates (default: six low ones)", parseBitrates)
    .option("--average-bitrates <kbps,...>", "average bitrates, ABR", eachBy(integerIn(8, 320)))
    .option("--vbr-qualities <V,...>", "VBR, from 0 (best) to 9.999", eachBy(numberIn(0, 9.999)))
    .option(
      "--setting <words>",
      'one setting of any kind, once or more: "vbr 4 joint", "cbr 128 quality 3 reservoir"; its ' +
        "words are the options below",
      (text: string, others: string[]) => [...others, text],
      [],
    );
  addEncoderOptions(command);
  command
    .option("--preserve-level", "divide out what LAME scales by", false)
    .option("--start <seconds>", "where the excerpt starts", numberIn(0, Infinity), 0)
    .option("--duration <seconds>", "its length", numberIn(0.001, Infinity), DEFAULT_SECONDS)
    .option("--title <text>", "of the page (default: the file's name)")
    .option("--json", "print the table as JSON", false);
  addForce(command, "replace a report.html of something else, or write to a terminal");
  command
    .addHelpText("after", EXAMPLES)
    .action(report);
}

function eachBy(parse: (text: string) => number): (text: string) => number[] {
  return (text) => [...new Set(text.split(",").map(parse))];
}

function parseBitrates(text: string): number[] {
  const bitrates = eachBy(integerIn(8, 320))(text);
  const wrong = bitrates.find((kbps) => !BITRATES_KBPS.includes(kbps));
  if (wrong === undefined) return bitrates;
  throw new InvalidArgumentError(`${wrong} is not one of ${BITRATES_KBPS.join(", ")}.`);
}

/** What is reported on, and what the reader must know about it. */
interface Excerpt extends Clip {
  readonly notes: readonly string[];
}

async function report(input: string, options: ReportArguments): Promise<void> {
  const outputPath = options.output ?? DEFAULT_OUTPUT;
  if (options.output === undefined) await checkDefaultOutput(options.force);
  const extension = soundExtension(outputPath);
  if (extension !== undefined && !options.force) {
    throw usageError(`${outputPath} would hold a page, but its name ends in ${extension}`);
  }
  const output = await openOutput(outputPath, { sources: [input], force: options.force });
  const name = input === "-" ? "standard input" : basename(input);
  const source = await naming(input, openSource(input));
  const clip = toCodable(await naming(input, cut(source, options)));
  const codings = chooseCodings(clip.sampleRate, options);
  const { html, rows } = await makeReport(clip, codings, {
    title: options.title ?? name,
    facts: describe(clip, options),
    notes: clip.notes,
    input: input === "-" ? "-" : name,
    command: commandLine(input, outputPath),
  });
  const bytes = Buffer.from(html);
  await output.write([bytes]);
  const megabytes = (bytes.length / 1e6).toFixed(1);
  if (options.json) {
    const result = { input, output: outputPath, sampleRate: clip.sampleRate, clips: rows };
    return tellResult(result, output.isStandard);
  }
  const log = output.isStandard ? process.stderr : process.stdout;
  const where = output.isStandard ? "the report" : outputPath;
  log.write(`${printable(where)}: ${rows.length} clips, ${megabytes} MB\n`);
}

/** A page that nobody asked to write there may take the place of an earlier one, and of nothing else. */
async function checkDefaultOutput(force: boolean): Promise<void> {
  if (force || await look(DEFAULT_OUTPUT) === undefined) return;
  const text = await readFile(DEFAULT_OUTPUT, "utf8").catch(() => "");
  if (text.includes(GENERATOR)) return;
  throw usageError(
    `${DEFAULT_OUTPUT} is there and is no report: give --output FILE, or --force to replace it`,
  );
}

/** Reads no more of a long file than it takes. */
async function cut(source: Source, { start, duration }: ReportArguments): Promise<Excerpt> {
  const { sampleRate, frameCount, channelCount } = source;
  const from = Math.round(start * sampleRate);
  const to = Math.min(frameCount, from + Math.max(1, Math.round(duration * sampleRate)));
  const seconds = (frames: number) => `${(frames / sampleRate).toFixed(1)} s`;
  if (from >= frameCount) {
    throw usageError(`--start must be before the end, which is at ${seconds(frameCount)}`);
  }
  const channels = Array.from({ length: channelCount }, () => new Float32Array(to - from));
  let at = 0; // where the block begins in the file
  for await (const block of source.blocks()) {
    block.forEach((samples, index) => {
      const wanted = samples.subarray(Math.max(0, from - at), Math.max(0, to - at));
      channels[index]?.set(wanted, Math.max(0, at - from));
    });
    at += block[0]?.length ?? 0;
    if (at >= to) break;
  }
  const notes = to - from === frameCount
    ? []
    : [`An excerpt: ${seconds(from)} to ${seconds(to)} of ${seconds(frameCount)}.`];
  return { channels, sampleRate, notes };
}

/** MP3 has at most two channels and nine sample rates. */
function toCodable({ channels, sampleRate, notes }: Excerpt): Excerpt {
  const codedRate = nearestSampleRate(sampleRate);
  const isRate = codedRate === sampleRate;
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
function chooseCodings(sampleRate: number, options: ReportArguments): Coding[] {
  const { bitrates, averageBitrates = [], vbrQualities = [], setting: settings } = options;
  const isDefault = !bitrates && averageBitrates.length + vbrQualities.length === 0 &&
    settings.length === 0;
  const shared: Shared = options;
  const common = { sampleRate, ...encoderOf(shared), preserveLevel: shared.preserveLevel };
  const wanted = (isDefault ? DEFAULT_KBPS : bitrates ?? [])
    .map((bitrateKbps) => toLegal({ ...common, bitrateKbps }));
  const all = [
    ...wanted,
    ...averageBitrates.map((averageBitrateKbps) => ({ ...common, averageBitrateKbps })),
    ...vbrQualities.map((vbrQuality) => ({ ...common, vbrQuality })),
    ...settings.map((text) => parseSetting(text, shared, sampleRate)),
  ];
  const byLabel = new Map(all.map((setting) => [labelOf(setting, shared), setting]));
  return [...byLabel].slice(0, isDefault ? DEFAULT_COUNT : Infinity)
    .map(([label, setting]) => ({ label, setting }));
}

/** What was typed, with the files' names alone: where they lie is nobody's business. */
function commandLine(...paths: string[]): string {
  const typed = process.argv.slice(2).map((word) => {
    const path = paths.find((path) => word.endsWith(path));
    return path === undefined ? word : word.slice(0, -path.length) + basename(path);
  });
  return ["mp3-augment", ...typed].map(quote).join(" ");
}

function describe({ channels, sampleRate }: Clip, options: ReportArguments): string[] {
  const { quality, jointStereo, reservoir, lowpass, preserveLevel } = options;
  const { codedRate, gridOffset, passes } = options;
  const isStereo = channels.length === 2;
  return [
    `${((channels[0]?.length ?? 0) / sampleRate).toFixed(1)} s`,
    isStereo ? "stereo" : "mono",
    `${sampleRate / 1000} kHz`,
    `LAME quality ${quality}`,
    ...isStereo && jointStereo ? ["joint stereo"] : [],
    ...reservoir ? ["bit reservoir"] : [],
    ...lowpass === undefined ? [] : [lowpass === "off" ? "no lowpass" : `lowpass ${lowpass} Hz`],
    ...codedRate === undefined
      ? []
      : [codedRate === "auto" ? "coded at LAME's rate" : `coded at ${codedRate} Hz`],
    ...gridOffset === undefined ? [] : [`grid offset ${gridOffset}`],
    ...passes === undefined ? [] : [`${passes} passes`],
    ...preserveLevel ? ["level preserved"] : [],
  ];
}
