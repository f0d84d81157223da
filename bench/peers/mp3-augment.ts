/** This module: `mp3-augment.ts sync|async OUTPUT_FILE`. */
import process from "node:process";
import { compressRoundtrip, compressRoundtripAsync } from "../../mod.ts";
import { serve } from "./serve.ts";

await serve(
  process.argv[2] === "async" ? compressRoundtripAsync : compressRoundtrip,
);
