/** Our files read by ffmpeg, mpg123 and sox, and our decoder against ffmpeg's. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { decodeMp3, encodeMp3, type EncodeOptions, probeMp3, SAMPLE_RATES } from "../../mod.ts";
import { makeSignal, realAudio } from "../signals.ts";

/** ISO/IEC 11172-4: the limits of full accuracy, for full scale 1. */
const FULL_ACCURACY = { rms: 2 ** -15 / Math.sqrt(12), largest: 2 ** -14 };

const folder = mkdtempSync(join(tmpdir(), "mp3-augment-peers-"));
const path = join(folder, "file.mp3");
const worst = { rms: 0, largest: 0 };
let passedCount = 0, failedCount = 0;

function check(name: string, body: () => void): void {
  try {
    body();
    passedCount++;
  } catch (error) {
    failedCount++;
    console.error(`${name}: ${error instanceof Error ? error.message : error}`);
  }
}

function output(command: string, args: string[]): Uint8Array {
  const { status, stdout, stderr } = spawnSync(command, args, { maxBuffer: 2 ** 28 });
  assert.equal(status, 0, `${command}: ${stderr}`);
  return stdout;
}

function decodeBy(command: string, args: string[]): Float32Array {
  const bytes = output(command, args);
  return new Float32Array(bytes.slice().buffer, 0, bytes.length >> 2);
}

function byFfmpeg(): Float32Array {
  return decodeBy("ffmpeg", ["-v", "error", "-i", path, "-f", "f32le", "-"]);
}

/** Every sample of ours against ffmpeg's interleaved ones. */
function compareWithFfmpeg(bytes: Uint8Array): void {
  const { channelData, samplesDecoded } = decodeMp3(bytes);
  const theirs = byFfmpeg();
  const channels = channelData.length;
  assert.equal(theirs.length, samplesDecoded * channels, "ffmpeg's length");
  let sum = 0, largest = 0;
  channelData.forEach((samples, channel) =>
    samples.forEach((sample, i) => {
      const difference = Math.abs(sample - (theirs[i * channels + channel] ?? NaN));
      sum += difference ** 2;
      largest = Math.max(largest, difference);
    })
  );
  const rms = Math.sqrt(sum / theirs.length);
  worst.rms = Math.max(worst.rms, rms);
  worst.largest = Math.max(worst.largest, largest);
  assert.ok(rms < FULL_ACCURACY.rms && largest < FULL_ACCURACY.largest, `RMS ${rms}, ${largest}`);
}

const MODES: Omit<EncodeOptions, "sampleRate">[] = [
  { bitrateKbps: 64 },
  { bitrateKbps: 128, bitReservoir: true, stereoMode: "joint", quality: 3 },
  { averageBitrateKbps: 100, bitReservoir: true, stereoMode: "joint" },
  { vbrQuality: 4, bitReservoir: true, stereoMode: "joint" },
];

function checkFile(sampleRate: number, length: number, channels: number, mode: object): void {
  const input = [makeSignal(length, sampleRate, 1), makeSignal(length, sampleRate, 2)];
  const options = { ...mode, sampleRate } as EncodeOptions;
  const bytes = encodeMp3(input.slice(0, channels), options);
  const name = `${sampleRate} Hz, ${length} samples, ${channels}, ${JSON.stringify(mode)}`;
  assert.ok(probeMp3(bytes).tag, name);
  writeFileSync(path, bytes);
  check(`${name}: ffmpeg's samples`, () => compareWithFfmpeg(bytes));
  check(`${name}: mpg123's length`, () => {
    const raw = decodeBy("mpg123", ["-q", "-s", "-e", "f32", path]);
    assert.equal(raw.length, length * channels);
  });
  check(`${name}: ffprobe's duration`, () => {
    const args = ["-v", "error", "-show_entries", "stream=sample_rate,channels,duration"];
    const text = new TextDecoder().decode(output("ffprobe", [...args, "-of", "csv=p=0", path]));
    const [rate, count, duration] = text.trim().split(",").map(Number);
    assert.deepEqual([rate, count], [sampleRate, channels]);
    // A container's duration counts whole MP3 frames.
    assert.ok(Math.abs((duration ?? NaN) - length / sampleRate) < 3 * 1152 / sampleRate, text);
  });
  check(`${name}: sox reads it`, () => {
    const raw = decodeBy("sox", [path, "-t", "f32", "-"]);
    // sox knows no gapless decoding: delay and padding come along, perhaps the tag's MP3 frame too.
    const whole = decodeMp3(bytes, { gapless: false }).samplesDecoded + 1152;
    const isWhole = raw.length >= length * channels && raw.length <= whole * channels;
    assert.ok(isWhole, `${raw.length}, not ${length} to ${whole}`);
  });
}

try {
  SAMPLE_RATES.forEach((sampleRate, index) => {
    // Not 1 sample: at low rates ffmpeg makes 530 of it.
    const lengths = [577, 1000, 20_001, 50_000];
    MODES.forEach((mode, at) =>
      checkFile(sampleRate, lengths[(index + at) % 4] ?? 1, 1 + (index + at) % 2, mode)
    );
  });
  const lena = join(dirname(createRequire(import.meta.url).resolve("audio-lena")), "lena.mp3");
  const plain = new Uint8Array(readFileSync(lena));
  const id3 = Uint8Array.of(0x49, 0x44, 0x33, 4, 0, 0, 0, 0, 20, 0);
  const tagged = new Uint8Array([...id3, ...new Uint8Array(2560), ...plain]);
  const music = encodeMp3([realAudio(), realAudio().toReversed()], {
    sampleRate: 44100,
    vbrQuality: 2,
    stereoMode: "joint",
    bitReservoir: true,
  });
  for (const [name, bytes] of Object.entries({ lena: plain, tagged, music })) {
    writeFileSync(path, bytes);
    check(`${name}: ffmpeg's samples`, () => compareWithFfmpeg(bytes));
  }
} finally {
  rmSync(folder, { recursive: true });
}
console.log(`against ffmpeg: RMS at most ${worst.rms}, largest difference ${worst.largest}`);
console.log(`${passedCount} passed, ${failedCount} failed`);
process.exitCode = failedCount === 0 ? 0 : 1;
