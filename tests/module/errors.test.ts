/** Every error code, on both sides of each rule, and messages that say what was given. */
import assert from "node:assert/strict";
import {
  BITRATES_KBPS,
  compressRoundtrip,
  type ErrorCode,
  Mp3AugmentError,
  nearestBitrateKbps,
  SAMPLE_RATES,
} from "../../mod.ts";
import { show } from "../../ffi/errors.ts";
import { checkLength } from "../../ffi/guard.ts";
import { STATUS_NAMES } from "../../ffi/symbols.ts";
import { MAX_PEAK } from "../../src/constants.ts";
import { runJob } from "../../src/jobs.ts";
import { library } from "../../src/native.ts";
import { describeSamples } from "../../src/samples.ts";
import { test } from "../harness.ts";
import { makeSignal } from "../signals.ts";

const GOOD = { sampleRate: 44100, bitrateKbps: 64 };
const clip: Float32Array = makeSignal(3000, 44100);

function assertFails(
  samples: unknown,
  options: unknown,
  code: ErrorCode,
  message: RegExp,
): void {
  assert.throws(
    () => compressRoundtrip(samples as Float32Array, options as typeof GOOD),
    (error) => {
      assert.ok(error instanceof Mp3AugmentError, String(error));
      assert.equal(error.name, "Mp3AugmentError");
      assert.equal(error.code, code, error.message);
      assert.match(error.message, message);
      return true;
    },
  );
}

test("a message shows what was given in a few characters", () => {
  const shown: [unknown, string][] = [
    [undefined, "undefined"],
    [null, "null"],
    [NaN, "NaN"],
    [-0.5, "-0.5"],
    [true, "true"],
    [44100n, "44100n"],
    [Symbol("s"), "Symbol(s)"],
    ["it's \n", '"it\'s \\n"'],
    ["x".repeat(99), JSON.stringify("x".repeat(40))],
    [[1, 2], "an array"],
    [{}, "an Object"],
    [new Map(), "a Map"],
    [new Float32Array(3), "a Float32Array"],
    [new Error("e"), "an Error"],
    [() => 1, "a Function"],
  ];
  assert.deepEqual(shown.map(([value]) => show(value)), shown.map(([, text]) => text));
});

const NOT_NUMBERS = [undefined, null, NaN, "44100", 44100n, {}, [], true, Infinity, -1, 0.5];

test("memory that shrinks during a call", () => {
  const view = new Float32Array(2);
  checkLength(view, 2);
  assert.throws(() => checkLength(view, 3), {
    code: "INVALID_AUDIO",
    message:
      /2 elements instead of 3: .* was resized or transferred meanwhile; leave it alone until/,
  });
});

test("UNSUPPORTED_SAMPLE_RATE", () => {
  for (const sampleRate of [...NOT_NUMBERS, 0, 7999, 44099, 96000]) {
    assertFails(clip, { ...GOOD, sampleRate }, "UNSUPPORTED_SAMPLE_RATE", /^sampleRate is .*8000/);
  }
});

test("UNSUPPORTED_BITRATE", () => {
  for (const bitrateKbps of [...NOT_NUMBERS, 0, 7, 9, 63, 64000, 321]) {
    assertFails(clip, { ...GOOD, bitrateKbps }, "UNSUPPORTED_BITRATE", /^bitrateKbps is .*320/);
  }
});

test("UNSUPPORTED_QUALITY", () => {
  for (const quality of [...NOT_NUMBERS.slice(1), 10, 1.5]) {
    assertFails(clip, { ...GOOD, quality }, "UNSUPPORTED_QUALITY", /^quality is .*0, 1/);
  }
});

test("INVALID_OPTION: options, preserveDelay", () => {
  for (const options of [undefined, null, 64, "fast"]) {
    assertFails(clip, options, "INVALID_OPTION", /^options is .*sampleRate/);
  }
  for (const preserveDelay of [null, 0, 1, "yes"]) {
    assertFails(clip, { ...GOOD, preserveDelay }, "INVALID_OPTION", /^preserveDelay is .*true/);
  }
});

test("UNSUPPORTED_CHANNELS", () => {
  assertFails([], GOOD, "UNSUPPORTED_CHANNELS", /0 channels/);
  assertFails([clip, clip, clip], GOOD, "UNSUPPORTED_CHANNELS", /3 channels; 1 or 2/);
  for (const channels of [0, 3, "2", null]) {
    assertFails(clip, { ...GOOD, channels }, "UNSUPPORTED_CHANNELS", /^channels is .*1 or 2/);
  }
  assertFails([clip], { ...GOOD, channels: 2 }, "INVALID_OPTION", /array of 1/);
});

test("INVALID_AUDIO: other types", () => {
  const wrong = [
    undefined,
    null,
    7,
    "audio",
    {},
    new Float64Array(10),
    new Int16Array(10),
    new ArrayBuffer(10),
    { length: 100, 0: 0.5, [Symbol.toStringTag]: "Float32Array" },
    new Proxy(clip, {}),
  ];
  for (const samples of wrong) {
    assertFails(samples, GOOD, "INVALID_AUDIO", /^samples is .*not a Float32Array/);
    assertFails([clip, samples], GOOD, "INVALID_AUDIO", /^samples\[1\] is .*not a Float32Array/);
  }
  assertFails([[0, 0]], GOOD, "INVALID_AUDIO", /^samples\[0\] is an array/);
});

test("INVALID_AUDIO: unequal lengths, odd flat stereo, detached", () => {
  assertFails([clip, clip.subarray(1)], GOOD, "INVALID_AUDIO", /3000 and 2999/);
  assertFails(clip.subarray(1), { ...GOOD, channels: 2 }, "INVALID_AUDIO", /2999/);
  const gone = new Float32Array(100);
  structuredClone(gone, { transfer: [gone.buffer] });
  assertFails(gone, GOOD, "INVALID_AUDIO", /detached/);
  assertFails([clip, gone], GOOD, "INVALID_AUDIO", /samples\[1\] has a detached/);
  const buffer = new ArrayBuffer(400, { maxByteLength: 400 });
  const outOfBounds = new Float32Array(buffer, 200, 50);
  buffer.resize(100);
  assertFails(outOfBounds, GOOD, "EMPTY_AUDIO", /no samples/);
});

test("EMPTY_AUDIO", () => {
  assertFails(new Float32Array(0), GOOD, "EMPTY_AUDIO", /no samples/);
  assertFails([new Float32Array(0), new Float32Array(0)], GOOD, "EMPTY_AUDIO", /no samples/);
});

test("NON_FINITE_AUDIO: also in the very last sample, and the output is untouched", () => {
  for (const bad of [NaN, Infinity, -Infinity]) {
    for (const index of [0, 1234, 2999]) {
      const samples = clip.slice();
      samples[index] = bad;
      const out = new Float32Array(3000).fill(0.5);
      const message = new RegExp(`sample ${index} of channel 0 is ${bad}`);
      assertFails(samples, { ...GOOD, out }, "NON_FINITE_AUDIO", message);
      assertFails([clip, samples], GOOD, "NON_FINITE_AUDIO", /of channel 1/);
      assert.ok(out.every((sample) => sample === 0.5));
    }
  }
});

test("out: form, size and overlaps", () => {
  const memory = new Float32Array(9000);
  const input = memory.subarray(0, 3000);
  assertFails(clip, { ...GOOD, out: clip.subarray(1) }, "INVALID_OPTION", /2999 .* 3000/);
  assertFails(clip, { ...GOOD, out: [clip, clip] }, "INVALID_OPTION", /2 channels and samples 1/);
  assertFails(clip, { ...GOOD, out: 5 }, "INVALID_AUDIO", /^out is 5/);
  assertFails(input, { ...GOOD, out: memory.subarray(1, 3001) }, "INVALID_OPTION", /overlaps/);
  const right = memory.subarray(3000, 6000);
  const output = memory.subarray(6000);
  assertFails([input, right], { ...GOOD, out: [output, output] }, "INVALID_OPTION", /overlaps/);
  compressRoundtrip([input, right], { ...GOOD, out: [right, input] });
  const late = compressRoundtrip(input, { ...GOOD, preserveDelay: true });
  const out = memory.subarray(0, late.length);
  assertFails(input, { ...GOOD, preserveDelay: true, out }, "INVALID_OPTION", /overlaps/);
});

test("an option is read once", () => {
  let reads = 0;
  compressRoundtrip(clip, {
    bitrateKbps: 64,
    get sampleRate() {
      return reads++ === 0 ? 44100 : 7;
    },
  });
  assert.equal(reads, 1);
});

test("nearestBitrateKbps", () => {
  assert.equal(nearestBitrateKbps(44100, 8), 32);
  assert.equal(nearestBitrateKbps(44100, 144), 128);
  assert.equal(nearestBitrateKbps(8000, 320), 64);
  assert.equal(nearestBitrateKbps(16000, 320), 160);
  assert.equal(nearestBitrateKbps(22050, -Infinity), 8);
  assert.ok(Number.isNaN(nearestBitrateKbps(96000, 64)));
  assert.ok(Number.isNaN(nearestBitrateKbps(44100, NaN)));
  assert.ok(Object.isFrozen(SAMPLE_RATES) && Object.isFrozen(BITRATES_KBPS));
});

test("what C tells is an error of its own, also where the audio has changed since", () => {
  library();
  const codes: Record<number, [code: ErrorCode, message: RegExp]> = {
    0: ["OUT_OF_MEMORY", /^memory ran out$/],
    2: ["EMPTY_AUDIO", /./],
    8: ["INVALID_OPTION", /./],
    9: ["CORRUPT_MP3", /./],
    10: ["OUT_OF_MEMORY", /./],
    11: ["CORRUPT_MP3", /./],
    12: ["CORRUPT_MP3", /./],
  };
  for (const [given, [code, message]] of Object.entries(codes)) {
    const start = (_queue: unknown, _tag: number, status: Int32Array) => {
      status[0] = Number(given);
      return null;
    };
    const run = () => runJob(start, undefined, () => assert.fail("there is no job"));
    assert.throws(run, (error) => {
      assert.ok(error instanceof Mp3AugmentError);
      assert.equal(error.code, code, given);
      assert.match(error.message, message);
      if (given !== "0") {
        assert.equal(error.message, library().native.mp3a_status_message(Number(given)));
      }
      return true;
    });
  }
  const input = { channels: [Float32Array.of(0.5, -2)], frameCount: 2 };
  const told = STATUS_NAMES.map((_, status) => describeSamples(status, input)?.());
  assert.deepEqual(told.flatMap((text, status) => text === undefined ? [] : [status]), [1, 3]);
  const between = { channels: [Float32Array.of(5000)], frameCount: 1 };
  assert.match(describeSamples(1, between)?.() ?? "", /^samples reach 5000, but nothing scales/);
  assert.match(told[1] ?? "", /^samples reach 2, but nothing scales them here and at most 4096 /);
  assert.equal(
    told[3],
    "samples must be finite numbers, but a sample is NaN or infinite: clean the audio",
  );
  const loud = { channels: [Float32Array.of(0), Float32Array.of(-2e33)], frameCount: 1 };
  const [peak, most] = [Math.fround(2e33), MAX_PEAK];
  const expected = `samples reach ${peak}, and at most ${most} can be coded: full scale is 1`;
  assert.equal(describeSamples(1, loud)?.(), expected);
});
