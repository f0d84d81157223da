// Encoding alone, part of npm run bench: CPU time of a process that reads a 16-bit WAV file and writes
// an MP3 file of 128 kbps, with LAME by its API (ours and stock), and with hmp3 (Helix, the fastest MP3
// encoder known) and shine where they can be had. Nothing of these is kept but in bench/.build:
// HMP3_SOURCE names a folder with hmp3's sources, else git fetches them; shineenc is Debian's.
import { existsSync, mkdirSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { markdownTable } from "markdown-table";
import { Failure, findOnPath, root, run } from "../scripts/tools.mjs";
import { prepareProgram, type Skipped } from "./peers.ts";
import type { Clip } from "./clips.ts";
import { withSpread } from "./statistics.ts";

interface Encoder {
  readonly name: string;
  readonly command: string;
  /** Of an input and an output file. */
  args(wav: string, mp3: string): string[];
  readonly env?: Record<string, string | undefined>;
}

const ROUNDS = 7;
const build = join(root, "bench", ".build");
const HMP3_REPOSITORY = "https://github.com/maikmerten/hmp3";

async function prepareHmp3(): Promise<Encoder | Skipped> {
  const ready = (command: string): Encoder => ({
    name: "hmp3 (Helix)",
    command,
    args: (wav, mp3) => [wav, mp3, "-B64"], // per channel
  });
  const installed = findOnPath("hmp3");
  if (installed !== undefined) return ready(installed);
  const folder = process.env["HMP3_SOURCE"] ?? join(build, "hmp3");
  const command = join(folder, "builds", "release", "hmp3");
  if (!existsSync(join(folder, "Makefile"))) {
    const reason = "its sources can't be fetched; HMP3_SOURCE may name a folder of them";
    if (findOnPath("git") === undefined) return { skipped: reason };
    const args = ["clone", "--depth", "1", HMP3_REPOSITORY, folder];
    if ((await run("git", args, { timeoutMs: 60_000 })).code !== 0) return { skipped: reason };
  }
  if (!existsSync(command) && findOnPath("make")) await run("make", [], { cwd: folder });
  return existsSync(command) ? ready(command) : { skipped: "make doesn't build it" };
}

/** Debian's program, unpacked beside: nothing is installed. */
async function prepareShine(): Promise<Encoder | Skipped> {
  const args = (wav: string, mp3: string) => ["-q", "-b", "128", wav, mp3];
  const installed = findOnPath("shineenc");
  if (installed !== undefined) return { name: "shine", command: installed, args };
  if (findOnPath("apt-get") === undefined) return { skipped: "there is no shineenc" };
  const folder = join(build, "shine");
  const command = join(folder, "usr", "bin", "shineenc");
  if (!existsSync(command)) {
    mkdirSync(folder, { recursive: true });
    await run("apt-get", ["download", "shineenc", "libshine3"], { cwd: folder });
    await run("sh", ["-c", "for deb in *.deb; do dpkg -x $deb .; done"], { cwd: folder });
  }
  if (!existsSync(command)) return { skipped: "apt-get can't download it" };
  const libraries = `/usr/lib/${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux-gnu`;
  return {
    name: "shine",
    command,
    args,
    env: { LD_LIBRARY_PATH: join(folder, libraries) },
  };
}

async function prepareLame(
  program: "encode" | "encode-stock",
  quality: number,
  isJoint: boolean,
) {
  const start = await prepareProgram(program);
  if ("skipped" in start) throw new Failure(start.skipped);
  const whose = program === "encode" ? "this library" : "stock LAME";
  const mode = isJoint ? ", joint stereo and reservoir" : "";
  return {
    name: `${whose}: quality ${quality}${mode}`,
    command: start.command,
    args: (
      wav,
      mp3,
    ) => [wav, mp3, String(quality), ...(isJoint ? ["joint"] : [])],
  } satisfies Encoder;
}

/** Writes a clip as 16-bit WAV, some of it at a time. */
function writeWav(
  { path, sampleRate, channelCount, frameCount }: Clip,
  wavPath: string,
): void {
  const bytes = readFileSync(path);
  const planes = new Float32Array(
    bytes.buffer,
    bytes.byteOffset,
    bytes.byteLength >> 2,
  );
  const header = new DataView(new ArrayBuffer(44));
  const dataSize = 2 * channelCount * frameCount;
  const words = [0x52494646, 0x57415645, 0x666d7420, 0x64617461];
  [0, 8, 12, 36].forEach((at, i) => header.setUint32(at, words[i] ?? 0));
  header.setUint32(4, 36 + dataSize, true);
  header.setUint32(16, 16, true);
  header.setUint16(20, 1, true);
  header.setUint16(22, channelCount, true);
  header.setUint32(24, sampleRate, true);
  header.setUint32(28, 2 * channelCount * sampleRate, true);
  header.setUint16(32, 2 * channelCount, true);
  header.setUint16(34, 16, true);
  header.setUint32(40, dataSize, true);
  const file = openSync(wavPath, "w");
  writeSync(file, header);
  const BLOCK = 1 << 20;
  for (let from = 0; from < frameCount; from += BLOCK) {
    const block = new Int16Array(
      channelCount * Math.min(BLOCK, frameCount - from),
    );
    for (let i = 0; i < block.length; i++) {
      const sample = planes[
        i % channelCount * frameCount + from + Math.floor(i / channelCount)
      ];
      block[i] = Math.max(
        -32768,
        Math.min(32767, Math.round(32767 * (sample ?? 0))),
      );
    }
    writeSync(file, block);
  }
}

/** What Bun, which runs the bench, has for this: `node:child_process` tells no child's CPU time. */
interface Runner {
  spawnSync(
    command: string[],
    options: { env: Record<string, string | undefined> },
  ): { success: boolean; resourceUsage: { cpuTime: { total: bigint } } };
}

/** Seconds of CPU time of one run. */
function timeOnce(
  { command, args, env, name }: Encoder,
  wav: string,
  mp3: string,
): number {
  const { Bun: runner } = globalThis as unknown as { Bun: Runner };
  const { success, resourceUsage } = runner.spawnSync([
    command,
    ...args(wav, mp3),
  ], {
    env: { ...process.env, ...env },
  });
  if (!success) throw new Failure(`${name}: ${command} failed`);
  return Number(resourceUsage.cpuTime.total) / 1e6;
}

/** Prints a table of CPU times for a clip. @param work folder */
export async function printEncoding(clip: Clip, work: string): Promise<void> {
  process.stderr.write("encoding alone\n");
  const encoders: Encoder[] = [
    await prepareLame("encode", 7, false),
    await prepareLame("encode", 3, true),
    await prepareLame("encode-stock", 7, false),
    await prepareLame("encode-stock", 3, true),
  ];
  const skipped: string[] = [];
  for (
    const [name, prepare] of [["hmp3", prepareHmp3], [
      "shine",
      prepareShine,
    ]] as const
  ) {
    const peer = await prepare();
    if ("skipped" in peer) skipped.push(`${name} is skipped: ${peer.skipped}.`);
    else encoders.push(peer);
  }
  const wav = join(work, "encoding.wav"), mp3 = join(work, "encoding.mp3");
  writeWav(clip, wav);
  const rounds: number[][] = [];
  for (let i = 0; i < ROUNDS; i++) {
    rounds.push(encoders.map((encoder) => timeOnce(encoder, wav, mp3)));
  }
  console.log(
    `\nEncoding alone, ${clip.name}, 128 kbps. ${skipped.join(" ")}\n`,
  );
  const rows = encoders.map(({ name }, column) => {
    const seconds = rounds.map((round) => round[column] ?? NaN);
    const ratios = rounds.map((round) => (round[column] ?? NaN) / (round[0] ?? NaN));
    return [name, withSpread(seconds), withSpread(ratios)];
  });
  const header = ["", "s of CPU", "× this library's at quality 7"];
  console.log(markdownTable([header, ...rows], { align: ["l", "r", "r"] }));
}
