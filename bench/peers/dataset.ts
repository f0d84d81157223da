/**
 * `dataset.ts FOLDER KBPS`: the batch function on all clips of a folder, from memory to memory. Prints
 * the seconds that it took; reading the files doesn't count.
 */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { decodeBytes, readBytes } from "../../cli/audio/read.ts";
import { type BatchJob, compressRoundtripBatch } from "../../mod.ts";

/** So many clips are in memory at a time. */
const CLIPS_AT_ONCE = 100;

const [folder = "", kbps] = process.argv.slice(2);
const paths = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith(".wav"))
  .sort();
if (paths.length === 0) throw new Error(`${folder} has no WAV files`);
let wallSeconds = 0;
let cpuSeconds = 0;
for (let start = 0; start < paths.length; start += CLIPS_AT_ONCE) {
  const jobs: BatchJob[] = [];
  for (const path of paths.slice(start, start + CLIPS_AT_ONCE)) {
    const { channels, sampleRate } = await decodeBytes(await readBytes(join(folder, path)));
    jobs.push({ samples: channels, sampleRate, bitrateKbps: Number(kbps) });
  }
  const startMs = performance.now();
  const before = process.cpuUsage();
  await compressRoundtripBatch(jobs);
  wallSeconds += (performance.now() - startMs) / 1000;
  const { user, system } = process.cpuUsage(before);
  cpuSeconds += (user + system) / 1e6;
}
console.log(JSON.stringify({ wallSeconds, cpuSeconds }));
