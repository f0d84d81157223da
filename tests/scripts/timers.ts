/** How often it is looked for finished jobs, in ms, while one call in the background runs. */
import { compressRoundtripAsync } from "../../mod.ts";

export async function timersOfOneCall(): Promise<number[]> {
  const timers: number[] = [];
  const { setInterval } = globalThis;
  const noting = (body: () => void, ms: number) => (timers.push(ms), setInterval(body, ms));
  Object.assign(globalThis, { setInterval: noting });
  try {
    // Where others are under way, a timer runs already.
    for (let i = 0; i < 100 && timers.length === 0; i++) {
      if (i > 0) await new Promise((resolve) => setTimeout(resolve, 20));
      await compressRoundtripAsync(new Float32Array(5000), { sampleRate: 44100, bitrateKbps: 64 });
    }
  } finally {
    Object.assign(globalThis, { setInterval });
  }
  return timers;
}
