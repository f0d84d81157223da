/** Loads the library, from the folder given if any, and uses it. */
import process from "node:process";
import { compressRoundtrip, loadLibrary, Mp3AugmentError } from "../../mod.ts";

const path = process.argv[2];
try {
  if (path !== undefined) loadLibrary({ path });
  const output = compressRoundtrip(new Float32Array(100), { sampleRate: 8000, bitrateKbps: 8 });
  console.log("loaded", output.length);
} catch (error) {
  if (!(error instanceof Mp3AugmentError)) throw error;
  console.log(error.code, error.message.replaceAll("\n", " "));
}
