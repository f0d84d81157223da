/** Nothing to wait for any more: the process ends by itself. */
import { compressRoundtripAsync } from "../../mod.ts";

const options = { sampleRate: 44100, bitrateKbps: 64 };
await compressRoundtripAsync(new Float32Array(50000), options);
await Promise.all([1, 2, 3].map(() => compressRoundtripAsync(new Float32Array(50000), options)));
const controller = new AbortController();
const aborted = compressRoundtripAsync(new Float32Array(5_000_000), {
  ...options,
  signal: controller.signal,
});
controller.abort();
await aborted.catch(() => {});
console.log("done");
