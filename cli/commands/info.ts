/** `mp3-augment info`: what sound files hold. */
import process from "node:process";
import type { Command } from "commander";
import type { Mp3Info } from "../../mod.ts";
import { openSource } from "../audio/source.ts";
import { EXIT, printable, reasonOf } from "../errors.ts";
import { look } from "../paths.ts";
import { formatDuration } from "../progress.ts";
import { tellResult, warn } from "../tell.ts";

/** What is known of a file. */
interface Info {
  readonly path: string;
  readonly format: string;
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
      "Decodes each FILE and tells its format, rate, channels, length, peak and bitrate.",
    )
    .argument("<FILE...>", "WAV, AIFF, FLAC, Ogg or MP3 files, or - for standard input")
    .option("--json", "one line of JSON per file", false)
    .addHelpText("after", EXAMPLES)
    .action(tell);
}

async function tell(paths: string[], { json }: { json: boolean }): Promise<void> {
  for (const path of paths) {
    try {
      const info = await readInfo(path);
      process.stdout.write(`${json ? JSON.stringify(info) : printable(describe(info))}\n`);
    } catch (error) {
      warn(`error: ${path}: ${reasonOf(error)}`);
      if (json) tellResult({ path, error: reasonOf(error) });
      process.exitCode = EXIT.someFailed;
    }
  }
}

async function readInfo(path: string): Promise<Info> {
  const { container, sampleRate, channelCount, frameCount, peaks, mp3 } = await openSource(path);
  const durationSeconds = frameCount / sampleRate;
  const found = await look(path);
  const byteSize = found?.kind === "file" ? found.byteSize : null;
  return {
    path,
    format: container,
    sampleRate,
    channels: channelCount,
    frames: frameCount,
    durationSeconds,
    peak: Math.max(...peaks),
    byteSize,
    bitrateKbps: byteSize === null ? null : Math.round(byteSize / durationSeconds / 12.5) / 10,
    ...(mp3 && { mp3 }),
  };
}

function describe(info: Info): string {
  const { path, format, sampleRate, channels, frames, durationSeconds, peak, bitrateKbps } = info;
  const rate = bitrateKbps === null ? "" : `, ${bitrateKbps} kbps`;
  return `${path}: ${format}, ${sampleRate} Hz, ${channels} channel${channels === 1 ? "" : "s"}, ` +
    `${formatDuration(durationSeconds)} (${frames} samples), peak ${peak.toFixed(4)}${rate}${
      describeMp3(info.mp3)
    }`;
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
