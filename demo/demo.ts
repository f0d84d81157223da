/**
 * One runtime's part of the demo: `demo.ts FILE OUT_FOLDER` decodes the file, passes it through MP3
 * at several bitrates, writes the results as WAV files and prints a report as JSON.
 */
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { basename, extname, join } from "node:path";
import process from "node:process";
import encodeWav from "@audio/encode-wav";
import decode from "audio-decode";
import { compressRoundtrip, encodeMp3, nearestBitrateKbps, SAMPLE_RATES } from "../mod.ts";
import { compare, findOffset } from "./measure.ts";

/** What became of the audio at one bitrate; `null` where silence allows no measure. */
export interface Row {
  bitrateKbps: number;
  mp3ByteSize: number;
  offset: number | null;
  correlation: number | null;
  snrDb: number | null;
  /** Of one call: the median of several. */
  seconds: number;
  sha256: string;
}

/** What the runner prints. */
export interface Report {
  /** The file in words. */
  description: string;
  notes: string[];
  /** The audio's duration. */
  seconds: number;
  rows: Row[];
}

interface Clip {
  channels: Float32Array[];
  sampleRate: number;
  notes: string[];
}

/** An error that needs no stack trace. */
class InputError extends Error {}

const BITRATES_KBPS = [32, 64, 128, 320];
const MEASURED_CALLS = 5;
const MEASURING_SECONDS = 2;

async function readClip(path: string): Promise<Clip> {
  const name = basename(path);
  const { channelData, sampleRate } = await decodeFile(path);
  if (!channelData[0]?.length) {
    throw new InputError(`${name} holds no audio that can be decoded`);
  }
  if (!SAMPLE_RATES.includes(sampleRate)) {
    throw new InputError(
      `${name} has a sample rate of ${sampleRate} Hz, but MP3 has only ${
        SAMPLE_RATES.join(", ")
      }: ` +
        `resample it first`,
    );
  }
  const notes: string[] = [];
  if (channelData.length > 2) {
    notes.push(
      `${name} has ${channelData.length} channels, MP3 at most two: the first two are taken`,
    );
  }
  return { channels: channelData.slice(0, 2), sampleRate, notes };
}

async function decodeFile(
  path: string,
): Promise<{ channelData: Float32Array[]; sampleRate: number }> {
  try {
    return await decode(readFileSync(path));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InputError(
      `${basename(path)} can't be decoded (${reason}): WAV, FLAC, Ogg and MP3 files can`,
    );
  }
}

/** Runs one bitrate several times; the first call only warms up. */
function measure(
  clip: Clip,
  bitrateKbps: number,
): { row: Row; output: Float32Array[] } {
  const { channels, sampleRate } = clip;
  const output = compressRoundtrip(channels, { sampleRate, bitrateKbps });
  const times: number[] = [];
  const end = performance.now() + 1000 * MEASURING_SECONDS;
  do {
    const start = performance.now();
    compressRoundtrip(channels, { sampleRate, bitrateKbps });
    times.push((performance.now() - start) / 1000);
  } while (times.length < MEASURED_CALLS && performance.now() < end);
  times.sort((a, b) => a - b);

  const hash = createHash("sha256");
  output.forEach((channel) => hash.update(new Uint8Array(channel.buffer)));
  const row = {
    bitrateKbps,
    mp3ByteSize: encodeMp3(channels, { sampleRate, bitrateKbps, tag: false }).length,
    offset: findOffset(channels, output),
    ...compare(channels, output),
    seconds: times[times.length >> 1] ?? 0,
    sha256: hash.digest("hex"),
  };
  return { row, output };
}

/** As 32-bit float, because MP3 may overshoot full scale. */
async function writeWav(
  path: string,
  channels: Float32Array[],
  sampleRate: number,
): Promise<void> {
  const encoder = await encodeWav({ sampleRate, bitDepth: 32 });
  encoder.encode(channels);
  writeFileSync(path, encoder.flush());
}

function describe(path: string, { channels, sampleRate }: Clip): string {
  const seconds = ((channels[0]?.length ?? 0) / sampleRate).toFixed(2);
  return `${basename(path)}: ${seconds} s, ${
    channels.length === 1 ? "mono" : "stereo"
  }, ${sampleRate} Hz`;
}

async function main(path: string, outFolder: string): Promise<Report> {
  const clip = await readClip(path);
  const { channels, sampleRate, notes } = clip;
  const name = basename(path, extname(path));
  const runtime = "Deno" in globalThis ? "deno" : "bun";
  const bitrates = new Set(
    BITRATES_KBPS.map((kbps) => nearestBitrateKbps(sampleRate, kbps)),
  );
  const rows: Row[] = [];
  await writeWav(join(outFolder, `${name}.original.wav`), channels, sampleRate);
  for (const bitrateKbps of bitrates) {
    const { row, output } = measure(clip, bitrateKbps);
    rows.push(row);
    await writeWav(
      join(outFolder, `${name}.${bitrateKbps}k.${runtime}.wav`),
      output,
      sampleRate,
    );
  }
  return {
    description: describe(path, clip),
    notes,
    seconds: (channels[0]?.length ?? 0) / sampleRate,
    rows,
  };
}

try {
  const [path = "", outFolder = ""] = process.argv.slice(2);
  console.log(JSON.stringify(await main(path, outFolder)));
} catch (error) {
  const isExpected = error instanceof InputError ||
    error instanceof Error && error.name === "Mp3AugmentError";
  console.error(isExpected ? `error: ${error.message}` : error);
  process.exitCode = 1;
}
