/** The resampler against libsamplerate, and the same bits in every runtime. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import * as libsamplerate from "@alexanderolsen/libsamplerate-js";
import { createResampler } from "../../src/resample.ts";
import { resample } from "../../transform.ts";
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

test("block by block the same samples come out", () => {
  for (const [from, to] of RATES) {
    const noise = makeNoise(5000);
    const whole = resample(noise, from, to);
    const resampler = createResampler(from, to);
    const parts: Float32Array[] = [];
    for (let at = 0; at < noise.length; at += 777) {
      parts.push(resampler.push(noise.subarray(at, at + 777)));
    }
    parts.push(resampler.finish(whole.length));
    assert.deepEqual(parts.flatMap((part) => [...part]), [...whole], `${from} to ${to} Hz`);
  }
});

test("every runtime gives the same bits", () => {
  const hash = createHash("sha256");
  for (const [from, to] of RATES) hash.update(resample(makeNoise(5000), from, to));
  assert.equal(
    hash.digest("hex"),
    "990314311faa5bc2adfa4d09997d55d18b258d5a92e43cade4592ce21e6759bb",
  );
});

test("a clip of one sample and none at all", () => {
  assert.deepEqual([...resample(new Float32Array(1), 8000, 8000)], [0]);
  assert.equal(resample(Float32Array.of(1), 16000, 48000).length, 3);
});
