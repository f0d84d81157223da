/** `mp3-augment info`: what sound files hold. */
import process from "node:process";
import type { Command } from "commander";
import type { Mp3Info } from "../../mod.ts";
import { openSource } from "../audio/source.ts";
import type { Storage } from "../audio/wav.ts";
import { EXIT, printable, reasonOf } from "../errors.ts";
import { look } from "../paths.ts";
import { tellResult, warn } from "../tell.ts";

/** What is known of a file. */
interface Info {
  readonly path: string;
  readonly format: string;
  /** Null for lossy formats, which have no such number. */
  readonly bitsPerSample: number | null;
  /** How the samples are stored, likewise. */
  readonly sampleType: Storage["sampleType"] | null;
  readonly sampleRate: number;
  readonly channels: number;
  readonly frames: number;
  readonly durationSeconds: number;
  readonly peak: number;
  /** Null for what isn't a file. */
  readonly byteSize: number | null;
  /** The file's bits per second of audio, in kbps. */
  readonly bitrateKbps: number | null;
  /** Of MP3 files. */
  readonly mp3?: Mp3Info;
}

const EXAMPLES = `
Examples:
  $ mp3-augment info speech.mp3
  $ mp3-augment info --json clips/*.wav | jq .durationSeconds`;

/** Adds the command. */
export function add(program: Command): void {
  program.command("info")
    .summary("tell what sound files hold")
    .description(
      "Decodes each FILE and tells its format, bits, rate, channels, length, peak and bitrate.",
    )
    .argument("<FILE...>", "WAV, AIFF, FLAC, Ogg or MP3 files, or - for standard input")
    .option("--json", "one line of JSON per file", false)
    .addHelpText("after", EXAMPLES)
    .action(tell);
}

async function tell(paths: string[], { json }: { json: boolean }): Promise<void> {
  for (const path of paths) {
    const info = await readInfo(path).catch((error) => {
      warn(`error: ${path}: ${reasonOf(error)}`);
      if (json) tellResult({ path, error: reasonOf(error) });
      process.exitCode = EXIT.someFailed;
    });
    if (info) process.stdout.write(`${json ? JSON.stringify(info) : printable(describe(info))}\n`);
  }
}

async function readInfo(path: string): Promise<Info> {
  const source = await openSource(path);
  const { container, sampleRate, channelCount, frameCount, peaks, mp3, storage } = source;
  const durationSeconds = frameCount / sampleRate;
  const found = await look(path);
  const byteSize = found?.kind === "file" ? found.byteSize : null;
  return {
    path,
    format: container,
    bitsPerSample: storage?.bitsPerSample ?? null,
    sampleType: storage?.sampleType ?? null,
    sampleRate,
    channels: channelCount,
    frames: frameCount,
    durationSeconds,
    peak: Math.max(...peaks),
    byteSize,
    bitrateKbps: byteSize === null ? null : Math.round(byteSize / durationSeconds / 1.25) / 100,
    ...(mp3 && { mp3 }),
  };
}

function describe(info: Info): string {
  const { path, format, sampleRate, channels, frames, durationSeconds, peak, bitrateKbps } = info;
  const rate = bitrateKbps === null ? "" : `, ${bitrateKbps.toFixed(2)} kbps`;
  return `${path}: ${format}, ${describeStorage(info)}${sampleRate} Hz, ` +
    `${channels} channel${channels === 1 ? "" : "s"}, ` +
    `${exactDuration(durationSeconds)} (${frames} samples), peak ${peak.toFixed(4)}${rate}${
      describeMp3(info.mp3)
    }`;
}

function describeStorage({ bitsPerSample, sampleType }: Info): string {
  if (bitsPerSample === null) return "";
  return `${bitsPerSample} bits${sampleType === "integer" ? "" : ` ${sampleType}`}, `;
}

/** As 0.42 s, 17.00 s, 2:05.37 min or 1:02:07.00 h. */
function exactDuration(seconds: number): string {
  const hundredths = Math.round(100 * seconds);
  const [minutes, rest] = [Math.floor(hundredths / 6000), hundredths % 6000 / 100];
  const two = (value: number | string, length = 2) => String(value).padStart(length, "0");
  if (minutes === 0) return `${rest.toFixed(2)} s`;
  if (minutes < 60) return `${minutes}:${two(rest.toFixed(2), 5)} min`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(rest.toFixed(2), 5)} h`;
}

function describeMp3(mp3: Mp3Info | undefined): string {
  if (mp3 === undefined) return "";
  const { mpegVersion, bitrateMode, stereoMode, encoder, encoderDelay, encoderPadding } = mp3;
  const trim = encoderDelay === undefined
    ? ""
    : `, delay ${encoderDelay} and padding ${encoderPadding}`;
  return `, MPEG-${mpegVersion}, ${bitrateMode.toUpperCase()}, ${stereoMode}` +
    `${encoder ? `, by ${encoder}` : ""}${trim}`;
}
