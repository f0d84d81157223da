/** Many calls on one signal: what the runtime warns of goes to standard error. */
import { compressRoundtripAsync, compressRoundtripBatch } from "../../mod.ts";

const coding = { sampleRate: 48000, bitrateKbps: 64 };
const { signal } = new AbortController();
const samples = new Float32Array(50000);
const jobs = Array.from({ length: 40 }, () => ({ ...coding, samples }));
const calls = jobs.map(() => compressRoundtripAsync(samples, { ...coding, signal }));
const batches = jobs.slice(0, 15).map(() =>
  compressRoundtripBatch(jobs.slice(0, 2), { threads: 32, signal })
);
await Promise.all([...calls, ...batches, compressRoundtripBatch(jobs, { threads: 32, signal })]);
console.log("done");
