// npm run bench:options
//
// What each option does to sound, size and speed: the round trip of the bench's 8 s of stereo. All
// rows take turns; the time is the median of the ratios to the first row within a round.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { markdownTable } from "markdown-table";
import { bandwidthHz, levelDb, snrDb } from "../cli/report/metrics.ts";
import {
  compressRoundtrip,
  encodeMp3,
  probeMp3,
  type RateControl,
  type RoundtripOptions,
} from "../mod.ts";
import { makeClips } from "./clips.ts";

type Options =
  & RateControl
  & Omit<RoundtripOptions, "sampleRate" | keyof RateControl>;

const SAMPLE_RATE = 44100;
const ROUNDS = 15;
const ROWS: readonly Options[] = [
  { bitrateKbps: 64 },
  { bitrateKbps: 64, stereoMode: "joint" },
  { bitrateKbps: 64, bitReservoir: true },
  { bitrateKbps: 64, stereoMode: "joint", bitReservoir: true },
  { bitrateKbps: 64, quality: 0 },
  { bitrateKbps: 64, quality: 3 },
  { bitrateKbps: 64, quality: 5 },
  { bitrateKbps: 64, quality: 9 },
  { bitrateKbps: 64, lowpassHz: 5000 },
  { bitrateKbps: 64, lowpassHz: "off" },
  { bitrateKbps: 64, preserveLevel: true },
  { bitrateKbps: 32 },
  { bitrateKbps: 128 },
  { bitrateKbps: 320 },
  { averageBitrateKbps: 64, stereoMode: "joint", bitReservoir: true },
  { vbrQuality: 0, stereoMode: "joint", bitReservoir: true },
  { vbrQuality: 4, stereoMode: "joint", bitReservoir: true },
  { vbrQuality: 9, stereoMode: "joint", bitReservoir: true },
];

function loadClip(): Float32Array[] {
  const folder = mkdtempSync(join(tmpdir(), "mp3-augment-options-"));
  try {
    const clip = makeClips(folder, false).find(({ name }) => name === "8 s stereo 44.1 kHz");
    const bytes = readFileSync(clip?.path ?? "");
    const audio = new Float32Array(
      bytes.buffer,
      bytes.byteOffset,
      bytes.byteLength >> 2,
    );
    return [audio.slice(0, audio.length / 2), audio.slice(audio.length / 2)];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Milliseconds of each row, by rounds. */
function timeAll(clip: readonly Float32Array[]): number[][] {
  const rounds: number[][] = [];
  for (let round = -1; round < ROUNDS; round++) {
    const times = ROWS.map((options) => {
      const start = performance.now();
      compressRoundtrip(clip, { ...options, sampleRate: SAMPLE_RATE });
      return performance.now() - start;
    });
    if (round >= 0) rounds.push(times);
  }
  return rounds;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? NaN;
}

function main(): void {
  const clip = loadClip();
  const rounds = timeAll(clip);
  const rows = ROWS.map((options, index) => {
    const coding = { ...options, sampleRate: SAMPLE_RATE };
    const output = compressRoundtrip(clip, coding);
    const { bitrateKbps } = probeMp3(
      encodeMp3(clip, { ...coding, tag: false }),
    );
    const ratios = rounds.map((times) => (times[index] ?? NaN) / (times[0] ?? NaN));
    return [
      `\`${
        JSON.stringify(options).replaceAll(/"(\w+)":/g, " $1: ").replace(
          "}",
          " }",
        )
      }\``,
      bitrateKbps.toFixed(0),
      levelDb(clip, output).toFixed(2),
      snrDb(clip, output).toFixed(1),
      (bandwidthHz(output, SAMPLE_RATE) / 1000).toFixed(1),
      median(ratios).toFixed(2),
    ];
  });
  const head = [
    "options",
    "kbps",
    "level, dB",
    "SNR, dB",
    "bandwidth, kHz",
    "× time",
  ];
  console.log(
    markdownTable([head, ...rows], { align: ["l", "r", "r", "r", "r", "r"] }),
  );
}

main();
