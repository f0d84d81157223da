/** How often it is looked for finished jobs, in ms, while one call in the background runs. */
import { compressRoundtripAsync } from "../../mod.ts";

export async function timersOfOneCall(): Promise<number[]> {
  const timers: number[] = [];
  const { setInterval } = globalThis;
  const noting = (body: () => void, ms: number) => (timers.push(ms), setInterval(body, ms));
  Object.assign(globalThis, { setInterval: noting });
  try {
    await compressRoundtripAsync(new Float32Array(5000), { sampleRate: 44100, bitrateKbps: 64 });
  } finally {
    Object.assign(globalThis, { setInterval });
  }
  return timers;
}
