/** Workers have a queue each, and may be terminated while their calls are under way. */
import { compressRoundtrip } from "../../mod.ts";
import "./node-worker.ts";

const url = import.meta.url.replace("worker.", "worker-inside.");
const input = Float32Array.from({ length: 100_000 }, (_, i) => Math.sin(i / 20) / 2);
const expected = compressRoundtrip(input, { sampleRate: 44100, bitrateKbps: 64 });

function firstMessage(worker: Worker): Promise<Float32Array | string> {
  return new Promise((resolve, reject) => {
    worker.onmessage = (event) => resolve(event.data);
    worker.onerror = (event) => reject(event);
  });
}

const isExpected = (sample: number, i: number) => sample === expected[i];
const kept: Float32Array[] = [];
for (let round = 0; round < 5; round++) {
  const finishing = new Worker(url, { type: "module" });
  const doomed = new Worker(url, { type: "module" });
  const output = firstMessage(finishing);
  const started = firstMessage(doomed);
  finishing.postMessage({ input, repeat: 1 });
  doomed.postMessage({ input, repeat: 40 });
  if (await started !== "started") throw new Error("the doomed worker did not start");
  doomed.terminate();
  const samples = await output as Float32Array;
  if (!samples.every(isExpected)) throw new Error("other samples");
  finishing.terminate();
  kept.push(samples);
}
await new Promise((resolve) => setTimeout(resolve, 300));
const other = input.map((sample) => -sample);
for (let i = 0; i < 20; i++) compressRoundtrip(other, { sampleRate: 44100, bitrateKbps: 64 });
if (!kept.every((samples) => samples.every(isExpected))) throw new Error("somebody else's memory");
console.log("done");
