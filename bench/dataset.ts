// npm run bench:dataset [-- --clips N] [--rounds N] [--hours N]
//
// The command `dataset` on 1,000 clips of 5 to 10 s, files on disk included: as a part of the batch
// function's time and CPU from memory to memory; how many times as fast it is as what a Python user
// would run (fast-mp3-augment and soundfile in a pool of processes) and as a shell loop over ffmpeg
// (Debian's package, if it is there); the main thread's part of the CPU; and the memory with a
// recording of 10 hours in the set. All take turns; a ratio is taken within a round, and the median is
// shown. `taskset -c 0 npm run bench:dataset` does it on one core.
import { Buffer } from "node:buffer";
import { spawn } from "node:child_process";
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { markdownTable } from "markdown-table";
import { findOnPath, root, runAsProgram } from "../scripts/tools.mjs";
import { recordingPath } from "./clips.ts";
import { prepareDatasetPool } from "./original/venv.ts";
import { runtimes } from "./runtimes.ts";

const RATE = 44100;
const LONG_RATE = 16000;
const KBPS = "64";

/** Numbers from 0 to 1, the same on every run. */
function* randomNumbers(): Generator<number, never> {
  for (let state = 1;; state = (state * 1103515245 + 12345) % 2 ** 31) {
    yield state / 2 ** 31;
  }
}

/** The recording as 16-bit codes. */
function readRecording() {
  const bytes = readFileSync(recordingPath);
  const floats = new Float32Array(
    bytes.buffer,
    bytes.byteOffset,
    bytes.byteLength >> 2,
  );
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

/** How a program went; the peak of its memory and its CPU are Linux's own counts. */
interface Measured {
  readonly seconds: number;
  readonly stdout: string;
  readonly peakMb: number;
  /** Of all its threads, and of the first one. */
  readonly cpuSeconds: number;
  readonly mainCpuSeconds: number;
}

/** Seconds of CPU, by a `stat` file of /proc. */
function cpuSecondsOf(path: string) {
  const fields = readFileSync(path, "utf8").replace(/^.*\) /, "").split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100; // ticks, user's and system's
}

/** Runs a program to its end. */
function measure(command: string, args: string[]): Promise<Measured> {
  return new Promise((resolve, reject) => {
    const startMs = performance.now();
    const child = spawn(command, args, {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let stdout = "";
    let [peakMb, cpuSeconds, mainCpuSeconds] = [0, NaN, NaN];
    child.stdout.on("data", (chunk) => stdout += chunk);
    const timer = setInterval(() => {
      try {
        const below = `/proc/${child.pid}`;
        const status = readFileSync(`${below}/status`, "utf8");
        const [, kilobytes] = /^VmHWM:\s*(\d+) kB/m.exec(status) ?? [];
        if (!kilobytes) return; // it has ended
        peakMb = Math.max(peakMb, Number(kilobytes) * 1024 / 1e6);
        cpuSeconds = cpuSecondsOf(`${below}/stat`);
        mainCpuSeconds = cpuSecondsOf(`${below}/task/${child.pid}/stat`);
      } catch {
        // It has just ended, or this isn't Linux.
      }
    }, 10);
    child.on("error", reject);
    child.on("close", (code) => {
      clearInterval(timer);
      if (code !== 0) {
        return reject(
          new Error(`${command} ${args.join(" ")} ended with ${code}`),
        );
      }
      const seconds = (performance.now() - startMs) / 1000;
      resolve({ seconds, stdout, peakMb, cpuSeconds, mainCpuSeconds });
    });
  });
}

let targetCount = 0;

/** A new folder for each run: where many files were deleted, ext4 is slow to make others for minutes. */
function newTarget(folder: string) {
  return join(folder, `out${targetCount++}`);
}

/** Gives the disk's space back and deletes nothing. */
function emptyFiles(folder: string) {
  for (const name of readdirSync(folder, { recursive: true }) as string[]) {
    if (statSync(join(folder, name)).isFile()) {
      truncateSync(join(folder, name), 0);
    }
  }
}

/** @param name of the runtime */
async function runDataset(name: string, source: string, target: string) {
  const options = [
    "--p",
    "1",
    "--min-bitrate",
    KBPS,
    "--max-bitrate",
    KBPS,
    "--quiet",
  ];
  const start = runtimes[name];
  if (!start) throw new Error(`there is no runtime ${name}`);
  const measured = await measure(
    ...start(join(root, "cli/main.ts"), [
      "dataset",
      source,
      target,
      ...options,
    ]),
  );
  emptyFiles(target);
  return measured;
}

/** The loop that people write: MP3 and back for each file, one after another. */
function ffmpegLoop(source: string, target: string) {
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

interface Times {
  seconds: number[];
  cpuSeconds: number[];
  mainShare: number[];
}

async function measureThroughput(
  folder: string,
  source: string,
  rounds: number,
) {
  const all: Record<string, Times> = {};
  const note = (
    name: string,
    seconds: number,
    cpuSeconds = NaN,
    mainCpuSeconds = NaN,
  ) => {
    const times = all[name] ??= { seconds: [], cpuSeconds: [], mainShare: [] };
    times.seconds.push(seconds);
    times.cpuSeconds.push(cpuSeconds);
    times.mainShare.push(mainCpuSeconds / cpuSeconds);
  };
  const pool = await prepareDatasetPool();
  if ("skipped" in pool) {
    console.log(`The Python pool is skipped: ${pool.skipped}.\n`);
  }
  const loads = [];
  for (let round = 0; round < rounds; round++) {
    for (const [name, start] of Object.entries(runtimes)) {
      const batch = await measure(
        ...start(join(root, "bench/peers/dataset.ts"), [source, KBPS]),
      );
      const { wallSeconds, cpuSeconds } = JSON.parse(batch.stdout);
      note(`batch, ${name}`, wallSeconds, cpuSeconds);
      const run = await runDataset(name, source, newTarget(folder));
      note(`dataset, ${name}`, run.seconds, run.cpuSeconds, run.mainCpuSeconds);
    }
    if (!("skipped" in pool)) {
      const target = newTarget(folder);
      const { seconds } = await measure(pool.command, [
        ...pool.args,
        source,
        target,
        KBPS,
      ]);
      note("Python pool", seconds);
      emptyFiles(target);
    }
    loads.push(loadavg()[0] ?? NaN);
  }
  if (findOnPath("ffmpeg")) {
    note(
      "shell loop over ffmpeg",
      (await ffmpegLoop(source, newTarget(folder))).seconds,
    );
  } else {
    console.log(
      "ffmpeg is not installed: the shell loop over it is skipped.\n",
    );
  }
  return { all, load: median(loads) };
}

/** The median of a round's ratios: `value` over the other's, which may have run once. */
function ratio(values: number[], others: number[] = []) {
  return median(
    values.map((value, round) => value / (others[round] ?? others[0] ?? NaN)),
  );
}

function shown(value: number, digits: number, unit = "") {
  return Number.isNaN(value) ? "" : `${value.toFixed(digits)}${unit}`;
}

function rowsOf(all: Record<string, Times>, audioSeconds: number) {
  return Object.entries(all).map(
    ([name, { seconds, cpuSeconds, mainShare }]) => {
      const batch = name.startsWith("dataset") ? all[name.replace("dataset", "batch")] : undefined;
      const times = (other: string) =>
        median(seconds.map((own, round) => {
          const others = all[other]?.seconds ?? [];
          return (others[round] ?? others[0] ?? NaN) / own;
        }));
      return [
        name,
        shown(median(seconds), 2),
        shown(audioSeconds / median(seconds), 0),
        shown(batch ? 100 / ratio(seconds, batch.seconds) : NaN, 0, " %"),
        shown(batch ? ratio(cpuSeconds, batch.cpuSeconds) : NaN, 2),
        shown(100 * median(mainShare), 1, " %"),
        shown(times("Python pool"), 1),
        shown(times("shell loop over ffmpeg"), 1),
      ];
    },
  );
}

const HEAD = [
  "",
  "s",
  "× real time",
  "speed, of the batch function",
  "CPU, × the batch function",
  "main thread's CPU",
  "× the Python pool",
  "× the shell loop",
];

async function main() {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    options: { clips: text, rounds: text, hours: text },
  });
  const [clips, rounds, hours] = [
    values.clips ?? 1000,
    values.rounds ?? 5,
    values.hours ?? 10,
  ];
  const folder = mkdtempSync(join(tmpdir(), "mp3-augment-dataset-"));
  try {
    const source = join(folder, "clips");
    const audioSeconds = makeClips(source, Number(clips));
    const { all, load } = await measureThroughput(
      folder,
      source,
      Number(rounds),
    );
    const audio = `${clips} clips, ${(audioSeconds / 3600).toFixed(2)} h of audio`;
    console.log(`${audio}, ${availableParallelism()} cores, load ${load}\n`);
    const rows = rowsOf(all, audioSeconds);
    console.log(
      markdownTable([HEAD, ...rows], {
        align: [
          "l",
          ...HEAD.slice(1).map(() => "r"),
        ],
      }),
    );

    if (Number(hours) === 0) return;
    const long = join(folder, "long");
    makeClips(long, 20);
    makeLongFile(join(long, "long.wav"), Number(hours));
    for (const name of Object.keys(runtimes)) {
      const { peakMb, seconds } = await runDataset(
        name,
        long,
        newTarget(folder),
      );
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
