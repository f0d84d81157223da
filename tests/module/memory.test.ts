/** Many calls leave no memory behind. */
import assert from "node:assert/strict";
import process from "node:process";
import { compressRoundtrip, compressRoundtripAsync } from "../../mod.ts";
import { garbageCollector, test } from "../harness.ts";
import { makeSignal } from "../signals.ts";

const OPTIONS = { sampleRate: 16000, bitrateKbps: 32 } as const;
const MIB = 1 << 20;
/** What a leak of even 50 KB in each of 1,000 calls would exceed. */
const ALLOWED_GROWTH = 48 * MIB;

test("1,000 calls in a row", () => {
  const input = makeSignal(8000, 16000);
  const out = new Float32Array(8000);
  for (let i = 0; i < 200; i++) compressRoundtrip(input, { ...OPTIONS, out });
  const before = process.memoryUsage().rss;
  for (let i = 0; i < 1000; i++) {
    compressRoundtrip(input, { ...OPTIONS, out });
    assert.throws(() => compressRoundtrip(input.subarray(0, 0), OPTIONS));
  }
  const growth = process.memoryUsage().rss - before;
  assert.ok(growth < ALLOWED_GROWTH, `grew by ${growth / MIB} MiB`);
});

test("1,000 calls in the background, every third aborted", async () => {
  const input = makeSignal(16000, 16000);
  const round = async () => {
    const calls = Array.from({ length: 50 }, (_, i) => {
      const controller = new AbortController();
      const call = compressRoundtripAsync(input, { ...OPTIONS, signal: controller.signal });
      if (i % 3 === 0) controller.abort();
      return call.catch(() => undefined);
    });
    await Promise.all(calls);
  };
  for (let i = 0; i < 5; i++) await round();
  const before = process.memoryUsage().rss;
  for (let i = 0; i < 20; i++) await round();
  const growth = process.memoryUsage().rss - before;
  assert.ok(growth < ALLOWED_GROWTH, `grew by ${growth / MIB} MiB`);
});

test("more samples than C counts are refused, where a runtime has such arrays", () => {
  let samples: Float32Array;
  try {
    samples = new Float32Array(2 ** 31); // memory that nobody writes to is none
  } catch (error) {
    assert.ok(error instanceof RangeError, String(error));
    return;
  }
  assert.throws(() => compressRoundtrip(samples, OPTIONS), {
    code: "INVALID_AUDIO",
    message: /2147483648 samples per channel; at most 2147483647/,
  });
});

test("3,000 results that nobody keeps", async () => {
  const input = makeSignal(20_000, 16000);
  // A runtime that holds much already collects too seldom to be waited for.
  const collectGarbage = await garbageCollector() ?? (() => {});
  const round = () => {
    for (let i = 0; i < 250; i++) compressRoundtrip(input, OPTIONS);
    collectGarbage();
  };
  for (let i = 0; i < 6; i++) round();
  const before = process.memoryUsage().rss;
  for (let i = 0; i < 6; i++) round();
  const growth = process.memoryUsage().rss - before;
  assert.ok(growth < ALLOWED_GROWTH, `grew by ${growth / MIB} MiB`);
});

test("results that are kept, copied and transferred are nobody else's", async () => {
  const input = makeSignal(50_000, 16000);
  const other = makeSignal(50_000, 16000).map((sample) => -sample);
  const expected = compressRoundtrip(input, OPTIONS);
  const kept: Float32Array[] = [];
  for (let i = 0; i < 300; i++) {
    const samples = i % 2
      ? await compressRoundtripAsync(input, OPTIONS) // both ways to one
      : compressRoundtrip(input, OPTIONS);
    compressRoundtrip(other, OPTIONS); // garbage, of the same size
    if (i % 10 === 0) kept.push(structuredClone(samples, { transfer: [samples.buffer] }));
    if (i % 10 === 1) kept.push(samples.subarray(0)); // of which the view alone is kept
  }
  assert.equal(kept.length, 60);
  for (const samples of kept) assert.deepEqual(samples, expected);
});
