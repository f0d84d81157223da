// npm run bench:dataset [-- --clips N] [--rounds N] [--hours N]
//
// The command `dataset` on 1,000 clips of 5 to 10 s: its throughput, files on disk included, as a part
// of the batch function's from memory to memory; how many times as fast it is as a shell loop over
// ffmpeg (Debian's package, if it is there); and its memory with a recording of 10 hours in the set.
// All take turns; a ratio is taken within a round, and the median is shown.
import { Buffer } from "node:buffer";
import { spawn } from "node:child_process";
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { markdownTable } from "markdown-table";
import { findOnPath, root, runAsProgram } from "../scripts/tools.mjs";
import { recordingPath } from "./clips.ts";
import { runtimes } from "./runtimes.ts";

const RATE = 44100;
const LONG_RATE = 16000;
const KBPS = "64";

/** Numbers from 0 to 1, the same on every run. */
function* randomNumbers(): Generator<number, never> {
  for (let state = 1;; state = (state * 1103515245 + 12345) % 2 ** 31) yield state / 2 ** 31;
}

/** The recording as 16-bit codes. */
function readRecording() {
  const bytes = readFileSync(recordingPath);
  const floats = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 2);
  return Int16Array.from(floats, (sample) => Math.round(sample * 32767));
}

function wavHeader(sampleRate: number, channelCount: number, byteSize: number) {
  const header = Buffer.alloc(44);
  header.write("RIFF", 0);
  header.writeUInt32LE(36 + byteSize, 4);
  header.write("WAVEfmt ", 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(channelCount, 22);
  header.writeUInt32LE(sampleRate, 24);
  header.writeUInt32LE(sampleRate * channelCount * 2, 28);
  header.writeUInt16LE(channelCount * 2, 32);
  header.writeUInt16LE(16, 34);
  header.write("data", 36);
  header.writeUInt32LE(byteSize, 40);
  return header;
}

/** Clips from anywhere in the recording, every third in stereo. */
function makeClips(folder: string, count: number) {
  const recording = readRecording();
  const random = randomNumbers();
  const next = (): number => random.next().value;
  let audioSeconds = 0;
  for (let i = 0; i < count; i++) {
    const frameCount = Math.floor(RATE * (5 + 5 * next()));
    const start = Math.floor(next() * (recording.length - frameCount));
    const channelCount = i % 3 === 0 ? 2 : 1;
    const codes = new Int16Array(channelCount * frameCount);
    for (let frame = 0; frame < frameCount; frame++) {
      for (let channel = 0; channel < channelCount; channel++) {
        const code = recording[start + frame] ?? 0;
        codes[frame * channelCount + channel] = channel === 0 ? code : code >> 1;
      }
    }
    const below = join(folder, `speaker${i % 10}`);
    mkdirSync(below, { recursive: true });
    const data = Buffer.from(codes.buffer);
    writeFileSync(
      join(below, `clip${i}.wav`),
      Buffer.concat([wavHeader(RATE, channelCount, data.length), data]),
    );
    audioSeconds += frameCount / RATE;
  }
  return audioSeconds;
}

/** The recording again and again. */
function makeLongFile(path: string, hours: number) {
  const data = Buffer.from(readRecording().buffer);
  const byteSize = hours * 3600 * LONG_RATE * 2;
  const file = openSync(path, "w");
  writeSync(file, wavHeader(LONG_RATE, 1, byteSize));
  for (let left = byteSize; left > 0; left -= data.length) {
    writeSync(file, data.subarray(0, Math.min(left, data.length)));
  }
  closeSync(file);
}

/** Runs a program to its end; the peak of its memory is Linux's own count. */
function measure(
  command: string,
  args: string[],
): Promise<{ seconds: number; stdout: string; peakMb: number }> {
  return new Promise((resolve, reject) => {
    const startMs = performance.now();
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
    let stdout = "";
    let peakMb = 0;
    child.stdout.on("data", (chunk) => stdout += chunk);
    const timer = setInterval(() => {
      try {
        const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
        const [, kilobytes] = /^VmHWM:\s*(\d+) kB/m.exec(status) ?? [];
        if (kilobytes) peakMb = Math.max(peakMb, Number(kilobytes) * 1024 / 1e6);
      } catch {
        // It has just ended, or this isn't Linux.
      }
    }, 50);
    child.on("error", reject);
    child.on("close", (code) => {
      clearInterval(timer);
      if (code !== 0) return reject(new Error(`${command} ${args.join(" ")} ended with ${code}`));
      resolve({ seconds: (performance.now() - startMs) / 1000, stdout, peakMb });
    });
  });
}

/** @param name of the runtime */
async function runDataset(name: string, source: string, target: string) {
  rmSync(target, { recursive: true, force: true });
  const options = ["--p", "1", "--min-bitrate", KBPS, "--max-bitrate", KBPS, "--quiet"];
  const start = runtimes[name];
  if (!start) throw new Error(`there is no runtime ${name}`);
  return await measure(
    ...start(join(root, "cli/main.ts"), ["dataset", source, target, ...options]),
  );
}

/** The loop that people write: MP3 and back for each file, one after another. */
function ffmpegLoop(source: string, target: string) {
  rmSync(target, { recursive: true, force: true });
  const script = `cd "$0" && find . -name '*.wav' | while read -r file; do
    mkdir -p "$1/$(dirname "$file")"
    ffmpeg -loglevel error -i "$file" -b:a ${KBPS}k -f mp3 - </dev/null |
      ffmpeg -loglevel error -i - -c:a pcm_s16le -y "$1/$file"
  done`;
  return measure("sh", ["-c", script, source, target]);
}

function median(values: number[]) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? NaN;
}

async function measureThroughput(folder: string, source: string, rounds: number) {
  const seconds: Record<string, number[]> = {};
  const target = join(folder, "out");
  const loads = [];
  for (let round = 0; round < rounds; round++) {
    for (const [name, start] of Object.entries(runtimes)) {
      const batch = await measure(...start(join(root, "bench/peers/dataset.ts"), [source, KBPS]));
      (seconds[`batch, ${name}`] ??= []).push(JSON.parse(batch.stdout).wallSeconds);
      (seconds[`dataset, ${name}`] ??= []).push((await runDataset(name, source, target)).seconds);
    }
    loads.push(loadavg()[0] ?? NaN);
  }
  return { seconds, load: median(loads) };
}

async function main() {
  const text = { type: "string" } as const;
  const { values } = parseArgs({ options: { clips: text, rounds: text, hours: text } });
  const [clips, rounds, hours] = [values.clips ?? 1000, values.rounds ?? 5, values.hours ?? 10];
  const folder = mkdtempSync(join(tmpdir(), "mp3-augment-dataset-"));
  try {
    const source = join(folder, "clips");
    const audioSeconds = makeClips(source, Number(clips));
    const { seconds, load } = await measureThroughput(folder, source, Number(rounds));
    let loopSeconds = NaN;
    if (findOnPath("ffmpeg")) {
      loopSeconds = (await ffmpegLoop(source, join(folder, "loop"))).seconds;
    } else {
      console.log("ffmpeg is not installed: the shell loop over it is skipped.\n");
    }
    const rows = Object.entries(seconds).map(([name, times]) => {
      const batch = seconds[name.replace("dataset", "batch")] ?? [];
      const part = median(times.map((time, round) => (batch[round] ?? NaN) / time));
      return [
        name,
        median(times).toFixed(2),
        (audioSeconds / median(times)).toFixed(0),
        `${(100 * part).toFixed(0)} %`,
        Number.isNaN(loopSeconds) ? "" : (loopSeconds / median(times)).toFixed(1),
      ];
    });
    if (!Number.isNaN(loopSeconds)) {
      rows.push([
        "shell loop over ffmpeg",
        loopSeconds.toFixed(2),
        (audioSeconds / loopSeconds).toFixed(0),
        "",
        "1.0",
      ]);
    }
    const head = ["", "s", "× real time", "of the batch function", "× the shell loop"];
    console.log(`${clips} clips, ${(audioSeconds / 3600).toFixed(2)} h of audio, load ${load}\n`);
    console.log(markdownTable([head, ...rows], { align: ["l", "r", "r", "r", "r"] }));

    const long = join(folder, "long");
    makeClips(long, 20);
    makeLongFile(join(long, "long.wav"), Number(hours));
    for (const name of Object.keys(runtimes)) {
      const { peakMb, seconds } = await runDataset(name, long, join(folder, "out"));
      const shown = peakMb > 0 ? `${peakMb.toFixed(0)} MB` : "unknown (not Linux)";
      console.log(
        `\n${name}, a recording of ${hours} h and 20 clips: ${shown}, ${seconds.toFixed(0)} s`,
      );
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

runAsProgram(import.meta.url, main);
