/** The module at work on this thread: an instance, and another one where that has grown too large. */
import type { Native } from "../symbols.ts";
import { bindCalls, Instance } from "./instance.ts";

/**
 * How large memory may stay. Clips go through in pieces, so that only a whole file needs more
 * (`mp3a_probe`): memory never shrinks, so what such a call leaves behind goes with its instance.
 */
const KEPT_BYTES = 32 * 2 ** 20;

/** The functions of the table but those that start and end jobs, and what the module adds. */
export interface Engine extends Native {
  /** The bits of the largest magnitude. */
  mp3a_peak_bits(samples: Float32Array, count: number): number;
}

/** The calls into one module. Streams that are open stay with the instance they began in. */
export function createEngine(module: WebAssembly.Module): Engine {
  let instance = new Instance(module);
  const calls = Object.entries(bindCalls(() => instance)).map(([name, call]) => [
    name,
    (...parameters: unknown[]) => {
      try {
        return call(...parameters);
      } catch (error) {
        // What has trapped is in no known state.
        if (error instanceof WebAssembly.RuntimeError) instance = new Instance(module);
        throw error;
      } finally {
        if (instance.byteSize > KEPT_BYTES) instance = new Instance(module);
      }
    },
  ]);
  return Object.fromEntries(calls) as Engine;
}
