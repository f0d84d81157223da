/** `mp3-augment report`: one page to hear and see what MP3 does to a clip. */
import { readFile, writeFile } from "node:fs/promises";
import { Buffer } from "node:buffer";
import { basename } from "node:path";
import process from "node:process";
import decode from "audio-decode";
import { type Command, InvalidArgumentError, Option } from "commander";
import { BITRATES_KBPS, nearestBitrateKbps, SAMPLE_RATES } from "../../mod.ts";
import { type Clip, type Coding, type CodingSettings, makeReport } from "../report/report.ts";

interface Options {
  readonly output: string;
  readonly bitrates?: number[];
  readonly averageBitrates?: number[];
  readonly vbrQualities?: number[];
  readonly quality: number;
  readonly stereoMode: "stereo" | "joint";
  readonly bitReservoir?: true;
  readonly lowpassHz?: number | "off";
  readonly preserveLevel?: true;
  readonly start: number;
  readonly duration: number;
  readonly title?: string;
  readonly json?: true;
}

/** The lowest six of these that MPEG has at the clip's sample rate are taken by default. */
const DEFAULT_KBPS = [8, 16, 24, 32, 48, 64, 96, 128, 192];
const DEFAULT_COUNT = 6;
const DEFAULT_SECONDS = 30;

const EXAMPLES = `
Examples:
  mp3-augment report clip.wav -o report.html
  mp3-augment report song.flac --start 60 --duration 15 --bitrates 32,64,128
  mp3-augment report speech.wav --vbr-qualities 2,5,9 --quality 3 --json
  cat clip.ogg | mp3-augment report - -o - > report.html`;

/** Adds the command to the program. */
export function add(program: Command): void {
  program.command("report")
    .summary("one page to hear and see what MP3 does to a clip")
    .description(
      "Builds one self-contained HTML page: players for the original and each setting that switch " +
        "in place, spectrograms and their difference, and a table of SNR, log-spectral distance, " +
        "bandwidth and size.",
    )
    .argument("<input>", "audio file: WAV, FLAC, Ogg or MP3; - for standard input")
    .option("-o, --output <file>", "where the page goes; - for standard output", "report.html")
    .option("--bitrates <kbps,...>", "constant bitrates; six by default", parseBitrates)
    .option("--average-bitrates <kbps,...>", "average bitrates (ABR)", parseNumbers)
    .option("--vbr-qualities <V,...>", "VBR qualities, 0 (best) to 9.999", parseNumbers)
    .option("--quality <0-9>", "LAME's quality, 0 (best, slow) to 9 (fast)", parseNumber, 7)
    .addOption(
      new Option("--stereo-mode <mode>", "how stereo is coded").choices(["stereo", "joint"])
        .default("stereo"),
    )
    .option("--bit-reservoir", "let MP3 frames borrow bits from earlier ones")
    .option("--lowpass-hz <hz>", "code nothing above; off for everything", parseLowpass)
    .option("--preserve-level", "divide out what LAME makes quieter")
    .option("--start <seconds>", "where the excerpt begins", parseSeconds, 0)
    .option("--duration <seconds>", "how long it is at most", parseSeconds, DEFAULT_SECONDS)
    .option("--title <text>", "the page's title; the file's name by default")
    .option("--json", "print the table as JSON")
    .addHelpText("after", EXAMPLES)
    .action(run);
}

function parseNumber(text: string): number {
  const number = Number(text);
  if (text.trim() === "" || !Number.isFinite(number)) {
    throw new InvalidArgumentError(`"${text}" is not a number.`);
  }
  return number;
}

function parseNumbers(text: string): number[] {
  return text.split(",").map(parseNumber);
}

function parseBitrates(text: string): number[] {
  const bitrates = parseNumbers(text);
  const wrong = bitrates.find((kbps) => !BITRATES_KBPS.includes(kbps));
  if (wrong === undefined) return bitrates;
  throw new InvalidArgumentError(`${wrong} is not one of ${BITRATES_KBPS.join(", ")} kbps.`);
}

function parseLowpass(text: string): number | "off" {
  return text === "off" ? text : parseNumber(text);
}

function parseSeconds(text: string): number {
  const seconds = parseNumber(text);
  if (seconds < 0) throw new InvalidArgumentError("A time can't be negative.");
  return seconds;
}

async function run(input: string, options: Options, command: Command): Promise<void> {
  if (options.json && options.output === "-") {
    command.error("error: --json and -o - both go to standard output: write the page to a file");
  }
  const name = input === "-" ? "standard input" : basename(input);
  const whole = await readClip(input, name);
  const clip = cut(whole, options, name);
  const { html, rows } = await makeReport(clip, chooseCodings(clip, options), {
    title: options.title ?? name,
    facts: describe(clip, options),
    notes: noteExcerpt(whole, clip, options),
  });
  if (options.output === "-") {
    await new Promise((resolve) => process.stdout.write(html, resolve));
    return;
  }
  await writeFile(options.output, html);
  if (options.json) console.log(JSON.stringify({ input, output: options.output, clips: rows }));
  else console.log(`${options.output}: ${rows.length} clips, ${formatMegabytes(html)} MB`);
}

function formatMegabytes(html: string): string {
  return (html.length / 1e6).toFixed(1);
}

async function readBytes(input: string): Promise<Uint8Array> {
  if (input !== "-") return await readFile(input);
  const chunks: Uint8Array[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}

async function readClip(input: string, name: string): Promise<Clip> {
  const { channelData, sampleRate } = await decode(await readBytes(input));
  if (!SAMPLE_RATES.includes(sampleRate)) {
    throw new Error(`${name} has a sample rate of ${sampleRate} Hz, which MP3 has not`);
  }
  return { channels: channelData.slice(0, 2), sampleRate };
}

function cut({ channels, sampleRate }: Clip, { start, duration }: Options, name: string): Clip {
  const from = Math.round(start * sampleRate);
  const to = from + Math.max(1, Math.round(duration * sampleRate));
  const excerpt = channels.map((channel) => channel.slice(from, to));
  if (excerpt[0]?.length) return { channels: excerpt, sampleRate };
  const seconds = (channels[0]?.length ?? 0) / sampleRate;
  throw new Error(`${name} ends at ${seconds.toFixed(2)} s: choose an earlier --start`);
}

/** What is asked for; what the sample rate hasn't is told by its real name, once. */
function chooseCodings({ sampleRate }: Clip, options: Options): Coding[] {
  const { bitrates, averageBitrates = [], vbrQualities = [] } = options;
  const isDefault = !bitrates && averageBitrates.length + vbrQualities.length === 0;
  const settings: CodingSettings = {
    sampleRate,
    quality: options.quality,
    stereoMode: options.stereoMode,
    bitReservoir: options.bitReservoir ?? false,
    preserveLevel: options.preserveLevel ?? false,
    ...options.lowpassHz !== undefined && { lowpassHz: options.lowpassHz },
  };
  const constant = [
    ...new Set(
      (isDefault ? DEFAULT_KBPS : bitrates ?? []).map((kbps) =>
        nearestBitrateKbps(sampleRate, kbps)
      ),
    ),
  ].slice(0, isDefault ? DEFAULT_COUNT : Infinity);
  return [
    ...constant.map((bitrateKbps) => ({
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

function describe({ channels, sampleRate }: Clip, options: Options): string[] {
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

function noteExcerpt(whole: Clip, { channels, sampleRate }: Clip, { start }: Options): string[] {
  const length = channels[0]?.length ?? 0;
  const wholeLength = whole.channels[0]?.length ?? 0;
  if (length === wholeLength) return [];
  const end = start + length / sampleRate;
  return [
    `An excerpt, from ${start.toFixed(1)} s to ${end.toFixed(1)} s of ` +
    `${(wholeLength / sampleRate).toFixed(1)} s.`,
  ];
}
