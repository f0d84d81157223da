// This module's batch as a worker of bench/batch.ts: reads the list of clips, then for each line on
// stdin, a number of threads or "all", runs the whole batch and answers with its time.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";
import { type BatchJob, compressRoundtripBatch } from "../../mod.ts";

interface ClipEntry {
  offset: number;
  frameCount: number;
  channelCount: number;
  sampleRate: number;
  bitrateKbps: number;
}

const [listPath = "", audioPath = ""] = process.argv.slice(2);
const bytes = readFileSync(audioPath);
const audio = new Float32Array(
  bytes.buffer,
  bytes.byteOffset,
  bytes.byteLength >> 2,
);
const entries = JSON.parse(readFileSync(listPath, "utf8")) as ClipEntry[];
const jobs: BatchJob[] = entries.map((entry) => ({
  samples: Array.from({ length: entry.channelCount }, (_, channel) => {
    const from = entry.offset + channel * entry.frameCount;
    return audio.subarray(from, from + entry.frameCount);
  }),
  sampleRate: entry.sampleRate,
  bitrateKbps: entry.bitrateKbps,
}));

for await (const line of createInterface({ input: process.stdin })) {
  const options = line === "all" ? {} : { threads: Number(line) };
  const cpu = process.cpuUsage();
  const start = performance.now();
  const outputs = await compressRoundtripBatch(jobs, options);
  const wallSeconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const hash = createHash("sha256");
  for (const channel of outputs.flat() as Float32Array[]) {
    hash.update(
      new Uint8Array(channel.buffer, channel.byteOffset, channel.byteLength),
    );
  }
  console.log(JSON.stringify({
    wallSeconds,
    cpuSeconds: (user + system) / 1e6,
    outputHash: hash.digest("hex"),
  }));
}
