/** Every way to pass audio in and out: the same bits, and the caller's arrays left alone. */
import assert from "node:assert/strict";
import { compressRoundtrip, compressRoundtripAsync } from "../../mod.ts";
import { privateCopy } from "../../src/audio.ts";
import { test } from "../harness.ts";
import { makeSignal, realAudio, sameBits } from "../signals.ts";

const OPTIONS = { sampleRate: 44100, bitrateKbps: 96 } as const;
const left: Float32Array = realAudio().slice(0, 20001);
const right: Float32Array = makeSignal(20001, 44100, 5);
const [expectedLeft, expectedRight] = compressRoundtrip([left, right], OPTIONS) as [
  Float32Array,
  Float32Array,
];
const expectedMono: Float32Array = compressRoundtrip(left, OPTIONS);

test("mono: flat, in an array, with channels: 1", () => {
  assert.ok(sameBits(compressRoundtrip([left], OPTIONS)[0] as Float32Array, expectedMono));
  assert.ok(sameBits(compressRoundtrip(left, { ...OPTIONS, channels: 1 }), expectedMono));
});

test("an array of channels needs no channels, and takes the right one", () => {
  const [l, r] = compressRoundtrip([left, right], { ...OPTIONS, channels: 2 });
  assert.ok(sameBits(l as Float32Array, expectedLeft));
  assert.ok(sameBits(r as Float32Array, expectedRight));
  const [mono] = compressRoundtrip([left], { ...OPTIONS, channels: 1 });
  assert.ok(sameBits(mono as Float32Array, expectedMono));
});

test("stereo: flat planar with channels: 2", () => {
  const flat = new Float32Array(2 * left.length);
  flat.set(left);
  flat.set(right, left.length);
  const output = compressRoundtrip(flat, { ...OPTIONS, channels: 2 });
  assert.equal(output.length, flat.length);
  assert.ok(sameBits(output.subarray(0, left.length), expectedLeft));
  assert.ok(sameBits(output.subarray(left.length), expectedRight));
});

test("views at any offset of their buffer", () => {
  for (let offset = 0; offset < 8; offset++) {
    const buffer = new Float32Array(left.length + 16).fill(9);
    const view = buffer.subarray(offset, offset + left.length);
    view.set(left);
    assert.ok(sameBits(compressRoundtrip(view, OPTIONS), expectedMono));
    compressRoundtrip(view, { ...OPTIONS, out: view });
    assert.ok(sameBits(view, expectedMono));
    assert.ok(buffer.every((x, i) => i >= offset && i < offset + left.length || x === 9));
  }
});

test("a subclass and an array of another realm's kind are audio too", () => {
  class Lying extends Float32Array {
    override get length(): number {
      return 1e9;
    }
  }
  assert.ok(sameBits(compressRoundtrip(new Lying(left), OPTIONS), expectedMono));
});

test("out: other memory, in place, and what is returned", () => {
  const out = new Float32Array(left.length);
  assert.equal(compressRoundtrip(left, { ...OPTIONS, out }), out);
  assert.ok(sameBits(out, expectedMono));
  const both = [left.slice(), right.slice()];
  assert.equal(compressRoundtrip(both, { ...OPTIONS, out: both }), both);
  assert.ok(sameBits(both[0] as Float32Array, expectedLeft));
  assert.ok(sameBits(both[1] as Float32Array, expectedRight));
  const swapped = [left.slice(), right.slice()];
  compressRoundtrip(swapped, { ...OPTIONS, out: swapped.toReversed() });
  assert.ok(sameBits(swapped[1] as Float32Array, expectedLeft), "channels swapped in place");
});

test("the input is left as it was", () => {
  const copy = left.slice();
  compressRoundtrip(copy, OPTIONS);
  assert.ok(sameBits(copy, left));
});

test("shared memory goes in and out", async () => {
  const shared = new Float32Array(new SharedArrayBuffer(4 * left.length));
  shared.set(left);
  const out = new Float32Array(new SharedArrayBuffer(4 * left.length));
  assert.ok(sameBits(compressRoundtrip(shared, OPTIONS), expectedMono));
  compressRoundtrip(shared, { ...OPTIONS, out });
  assert.ok(sameBits(new Float32Array(out), expectedMono));
  out.fill(0);
  await compressRoundtripAsync(shared, { ...OPTIONS, out });
  assert.ok(sameBits(new Float32Array(out), expectedMono));
  compressRoundtrip(shared, { ...OPTIONS, out: shared });
  assert.ok(sameBits(new Float32Array(shared), expectedMono));
});

test("memory that another thread may write to is copied before C sees it, other memory isn't", () => {
  const shared = new Float32Array(new SharedArrayBuffer(8));
  shared.set([1, -1]);
  const own = Float32Array.of(2, -2);
  const mixed = privateCopy({ channels: [own, shared], frameCount: 2 });
  shared.fill(0);
  assert.deepEqual(mixed.channels.map((channel) => [...channel]), [[2, -2], [1, -1]]);
  assert.equal(mixed.frameCount, 2);
  assert.equal(mixed.channels[0], own);
  const planes = { channels: [own], frameCount: 2 };
  assert.equal(privateCopy(planes), planes);
});

test("a resizable buffer", () => {
  const buffer = new ArrayBuffer(4 * left.length, { maxByteLength: 8 * left.length });
  const view = new Float32Array(buffer);
  view.set(left);
  assert.ok(sameBits(compressRoundtrip(view, OPTIONS), expectedMono));
});

test("async: every form, the same bits", async () => {
  assert.ok(sameBits(await compressRoundtripAsync(left, OPTIONS), expectedMono));
  const both = await compressRoundtripAsync([left, right], OPTIONS);
  assert.ok(sameBits(both[0] as Float32Array, expectedLeft));
  assert.ok(sameBits(both[1] as Float32Array, expectedRight));
  const preserved = { ...OPTIONS, preserveDelay: true };
  assert.ok(
    sameBits(await compressRoundtripAsync(left, preserved), compressRoundtrip(left, preserved)),
  );
  const inPlace = left.slice();
  assert.equal(await compressRoundtripAsync(inPlace, { ...OPTIONS, out: inPlace }), inPlace);
  assert.ok(sameBits(inPlace, expectedMono));
});

test("threads: the same bits on 1 to 16", async () => {
  const long = makeSignal(150000, 44100, 6);
  const modes = [{ bitrateKbps: 96 }, { vbrQuality: 4, quality: 5, stereoMode: "joint" }] as const;
  for (const mode of modes) {
    const options = { sampleRate: 44100, ...mode };
    const expected = compressRoundtrip(long, { ...options, threads: 1 });
    for (const threads of [undefined, 2, 3, 16, 1e6]) {
      const chosen = threads === undefined ? options : { ...options, threads };
      assert.ok(sameBits(compressRoundtrip(long, chosen), expected));
      assert.ok(sameBits(await compressRoundtripAsync(long, chosen), expected));
    }
    const inPlace = long.slice();
    compressRoundtrip(inPlace, { ...options, out: inPlace });
    assert.ok(sameBits(inPlace, expected));
  }
});
