/** One sound file in memory, as the bytes of its copies: what tar shards, pipes and Parquet have. */
import { createHash } from "node:crypto";
import { Buffer } from "node:buffer";
import { Scratch } from "../audio/scratch.ts";
import { sourceOfBytes } from "../audio/source.ts";
import type { Written } from "../files.ts";
import { type Copy, type CopyRange, makeCopies } from "./augment.ts";
import type { Settings } from "./settings.ts";

/** A copy: a whole file, and what the manifest will say about it. */
export interface CodedCopy {
  readonly bytes: Uint8Array;
  readonly written: Written;
  readonly row: Copy["row"];
}

/**
 * Codes copies of a sound file, all or some. `name`: what draws go by, and the manifest calls it.
 * With one thread that is the calling one.
 */
export async function codeSample(
  bytes: Uint8Array,
  name: string,
  settings: Settings,
  signal: AbortSignal,
  range?: CopyRange,
  threads?: number,
): Promise<CodedCopy[]> {
  // Each has its own memory: it waits for its turn to be written.
  const scratch = new Scratch();
  const source = await sourceOfBytes(bytes, scratch);
  const copies: CodedCopy[] = [];
  const job = { settings, scratch, signal, ...(threads && { threads }) };
  for await (const { pieces, row } of makeCopies(source, name, job, range)) {
    const chunks: Uint8Array[] = [];
    for await (const piece of pieces) chunks.push(new Uint8Array(piece));
    const bytes = Buffer.concat(chunks);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    copies.push({ bytes, row, written: { byteSize: bytes.length, sha256 } });
  }
  return copies;
}

/** Works on several items at once, and gives the results in the items' order. */
export async function* inOrder<T, R>(
  items: AsyncIterable<T>,
  atOnce: number,
  work: (item: T) => Promise<R>,
): AsyncIterable<R> {
  const underWay: Promise<R>[] = [];
  try {
    for await (const item of items) {
      const promise = work(item);
      promise.catch(() => {}); // it is awaited below, later
      underWay.push(promise);
      if (underWay.length >= atOnce) yield await (underWay.shift() as Promise<R>);
    }
    while (underWay.length > 0) yield await (underWay.shift() as Promise<R>);
  } finally {
    await Promise.allSettled(underWay);
  }
}
