// npm run bench:options
//
// What each option does to sound, size and speed, and what MP3s of several kinds sound like: the round
// trip of the bench's 8 s, in stereo or its left channel. All rows take turns, each on one thread; the
// time is a row's least CPU time, by that of `{ bitrateKbps: 64 }` with as many channels: what else
// the machine does counts little.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { markdownTable } from "markdown-table";
import { measure } from "../cli/report/metrics.ts";
import {
  codedSampleRate,
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

/** What is measured: a clip of one channel or two, so coded. */
interface Row {
  readonly options: Options;
  readonly channels: 1 | 2;
  /** What people have such MP3s of. */
  readonly use?: string;
}

const SAMPLE_RATE = 44100;
const ROUNDS = 15;
const AS_FOUND = { stereoMode: "joint", bitReservoir: true } as const;
const USUAL: Options = { bitrateKbps: 64 };
const OPTIONS: readonly Options[] = [
  USUAL,
  { bitrateKbps: 64, stereoMode: "joint" },
  { bitrateKbps: 64, bitReservoir: true },
  { bitrateKbps: 64, ...AS_FOUND },
  { bitrateKbps: 64, quality: 0 },
  { bitrateKbps: 64, quality: 3 },
  { bitrateKbps: 64, quality: 5 },
  { bitrateKbps: 64, quality: 9 },
  { bitrateKbps: 64, lowpassHz: 5000 },
  { bitrateKbps: 64, lowpassHz: "off" },
  { bitrateKbps: 64, preserveLevel: true },
  { bitrateKbps: 64, codedSampleRate: "auto" },
  { bitrateKbps: 64, codedSampleRate: 32000 },
  { bitrateKbps: 64, codedSampleRate: 22050 },
  { bitrateKbps: 64, codedSampleRate: 8000 },
  { bitrateKbps: 64, gridOffset: 576 },
  { bitrateKbps: 64, passes: 2 },
  { bitrateKbps: 64, passes: 2, gridOffset: 576 },
  { bitrateKbps: 64, passes: 10 },
  { bitrateKbps: 8 },
  { bitrateKbps: 8, codedSampleRate: "auto" },
  { bitrateKbps: 32 },
  { bitrateKbps: 32, codedSampleRate: "auto" },
  { bitrateKbps: 128 },
  { bitrateKbps: 320 },
  { averageBitrateKbps: 64, ...AS_FOUND },
  { vbrQuality: 0, ...AS_FOUND },
  { vbrQuality: 4, ...AS_FOUND },
  { vbrQuality: 9, ...AS_FOUND },
];
const BY_LAME = { ...AS_FOUND, quality: 3 } as const;
const BY_FFMPEG = { ...AS_FOUND, quality: 5 } as const;
const USES: readonly Row[] = [
  {
    use: "phone",
    channels: 1,
    options: { bitrateKbps: 8, ...BY_LAME, codedSampleRate: "auto" },
  },
  {
    use: "phone",
    channels: 1,
    options: { bitrateKbps: 16, ...BY_LAME, codedSampleRate: "auto" },
  },
  {
    use: "phone",
    channels: 1,
    options: { bitrateKbps: 32, ...BY_LAME, codedSampleRate: "auto" },
  },
  { use: "podcast", channels: 1, options: { bitrateKbps: 64, ...BY_LAME } },
  { use: "podcast", channels: 2, options: { bitrateKbps: 128, ...BY_LAME } },
  {
    use: "web video",
    channels: 2,
    options: { bitrateKbps: 128, ...BY_FFMPEG },
  },
  {
    use: "web video",
    channels: 2,
    options: { bitrateKbps: 192, ...BY_FFMPEG },
  },
  {
    use: "old downloads",
    channels: 2,
    options: { bitrateKbps: 64, ...BY_LAME, codedSampleRate: "auto" },
  },
  {
    use: "old downloads",
    channels: 2,
    options: { bitrateKbps: 128, ...AS_FOUND },
  },
  { use: "old downloads", channels: 2, options: { vbrQuality: 2, ...BY_LAME } },
  {
    use: "re-uploads",
    channels: 2,
    options: { bitrateKbps: 128, ...BY_FFMPEG, passes: 2, gridOffset: 500 },
  },
  {
    use: "re-uploads",
    channels: 2,
    options: { bitrateKbps: 128, ...BY_FFMPEG, passes: 3, gridOffset: 500 },
  },
  {
    use: "re-uploads",
    channels: 2,
    options: { bitrateKbps: 96, ...BY_FFMPEG, passes: 5, gridOffset: 500 },
  },
];
const ROWS: readonly Row[] = [
  ...OPTIONS.map((options) => ({ options, channels: 2 as const })),
  { options: USUAL, channels: 1 },
  ...USES,
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

/** The least CPU time of each row. */
function timeAll(clip: readonly Float32Array[]): number[] {
  const least = ROWS.map(() => Infinity);
  for (let round = 0; round < ROUNDS; round++) {
    ROWS.forEach(({ options, channels }, index) => {
      const start = process.cpuUsage();
      compressRoundtrip(clip.slice(0, channels), {
        ...options,
        sampleRate: SAMPLE_RATE,
        threads: 1,
      });
      const { user, system } = process.cpuUsage(start);
      least[index] = Math.min(least[index] ?? Infinity, user + system);
    });
  }
  return least;
}

/** As it stands in TypeScript. */
function inCode(options: Options): string {
  return `\`${
    JSON.stringify(options).replaceAll(/"(\w+)":/g, " $1: ").replace("}", " }")
      .replaceAll(",", ", ")
      .replaceAll(/ {2,}/g, " ")
  }\``;
}

function describe(
  row: Row,
  clip: readonly Float32Array[],
  timeRatio: number,
): string[] {
  const { options, channels, use } = row;
  const input = clip.slice(0, channels);
  const coding = { ...options, sampleRate: SAMPLE_RATE };
  const { levelDb, snrDb, logSpectralDistanceDb, bandwidthHz } = measure(
    input,
    compressRoundtrip(input, coding),
    SAMPLE_RATE,
  );
  const { preserveLevel: _decoded, ...encoding } = coding;
  const { bitrateKbps } = probeMp3(encodeMp3(input, { ...encoding, tag: false }));
  return [
    ...use === undefined ? [] : [use, channels === 1 ? "mono" : "stereo"],
    inCode(options),
    (codedSampleRate({ ...coding, channels }) / 1000).toString(),
    bitrateKbps.toFixed(0),
    (bitrateKbps * 60 / 8).toFixed(0),
    levelDb.toFixed(2),
    snrDb.toFixed(1),
    logSpectralDistanceDb.toFixed(1),
    (bandwidthHz / 1000).toFixed(1),
    timeRatio.toFixed(2),
  ];
}

function main(): void {
  const clip = loadClip();
  const times = timeAll(clip);
  const usualOf = (channels: number) =>
    ROWS.findIndex((row) => row.options === USUAL && row.channels === channels);
  const cells = ROWS.map((row, index) => {
    const ratio = (times[index] ?? NaN) / (times[usualOf(row.channels)] ?? NaN);
    return describe(row, clip, ratio);
  });
  const figures = [
    "coded at, kHz",
    "kbps",
    "kB per minute",
    "level, dB",
    "SNR, dB",
    "LSD, dB",
    "bandwidth, kHz",
    "× CPU",
  ];
  const print = (head: string[], rows: string[][]) => {
    const align = [...head.map(() => "l"), ...figures.map(() => "r")];
    console.log(
      markdownTable([[...head, ...figures], ...rows], { align }) + "\n",
    );
  };
  print(["options"], cells.slice(0, OPTIONS.length));
  print(["as", "of", "options"], cells.slice(-USES.length));
}

main();
