/** FLAC files, read and written. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import process from "node:process";
import { checkFlacIsWhole, createFlacWriter } from "../../cli/audio/flac.ts";
import { decodeBytes } from "../../cli/audio/read.ts";
import { openSource } from "../../cli/audio/source.ts";
import { projectPath, test } from "../harness.ts";
import { sameBits } from "../signals.ts";

const LENA = projectPath("node_modules/audio-lena/lena.flac");

/** A whole file, in blocks. */
async function makeFlac(channels: readonly Float32Array[], bits: "16" | "24"): Promise<Buffer> {
  const frameCount = channels[0]?.length ?? 0;
  const writer = await createFlacWriter(44100, channels.length, bits, frameCount);
  try {
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < frameCount; at += 10_000) {
      pieces.push(writer.write(channels.map((channel) => channel.subarray(at, at + 10_000))));
    }
    return Buffer.concat([...pieces, writer.finish()]);
  } finally {
    writer.free();
  }
}

/** How many frames there are, by the STREAMINFO block. */
const totalOf = (file: Buffer) => (file.readUInt8(21) & 15) * 2 ** 32 + file.readUInt32BE(22);

test("a file's samples have the MD5 sum that its writer gave it, in blocks too", async () => {
  const file = readFileSync(LENA);
  const expected = file.toString("hex", 26, 42); // in its STREAMINFO block
  const sumOf = (blocks: readonly Float32Array[]) => {
    const hash = createHash("md5");
    for (const block of blocks) {
      hash.update(new Uint8Array(Int16Array.from(block, (sample) => 32768 * sample).buffer));
    }
    return hash.digest("hex");
  };
  const { channels, storage } = await decodeBytes(file);
  assert.deepEqual([sumOf(channels), channels.length], [expected, 1]);
  const source = await openSource(LENA); // a long one: it stays on the disk
  const blocks: Float32Array[] = [];
  for await (const block of source.blocks()) blocks.push((block[0] as Float32Array).slice());
  assert.ok(blocks.length > 1);
  assert.equal(sumOf(blocks), expected);
  assert.deepEqual(
    [source.storage, storage],
    Array(2).fill({
      bitsPerSample: 16,
      sampleType: "integer",
    }),
  );
  assert.equal(source.frameCount, totalOf(file));
});

test("every code of 16 bits survives, and of 24 bits the loudest and the softest", async () => {
  for (const bits of ["16", "24"] as const) {
    const half = 2 ** (Number(bits) - 1);
    const codes = Array.from({ length: 65536 }, (_, i) => i * half / 32768 - half);
    codes.push(half - 1, half - 2, 1 - half, half / 2 + 1, -half / 2 - 1, 1, -1);
    const samples = Float32Array.from(codes, (code) => code / half);
    const file = await makeFlac([samples, samples.toReversed()], bits);
    const { channels, storage } = await decodeBytes(file);
    assert.ok(sameBits(channels[0] as Float32Array, samples), bits);
    assert.ok(sameBits(channels[1] as Float32Array, samples.toReversed()), bits);
    assert.deepEqual(storage, { bitsPerSample: Number(bits), sampleType: "integer" });
    assert.equal(totalOf(file), codes.length);
  }
});

test("a recording becomes as small as the reference encoder has made it", async () => {
  const file = readFileSync(LENA);
  const { channels } = await decodeBytes(file);
  const made = await makeFlac(channels, "16");
  assert.ok(made.length <= file.length, `${made.length} bytes, not ${file.length}`);
});

test("it holds 8 channels of 16 or 24 bits at up to 655350 Hz, and no more", async () => {
  const channels = Array.from({ length: 8 }, (_, i) => new Float32Array(100).fill(i / 8));
  const { channels: found } = await decodeBytes(await makeFlac(channels, "16"));
  assert.deepEqual(found, channels);
  await assert.rejects(createFlacWriter(44100, 9, "16", 100), {
    message: "FLAC holds at most 8 channels, not 9",
  });
  await assert.rejects(createFlacWriter(44100, 1, "float", 100), {
    message: "FLAC holds 16 or 24 bits, not float",
  });
  await assert.rejects(createFlacWriter(768000, 2, "16", 100), {
    message: "libFLAC takes no 2 channels at 768000 Hz",
  });
  (await createFlacWriter(655350, 2, "16", 100)).free();
});

test("fewer frames than a file says are an error, of which it can say 36 bits", () => {
  const head = Buffer.alloc(42);
  head.writeUInt8(0xf1, 21); // four bits of something else
  head.writeUInt32BE(5, 22);
  for (const count of [0, 2 ** 32 + 5, 2 ** 32 + 6]) checkFlacIsWhole(head, count);
  for (const count of [1, 5, 2 ** 32 + 4]) {
    assert.throws(() => checkFlacIsWhole(head, count), {
      message: `the file ends after ${count} of 4294967301 frames`,
    });
  }
  checkFlacIsWhole(Buffer.alloc(42), 1); // the writer didn't know
});

test("a file that is given up in the middle leaves no memory behind", async () => {
  const block = Array(8).fill(new Float32Array(100));
  const giveUp = async (times: number) => {
    for (let i = 0; i < times; i++) {
      const writer = await createFlacWriter(44100, 8, "16", 1000);
      writer.write(block);
      writer.free();
    }
  };
  await giveUp(20);
  const before = process.memoryUsage().rss;
  await giveUp(60);
  const growth = (process.memoryUsage().rss - before) / 2 ** 20;
  assert.ok(growth < 64, `grew by ${growth} MiB`); // a leak: by 130
});
