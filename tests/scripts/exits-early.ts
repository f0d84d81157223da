/** The process may end while calls are under way. */
import process from "node:process";
import { compressRoundtripAsync } from "../../mod.ts";

for (let i = 0; i < 20; i++) {
  compressRoundtripAsync(new Float32Array(2_000_000), { sampleRate: 44100, bitrateKbps: 64 });
}
setTimeout(() => {
  console.log("done");
  process.exit(0);
}, 20);
