/** This module: `mp3-augment.ts sync|sync-out|async OUTPUT_FILE`; `out`: into arrays that are there. */
import process from "node:process";
import { compressRoundtrip, compressRoundtripAsync } from "../../mod.ts";
import { type Roundtrip, serve } from "./serve.ts";

let out: Float32Array[] = [];

const roundtripInto: Roundtrip = (channels, settings) => {
  const fits = out.length === channels.length &&
    out[0]?.length === channels[0]?.length;
  if (!fits) out = channels.map(({ length }) => new Float32Array(length));
  return compressRoundtrip(channels, { ...settings, out });
};

const forms: Record<string, Roundtrip> = {
  sync: compressRoundtrip,
  "sync-out": roundtripInto,
  async: compressRoundtripAsync,
};

await serve(forms[process.argv[2] ?? ""] ?? compressRoundtrip);
