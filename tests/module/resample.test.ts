/** The resampler against libsamplerate, and the same bits in every runtime. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import * as libsamplerate from "@alexanderolsen/libsamplerate-js";
import { resample, resampleBlocks } from "../../transform.ts";
import { test } from "../harness.ts";

// A CommonJS package: Deno has its exports under `default`, the others beside it too.
const { create, ConverterType } =
  (libsamplerate as unknown as { default?: typeof libsamplerate }).default ?? libsamplerate;

/** White noise at half of full scale, by integers alone. */
function makeNoise(length: number): Float32Array {
  let state = 1;
  return Float32Array.from({ length }, () => {
    state = Math.imul(state, 1103515245) + 12345 | 0;
    return (state >> 8) / (1 << 24);
  });
}

const RATES: readonly [from: number, to: number][] = [
  [44100, 48000],
  [48000, 44100],
  [44100, 16000],
  [16000, 44100],
  [96000, 44100],
  [192000, 48000],
  [11025, 44101],
  [1000, 8000],
];

test("what resample gives is libsamplerate's medium sinc to -100 dB", async () => {
  const converterType = ConverterType.SRC_SINC_MEDIUM_QUALITY;
  for (const [from, to] of RATES) {
    const noise = makeNoise(20000);
    const found = resample(noise, from, to);
    const theirs = await create(1, from, to, { converterType });
    const silence = new Float32Array(4096 * Math.ceil(from / to));
    const expected = [...theirs.full(noise).slice(), ...theirs.full(silence)];
    theirs.destroy();
    assert.equal(found.length, Math.ceil(20000 * to / from));
    let [error, energy] = [0, 0];
    found.forEach((value, i) => {
      error += (value - (expected[i] as number)) ** 2;
      energy += (expected[i] as number) ** 2;
    });
    const decibels = 10 * Math.log10(error / energy);
    assert.ok(decibels < -100, `${from} to ${to} Hz: ${decibels.toFixed(1)} dB`);
  }
});

async function* inBlocks(channels: readonly Float32Array[], blockLength: number) {
  const frameCount = channels[0]?.length ?? 0;
  for (let at = 0; at < frameCount; at += blockLength) {
    yield channels.map((channel) => channel.subarray(at, at + blockLength));
  }
}

test("block by block the same samples come out", async () => {
  for (const [from, to] of RATES) {
    const noise = makeNoise(5000);
    const channels = [noise, noise.map((sample) => -sample)];
    const parts: Float32Array[][] = [];
    for await (const part of resampleBlocks(inBlocks(channels, 777), from, to)) parts.push(part);
    channels.forEach((channel, index) => {
      const joined = parts.flatMap((part) => [...part[index] as Float32Array]);
      assert.deepEqual(joined, [...resample(channel, from, to)], `${from} to ${to} Hz`);
    });
  }
});

test("blocks that don't fit together are refused", async () => {
  const [a, b] = [new Float32Array(100), new Float32Array(90)];
  for (const blocks of [[[a, b]], [[a], [a, a]], [[a, a], [a]]]) {
    const work = async () => {
      async function* given() {
        yield* blocks;
      }
      for await (const _ of resampleBlocks(given(), 16000, 8000));
    };
    await assert.rejects(work, { code: "INVALID_AUDIO", message: /all must have \d, of one/ });
  }
});

test("every runtime gives the same bits", () => {
  const hash = createHash("sha256");
  for (const [from, to] of RATES) hash.update(resample(makeNoise(5000), from, to));
  assert.equal(
    hash.digest("hex"),
    "029f9bf9e636f352d82416fb6ddc348cd6df90de912b9e915772f09e4e5383d0",
  );
});

test("a clip of one sample and none at all", () => {
  assert.deepEqual([...resample(new Float32Array(1), 8000, 8000)], [0]);
  assert.equal(resample(Float32Array.of(1), 16000, 48000).length, 3);
});
