/**
 * `codedSampleRate: "auto"` against LAME's own command line, Debian's: the same sample rate for every
 * bitrate, the same spectrum, and mostly the same bytes.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { wavBytes, wavHeader } from "../../cli/audio/wav.ts";
import { logSpectralDistanceDb } from "../../cli/report/metrics.ts";
import { codedSampleRate, decodeMp3, encodeMp3, probeMp3, type RateControl } from "../../mod.ts";
import { realAudio } from "../signals.ts";

/** LAME's command line has these by default. */
const DEFAULTS = { quality: 3, stereoMode: "joint", bitReservoir: true } as const;
const BITRATES = [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160];
const QUALITIES = [4, 6.6, 7, 8.3, 9, 9.3, 9.5, 9.9];

const folder = mkdtempSync(join(tmpdir(), "mp3-augment-lame-"));
const [wav, mp3] = [join(folder, "in.wav"), join(folder, "out.mp3")];
let passedCount = 0, failedCount = 0, equalCount = 0, worst = 0;

/** Left and right of 16 bits, at the level that LAME gives integers inside: over 32767. */
function makeClip(channelCount: number): Int16Array[] {
  const starts = [40_000, 240_000].slice(0, channelCount);
  return starts.map((start) =>
    Int16Array.from(realAudio().subarray(start, start + 90_000), (x) => Math.round(32767 * x))
  );
}

function encodeByLame(clip: readonly Int16Array[], sampleRate: number, args: string[]): Uint8Array {
  const asFloats = clip.map((channel) => Float32Array.from(channel, (code) => code / 32768));
  writeFileSync(wav, wavHeader(sampleRate, clip.length, "16", clip[0]?.length ?? 0));
  writeFileSync(wav, wavBytes(asFloats, "16"), { flag: "a" });
  const { status, stderr } = spawnSync("lame", ["--quiet", "-t", "-q", "3", ...args, wav, mp3]);
  assert.equal(status, 0, `lame: ${stderr}`);
  return new Uint8Array(readFileSync(mp3));
}

function compare(clip: readonly Int16Array[], sampleRate: number, rate: RateControl): void {
  const { bitrateKbps, averageBitrateKbps, vbrQuality } = rate;
  const args = bitrateKbps !== undefined
    ? ["-b", `${bitrateKbps}`]
    : averageBitrateKbps !== undefined
    ? ["--abr", `${averageBitrateKbps}`]
    : ["-V", `${vbrQuality}`];
  const options = { ...DEFAULTS, ...rate, sampleRate, codedSampleRate: "auto" } as const;
  const theirs = encodeByLame(clip, sampleRate, args);
  const input = clip.map((channel) => Float32Array.from(channel, (code) => code / 32767));
  const ours = encodeMp3(input, { ...options, tag: false });
  const channels = clip.length as 1 | 2;
  assert.equal(codedSampleRate({ ...options, channels }), probeMp3(theirs).sampleRate);
  assert.equal(probeMp3(ours).sampleRate, probeMp3(theirs).sampleRate);
  const [a, b] = [theirs, ours].map((bytes) => decodeMp3(bytes, { gapless: false }).channelData);
  const coded = probeMp3(ours).sampleRate;
  const distance = logSpectralDistanceDb(a as Float32Array[], b as Float32Array[], coded);
  worst = Math.max(worst, distance);
  equalCount += Number(
    ours.length === theirs.length && ours.every((byte, i) => byte === theirs[i]),
  );
  assert.ok(distance < 1.5, `${distance} dB between the spectra`);
}

try {
  for (const sampleRate of [44100, 48000]) {
    for (const channelCount of [1, 2]) {
      const clip = makeClip(channelCount);
      const rates: RateControl[] = [
        ...BITRATES.map((bitrateKbps) => ({ bitrateKbps })),
        ...[16, 45, 90].map((averageBitrateKbps) => ({ averageBitrateKbps })),
        ...QUALITIES.map((vbrQuality) => ({ vbrQuality })),
      ];
      for (const rate of rates) {
        try {
          compare(clip, sampleRate, rate);
          passedCount++;
        } catch (error) {
          failedCount++;
          const what = `${sampleRate} Hz, ${channelCount} channels, ${JSON.stringify(rate)}`;
          console.error(`${what}: ${error instanceof Error ? error.message : error}`);
        }
      }
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}
console.log(
  `against LAME's command line: ${equalCount} of ${passedCount} files have the same bytes; spectra ` +
    `differ by ${worst.toFixed(2)} dB at most`,
);
console.log(`${passedCount} passed, ${failedCount} failed`);
process.exitCode = failedCount === 0 ? 0 : 1;
