/** One sound file in memory, as the bytes of its copies: what tar shards, pipes and Parquet have. */
import { createHash } from "node:crypto";
import { Buffer } from "node:buffer";
import { Scratch } from "../audio/scratch.ts";
import { sourceOfBytes } from "../audio/source.ts";
import type { Written } from "../files.ts";
import { type Copy, makeCopies } from "./augment.ts";
import type { Settings } from "./settings.ts";

/** A copy: a whole file, and what the manifest will say about it. */
export interface CodedCopy {
  readonly bytes: Uint8Array;
  readonly written: Written;
  readonly row: Copy["row"];
}

/** Codes all copies of a sound file. `name`: what draws go by, and the manifest calls it. */
export async function codeSample(
  bytes: Uint8Array,
  name: string,
  settings: Settings,
  signal: AbortSignal,
): Promise<CodedCopy[]> {
  // Each has its own memory: it waits for its turn to be written.
  const scratch = new Scratch();
  const source = await sourceOfBytes(bytes, scratch);
  const copies: CodedCopy[] = [];
  for await (const { pieces, row } of makeCopies(source, name, { settings, scratch, signal })) {
    const chunks: Uint8Array[] = [];
    for await (const piece of pieces) chunks.push(new Uint8Array(piece));
    const bytes = Buffer.concat(chunks);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    copies.push({ bytes, row, written: { byteSize: bytes.length, sha256 } });
  }
  return copies;
}
