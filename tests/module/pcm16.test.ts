/** 16-bit samples: what the floats give, rounded. */
import assert from "node:assert/strict";
import {
  compressPcm16,
  compressPcm16Async,
  compressRoundtrip,
  type ErrorCode,
  Mp3AugmentError,
  peakOfPcm16,
} from "../../mod.ts";
import { test } from "../harness.ts";
import { realAudio } from "../signals.ts";

const coding = { sampleRate: 44100, bitrateKbps: 64 };
/** The nearest code, a half away from 0. */
function toCode(sample: number): number {
  const code = Math.sign(sample) * Math.round(32768 * Math.abs(sample));
  return Math.max(-32768, Math.min(32767, code));
}

function codes(): Int16Array {
  return Int16Array.from(realAudio().subarray(0, 30001), toCode);
}

function interleave(channels: readonly (Float32Array | Int16Array)[]): Int16Array {
  const length = channels[0]?.length ?? 0;
  return Int16Array.from(
    { length: length * channels.length },
    (_, i) => channels[i % channels.length]?.[Math.floor(i / channels.length)] ?? 0,
  );
}

function isError(code: ErrorCode, message = /./): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof Mp3AugmentError);
    assert.match(error.message, message);
    return error.code === code;
  };
}

for (const preserveDelay of [false, true]) {
  test(`what the floats give, rounded; with its delay: ${preserveDelay}`, async () => {
    const mono = codes();
    const other = mono.toReversed();
    const options = { ...coding, preserveDelay };
    const floats = [mono, other].map((channel) =>
      Float32Array.from(channel, (code) => code / 32768)
    );
    const single = compressRoundtrip(floats[0] as Float32Array, options);
    assert.deepEqual(await compressPcm16Async(mono, options), Int16Array.from(single, toCode));
    const pair = compressRoundtrip(floats, options).map((channel) =>
      Int16Array.from(channel, toCode)
    );
    const stereo = interleave([mono, other]);
    const before = stereo.slice();
    const result = await compressPcm16Async(stereo, { ...options, channels: 2 });
    assert.deepEqual(result, interleave(pair));
    for (const threads of [undefined, 1, 2]) {
      const given = { ...options, channels: 2, ...(threads && { threads }) } as const;
      assert.deepEqual(compressPcm16(stereo, given), result);
    }
    assert.deepEqual(stereo, before);
  });
}

test("in place, into other memory, and with the samples gone at once", async () => {
  const expected = await compressPcm16Async(codes(), coding);
  const inPlace = codes();
  assert.equal(await compressPcm16Async(inPlace, { ...coding, out: inPlace }), inPlace);
  assert.deepEqual(inPlace, expected);
  const shared = new Int16Array(new SharedArrayBuffer(2 * inPlace.length));
  shared.set(codes());
  assert.equal(await compressPcm16Async(shared, { ...coding, out: shared }), shared);
  assert.deepEqual(shared.slice(), expected);
  const gone = codes();
  const running = compressPcm16Async(gone, coding);
  gone.fill(0);
  structuredClone(gone.buffer, { transfer: [gone.buffer as ArrayBuffer] });
  assert.deepEqual(await running, expected);
});

test("at once: in place, and never over what is still to be read", () => {
  const expected = compressPcm16(codes(), coding);
  const inPlace = codes();
  assert.equal(compressPcm16(inPlace, { ...coding, out: inPlace }), inPlace);
  assert.deepEqual(inPlace, expected);
  const shared = new Int16Array(new SharedArrayBuffer(2 * inPlace.length));
  shared.set(codes());
  assert.equal(compressPcm16(shared, { ...coding, out: shared }), shared);
  assert.deepEqual(shared.slice(), expected);
  const memory = new Int16Array(inPlace.length + 2000);
  const moved = memory.subarray(1, 1 + inPlace.length);
  assert.throws(
    () => compressPcm16(memory.subarray(0, inPlace.length), { ...coding, out: moved }),
    isError("INVALID_OPTION"),
  );
  const delayed = { ...coding, preserveDelay: true };
  const needed = compressPcm16(codes().subarray(0, 500), delayed).length;
  assert.throws(
    () => compressPcm16(memory.subarray(0, 500), { ...delayed, out: memory.subarray(0, needed) }),
    isError("INVALID_OPTION"),
  );
  const apart = memory.subarray(500, 500 + needed);
  assert.equal(compressPcm16(memory.subarray(0, 500), { ...delayed, out: apart }), apart);
});

test("an abort leaves the output alone", async () => {
  const out = new Int16Array(30001);
  const controller = new AbortController();
  const running = compressPcm16Async(codes(), { ...coding, out, signal: controller.signal });
  controller.abort("enough");
  await assert.rejects(running, (reason) => reason === "enough");
  assert.ok(out.every((code) => code === 0));
});

test("the peak has 32768 as 1", () => {
  assert.equal(peakOfPcm16(Int16Array.of(5, -7, 6)), 7 / 32768);
  assert.equal(peakOfPcm16(Int16Array.of(-32768, 32767)), 1);
  assert.equal(peakOfPcm16(new Int16Array(0)), 0);
});

test("what is wrong is said", async () => {
  const wrong: [ErrorCode, unknown, object, RegExp][] = [
    ["INVALID_AUDIO", new Float32Array(9), {}, /samples is a Float32Array, not an Int16Array/],
    ["INVALID_AUDIO", new Int16Array(9), { channels: 2 }, /whole frames/],
    ["EMPTY_AUDIO", new Int16Array(0), {}, /from 1 to/],
    ["INVALID_OPTION", new Int16Array(9), { out: new Int16Array(8) }, /out has 8 .* result has 9/],
    ["INVALID_AUDIO", new Int16Array(9), { out: new Float32Array(9) }, /out is a Float32Array/],
    ["UNSUPPORTED_CHANNELS", new Int16Array(9), { channels: 3 }, /1 or 2/],
  ];
  for (const [code, samples, options, message] of wrong) {
    const given = [samples as Int16Array, { ...coding, ...options }] as const;
    await assert.rejects(compressPcm16Async(...given), isError(code, message));
    assert.throws(() => compressPcm16(...given), isError(code, message));
  }
  assert.throws(() => peakOfPcm16([1] as unknown as Int16Array), /not an Int16Array/);
});
