/** A call under way keeps the process alive, though nothing else does. */
import { compressRoundtripAsync } from "../../mod.ts";

compressRoundtripAsync(new Float32Array(2_000_000), { sampleRate: 44100, bitrateKbps: 64 })
  .then((output) => console.log(output.length === 2_000_000 ? "done" : "wrong"));
