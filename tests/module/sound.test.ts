/** What the round trip does to signals whose result is known. */
import assert from "node:assert/strict";
import { compressRoundtrip, DELAY_SAMPLES } from "../../mod.ts";
import { test } from "../harness.ts";
import { correlation, findOffset, makeSignal, peakOf, realAudio, snr } from "../signals.ts";

const HIGH = { sampleRate: 44100, bitrateKbps: 320 } as const;

/** LAME's gain at 320 kbps is 1, below it is less. */
function middle(samples: Float32Array): Float32Array {
  return samples.subarray(4000, -4000);
}

test("silence stays silent", () => {
  const output = compressRoundtrip(new Float32Array(20000), HIGH);
  assert.ok(peakOf(output) < 1e-4, `peak ${peakOf(output)}`);
});

test("a constant comes back", () => {
  const output = compressRoundtrip(new Float32Array(44100).fill(0.25), HIGH);
  assert.ok(middle(output).every((sample) => Math.abs(sample - 0.25) < 0.02));
});

test("an impulse stays where it is", () => {
  const input = new Float32Array(20000);
  input[9000] = 0.9;
  const output = compressRoundtrip(input, HIGH);
  const peak = output.reduce((best, sample, i) => sample > (output[best] ?? 0) ? i : best, 0);
  assert.equal(peak, 9000);
});

test("a full-scale sine keeps its level and overshoots are not cut", () => {
  const input = Float32Array.from({ length: 44100 }, (_, i) => Math.sin(i * 0.1));
  const output = compressRoundtrip(input, HIGH);
  assert.ok(snr(middle(input), middle(output)) > 25);
  const square = input.map((sample) => Math.sign(sample));
  assert.ok(peakOf(compressRoundtrip(square, { ...HIGH, bitrateKbps: 64 })) > 1.02);
});

test("a clip of peak 30 is the scaled clip's result times 30", () => {
  const input = realAudio().slice(0, 44100);
  const scale = 30 / peakOf(input);
  const loud = input.map((sample) => sample * scale);
  const output = compressRoundtrip(loud, HIGH);
  assert.ok(correlation(loud, output) > 0.99);
  assert.ok(peakOf(output) > 20);
  assert.ok(snr(loud, output) > 15);
});

test("a very quiet clip keeps its detail", () => {
  const input = realAudio().slice(0, 88200).map((sample) => sample * 1e-4);
  const output = compressRoundtrip(input, HIGH);
  assert.ok(correlation(input, output) > 0.95, `${correlation(input, output)}`);
});

test("left and right don't mix", () => {
  const left = makeSignal(30000, 44100, 1);
  const output = compressRoundtrip([left, new Float32Array(30000)], HIGH);
  assert.ok(correlation(left, output[0] ?? left) > 0.99);
  assert.ok(peakOf(output[1] ?? left) < 1e-4);
});

for (const [sampleRate, mp3Frame] of [[48000, 1152], [32000, 1152], [24000, 576], [8000, 576]]) {
  test(`preserveDelay at ${sampleRate} Hz`, () => {
    for (const frameCount of [1, 575, 576, 1152, 20000, 20001]) {
      const options = { sampleRate: sampleRate ?? 0, bitrateKbps: 64 };
      const input = makeSignal(frameCount, options.sampleRate);
      const late = compressRoundtrip(input, { ...options, preserveDelay: true });
      assert.equal(late.length % (mp3Frame ?? 1), 0);
      assert.ok(late.length >= frameCount + DELAY_SAMPLES);
      if (frameCount >= 20000) {
        const around = findOffset(input, late.subarray(DELAY_SAMPLES - 50), 90);
        assert.equal(around, 50, "offset");
      }
      const aligned = compressRoundtrip(input, options);
      assert.deepEqual(late.slice(DELAY_SAMPLES, DELAY_SAMPLES + frameCount), aligned);
    }
  });
}
