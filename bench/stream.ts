// npm run bench:stream
//
// The memory of one hour of stereo through Mp3RoundtripStream, in Deno and in Bun. Each figure is a
// fresh process's highest resident size, less that of the runtime with an empty program. Beside it
// the same hour through a stream that does nothing: what the runtime itself makes of chunks.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { markdownTable } from "markdown-table";
import { Mp3RoundtripStream } from "../mod.ts";
import { runtimes } from "./runtimes.ts";

const SAMPLE_RATE = 44100;
const CHUNK_LENGTH = 4410;
const CHUNK_COUNT = 3600 * SAMPLE_RATE / CHUNK_LENGTH;

/** One hour in chunks of 0.1 s, copied as they are read. */
function makeSource(): ReadableStream<Float32Array[]> {
  const makeChannel = (pitch: number) =>
    Float32Array.from(
      { length: 10 * CHUNK_LENGTH },
      (_, i) => 0.5 * Math.sin(pitch * i * i),
    );
  const channels = [makeChannel(1e-5), makeChannel(1.3e-5)];
  let index = 0;
  return new ReadableStream({
    pull(controller) {
      if (index === CHUNK_COUNT) return controller.close();
      const start = index++ % 10 * CHUNK_LENGTH;
      controller.enqueue(
        channels.map((channel) => channel.slice(start, start + CHUNK_LENGTH)),
      );
    },
  });
}

async function drain(
  readable: ReadableStream<Float32Array[]>,
): Promise<number> {
  let frameCount = 0;
  const reader = readable.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    frameCount += next.value[0]?.length ?? 0;
  }
  return frameCount;
}

/** The highest resident size so far, in MB; Linux only. */
function highestMemoryMb(): number {
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8")) ??
    [];
  return Number(kilobytes) / 1024;
}

const STREAMS: Record<
  string,
  () => ReadableWritablePair<Float32Array[], Float32Array[]>
> = {
  "Mp3RoundtripStream, 128 kbps": () =>
    new Mp3RoundtripStream({ sampleRate: SAMPLE_RATE, bitrateKbps: 128 }),
  "Mp3RoundtripStream, VBR 4, joint, reservoir": () =>
    new Mp3RoundtripStream({
      sampleRate: SAMPLE_RATE,
      vbrQuality: 4,
      stereoMode: "joint",
      bitReservoir: true,
    }),
  "a stream that does nothing": () => new TransformStream(),
};

async function runOne(name: string): Promise<void> {
  const start = performance.now();
  const make = STREAMS[name];
  if (
    make &&
    await drain(makeSource().pipeThrough(make())) !== CHUNK_COUNT * CHUNK_LENGTH
  ) {
    throw new Error("the stream has another length");
  }
  console.log(
    JSON.stringify({
      mb: highestMemoryMb(),
      seconds: (performance.now() - start) / 1000,
    }),
  );
}

function measure([command, args]: [string, string[]]): { mb: number; seconds: number } {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

function main(): void {
  const script = fileURLToPath(import.meta.url);
  const rows = [[
    "runtime",
    "one hour of stereo through",
    "MB above the empty runtime",
    "s",
  ]];
  for (const [runtime, start] of Object.entries(runtimes)) {
    const empty = measure(start(script, ["nothing"]));
    for (const name of Object.keys(STREAMS)) {
      const { mb, seconds } = measure(start(script, [name]));
      rows.push([
        runtime,
        name,
        (mb - empty.mb).toFixed(1),
        seconds.toFixed(1),
      ]);
    }
  }
  console.log(markdownTable(rows, { align: ["l", "l", "r", "r"] }));
}

const [name] = process.argv.slice(2);
if (name === undefined) main();
else await runOne(name);
