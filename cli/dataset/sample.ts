/** One sound file in memory, as the bytes of its copies: what tar shards, pipes and Parquet have. */
import { createHash } from "node:crypto";
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
    const bytes = await collect(
      pieces,
      row.frames * row.channels * SAMPLE_BYTE_SIZE[settings.format.samples],
    );
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    copies.push({ bytes, row, written: { byteSize: bytes.length, sha256 } });
  }
  return copies;
}

/** What a sample takes in a file. */
const SAMPLE_BYTE_SIZE = { 16: 2, 24: 3, float: 4 } as const;
const HEADER_BYTE_SIZE = 128;

/** All pieces in one memory, where there is room for `byteSize` bytes of samples from the start. */
async function collect(pieces: AsyncIterable<Uint8Array>, byteSize: number): Promise<Uint8Array> {
  let bytes = new Uint8Array(HEADER_BYTE_SIZE + byteSize);
  let end = 0;
  for await (const piece of pieces) {
    if (end + piece.length > bytes.length) {
      const more = new Uint8Array(2 * (end + piece.length));
      more.set(bytes.subarray(0, end));
      bytes = more;
    }
    bytes.set(piece, end);
    end += piece.length;
  }
  return bytes.subarray(0, end);
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
