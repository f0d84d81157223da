/**
 * `roundtrip-file INPUT.wav OUTPUT.wav KBPS`: writes what MP3 at that bitrate makes of a WAV file.
 * A program of one file, when built by `build.ts`.
 *
 * @module
 */
import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import decodeWav from "@audio/decode-wav";
import encodeWav from "@audio/encode-wav";
import { compressRoundtrip, Mp3AugmentError } from "../../mod.ts";
import { loadEmbeddedLibrary } from "./embedded.ts";

const USAGE = "usage: roundtrip-file INPUT.wav OUTPUT.wav KBPS";

async function main(args: string[]): Promise<void> {
  const [input, output, kbps] = args;
  if (input === undefined || output === undefined || args.length !== 3) throw new Error(USAGE);
  const { channelData, sampleRate } = await decodeWav(readFileSync(input));
  loadEmbeddedLibrary();
  const degraded = compressRoundtrip(channelData, { sampleRate, bitrateKbps: Number(kbps) });
  const encoder = await encodeWav({ sampleRate });
  encoder.encode(degraded);
  writeFileSync(output, encoder.flush(), { flag: "wx" }); // nothing that is there is lost
  const seconds = (degraded[0]?.length ?? 0) / sampleRate;
  console.log(`${output}: ${seconds.toFixed(2)} s, ${degraded.length} channel(s) at ${kbps} kbps`);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  const code = error instanceof Mp3AugmentError ? ` (${error.code})` : "";
  console.error(`error: ${error instanceof Error ? error.message : String(error)}${code}`);
  process.exitCode = 1;
}
