/** Loads the library from the two files given, as an executable does that has them inside. */
import process from "node:process";
import { compressRoundtrip, loadLibrary, Mp3AugmentError } from "../../mod.ts";

const [lame = "", shim = ""] = process.argv.slice(2);
try {
  loadLibrary({ embedded: { lame, shim } });
  const output = compressRoundtrip(new Float32Array(100), { sampleRate: 8000, bitrateKbps: 8 });
  console.log("loaded", output.length);
} catch (error) {
  if (!(error instanceof Mp3AugmentError)) throw error;
  console.log(error.code, error.message.replaceAll("\n", " "));
}
