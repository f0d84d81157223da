// npm run bench:codec
//
// Decoding and encoding alone, in Deno and in Bun, against what else there is: ffmpeg's own decoder
// (a process for the whole file, less one for an empty file; Debian's package, if it is there),
// mpg123 in WebAssembly, and LAME as JavaScript. All take turns; a ratio is taken within a round, and
// the table shows the median and the quartiles.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { markdownTable } from "markdown-table";
import { decodeMp3, encodeMp3 } from "../mod.ts";
import { findOnPath } from "../scripts/tools.mjs";
import { makeClips } from "./clips.ts";
import { importPeer } from "./peers/serve.ts";
import { runtimes } from "./runtimes.ts";

const ROUNDS = 7;
const OPTIONS = { sampleRate: 44100, bitrateKbps: 128 };
const isWorker = process.argv[2] === "--worker";

interface Contender {
  readonly name: string;
  run(): number | Promise<number>;
}

/** Seconds that `work` takes. */
async function time(work: () => unknown): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

function loadClip(folder: string, name: string): Float32Array[] {
  const clip = makeClips(folder, false).find((found) => found.name === name);
  if (clip === undefined) throw new Error(`there is no clip ${name}`);
  const bytes = readFileSync(clip.path);
  const audio = new Float32Array(
    bytes.buffer,
    bytes.byteOffset,
    bytes.byteLength >> 2,
  );
  return Array.from(
    { length: clip.channelCount },
    (_, channel) => audio.slice(channel * clip.frameCount, (channel + 1) * clip.frameCount),
  );
}

/** ffmpeg's process decoding a file to nothing. */
function runFfmpeg(ffmpeg: string, path: string): void {
  const decode = [
    "-threads",
    "1",
    "-c:a",
    "mp3float",
    "-i",
    path,
    "-f",
    "null",
    "-",
  ];
  const { status, stderr } = spawnSync(ffmpeg, ["-v", "error", ...decode], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(stderr);
}

async function decoders(folder: string, mp3: Uint8Array): Promise<Contender[]> {
  const { MPEGDecoder } = await importPeer<{
    MPEGDecoder: new () => {
      ready: Promise<void>;
      reset(): Promise<void>;
      decode(bytes: Uint8Array): unknown;
    };
  }>("mpg123-decoder");
  const wasm = new MPEGDecoder();
  await wasm.ready;
  const contenders: Contender[] = [
    { name: "this module", run: () => time(() => decodeMp3(mp3)) },
    {
      name: "mpg123-decoder (WebAssembly)",
      run: async () => {
        const seconds = await time(() => wasm.decode(mp3));
        await wasm.reset();
        return seconds;
      },
    },
  ];
  const ffmpeg = findOnPath("ffmpeg");
  if (ffmpeg === undefined) return contenders;
  const whole = join(folder, "whole.mp3"), empty = join(folder, "empty.mp3");
  writeFileSync(whole, mp3);
  writeFileSync(empty, encodeMp3(new Float32Array(1152), OPTIONS));
  const run = async () =>
    await time(() => runFfmpeg(ffmpeg, whole)) -
    await time(() => runFfmpeg(ffmpeg, empty));
  return [...contenders, { name: "ffmpeg (mp3float, native)", run }];
}

async function encoders(clip: readonly Float32Array[]): Promise<Contender[]> {
  const { Mp3Encoder } = await importPeer<{
    Mp3Encoder: new (channels: number, sampleRate: number, kbps: number) => {
      encodeBuffer(left: Int16Array, right: Int16Array | undefined): Uint8Array;
      flush(): Uint8Array;
    };
  }>("@breezystack/lamejs");
  const [left = new Int16Array(0), right] = clip.map((channel) =>
    Int16Array.from(
      channel,
      (sample) => Math.max(-32768, Math.min(32767, 32768 * sample)),
    )
  );
  function encodeByLamejs(): void {
    const encoder = new Mp3Encoder(
      clip.length,
      OPTIONS.sampleRate,
      OPTIONS.bitrateKbps,
    );
    for (let at = 0; at < left.length; at += 1152) {
      encoder.encodeBuffer(
        left.subarray(at, at + 1152),
        right?.subarray(at, at + 1152),
      );
    }
    encoder.flush();
  }
  return [
    { name: "this module", run: () => time(() => encodeMp3(clip, OPTIONS)) },
    { name: "@breezystack/lamejs", run: () => time(encodeByLamejs) },
  ];
}

function quantile(sorted: readonly number[], part: number): number {
  return sorted[Math.round((sorted.length - 1) * part)] ?? NaN;
}

/** How many times as long as the first each one takes. */
async function compare(contenders: readonly Contender[]): Promise<string[][]> {
  const seconds = contenders.map((): number[] => []);
  for (let round = -1; round < ROUNDS; round++) {
    for (const [index, contender] of contenders.entries()) {
      const found = await contender.run();
      if (round >= 0) seconds[index]?.push(found);
    }
  }
  return contenders.map(({ name }, index) => {
    const ratios = (seconds[index] ?? []).map((value, round) =>
      value / (seconds[0]?.[round] ?? NaN)
    ).sort((a, b) => a - b);
    const ms = [...seconds[index] ?? []].sort((a, b) => a - b);
    const text = (part: number) => quantile(ratios, part).toFixed(2);
    return [
      name,
      (1000 * quantile(ms, 0.5)).toFixed(1),
      `${text(0.5)} (${text(0.25)}–${text(0.75)})`,
    ];
  });
}

async function work(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "mp3-augment-codec-"));
  try {
    const long = loadClip(folder, "10 min stereo 44.1 kHz");
    const short = loadClip(folder, "8 s stereo 44.1 kHz");
    const decoded = await compare(
      await decoders(folder, encodeMp3(long, OPTIONS)),
    );
    const encoded = await compare(await encoders(short));
    console.log(JSON.stringify({ decoded, encoded }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function main(): void {
  const script = fileURLToPath(import.meta.url);
  const rows = [["", "", "ms", "× this module's time"]];
  for (const [runtime, start] of Object.entries(runtimes)) {
    const { status, stdout, stderr } = spawnSync(...start(script, ["--worker"]), {
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(stderr);
    const { decoded, encoded } = JSON.parse(
      stdout.trim().split("\n").at(-1) ?? "{}",
    );
    for (const row of decoded) {
      rows.push([`${runtime}: decoding 10 min`, ...row]);
    }
    for (const row of encoded) rows.push([`${runtime}: encoding 8 s`, ...row]);
  }
  console.log(markdownTable(rows, { align: ["l", "l", "r", "r"] }));
  console.log(`\nload average ${loadavg()[0]?.toFixed(1)}`);
}

if (isWorker) await work();
else main();
