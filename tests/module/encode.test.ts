/** MP3 files: what LAME writes, with a tag that tells the exact length. */
import assert from "node:assert/strict";
import {
  encodeMp3,
  encodeMp3Async,
  type EncodeOptions,
  type ErrorCode,
  Mp3AugmentError,
  SAMPLE_RATES,
} from "../../mod.ts";
import { test } from "../harness.ts";
import { makeSignal, realAudio } from "../signals.ts";

/** What the Xing/LAME tag says: the public layout, read at the places of the format. */
function readTag(bytes: Uint8Array, sampleRate: number, channels: number) {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const sideInfo = sampleRate >= 32000 ? (channels === 1 ? 17 : 32) : (channels === 1 ? 9 : 17);
  const start = 4 + sideInfo;
  const text = (at: number, length: number) =>
    String.fromCharCode(...bytes.subarray(at, at + length));
  const delays = view.getUint32(start + 141) >>> 8;
  return {
    name: text(start, 4),
    mp3FrameCount: view.getUint32(start + 8),
    byteSize: view.getUint32(start + 12),
    encoder: text(start + 120, 9),
    delay: delays >>> 12,
    padding: delays & 0xfff,
  };
}

test("the tag tells the exact length", () => {
  for (const sampleRate of SAMPLE_RATES) {
    for (const length of [1, 1000, 20_001]) {
      for (const channels of [1, 2] as const) {
        const input = [makeSignal(length, sampleRate), makeSignal(length, sampleRate, 2)];
        for (const rate of [{ bitrateKbps: 64 }, { vbrQuality: 4 }, { averageBitrateKbps: 70 }]) {
          const options = { sampleRate, ...rate } as EncodeOptions;
          const bytes = encodeMp3(input.slice(0, channels), options);
          const tag = readTag(bytes, sampleRate, channels);
          const mp3Frame = sampleRate >= 32000 ? 1152 : 576;
          assert.equal(tag.name, "bitrateKbps" in rate ? "Info" : "Xing");
          assert.match(tag.encoder, /^LAME3\.100/);
          assert.equal(tag.byteSize, bytes.length);
          assert.equal(tag.delay, 576);
          assert.equal(tag.mp3FrameCount * mp3Frame - tag.delay - tag.padding, length);
        }
      }
    }
  }
});

test("without the tag the file is shorter by one MP3 frame", () => {
  const options = { sampleRate: 44100, bitrateKbps: 128 };
  const tagged = encodeMp3(realAudio(), options);
  const untagged = encodeMp3(realAudio(), { ...options, tag: false });
  assert.deepEqual(tagged.subarray(tagged.length - untagged.length), untagged);
  assert.equal(tagged.length - untagged.length, Math.floor(144 * 128000 / 44100));
  // 8 kbps at 8 kHz: 72 bytes hold no tag.
  const small = { sampleRate: 8000, bitrateKbps: 8 };
  const clip = makeSignal(8000, 8000);
  assert.deepEqual(encodeMp3(clip, small), encodeMp3(clip, { ...small, tag: false }));
});

test("async: the same bytes, and the input may change at once", async () => {
  const expected = encodeMp3(realAudio(), { sampleRate: 44100, vbrQuality: 2, bitReservoir: true });
  const options = { sampleRate: 44100, vbrQuality: 2, bitReservoir: true };
  const all = Array.from({ length: 8 }, () => {
    const input = realAudio().slice();
    const promise = encodeMp3Async(input, options);
    input.fill(NaN);
    return promise;
  });
  for (const bytes of await Promise.all(all)) assert.deepEqual(bytes, expected);
});

test("async: aborts and errors", async () => {
  const options = { sampleRate: 44100, bitrateKbps: 64 };
  const controller = new AbortController();
  const long = new Float32Array(10_000_000).map((_, i) => Math.sin(i / 50));
  const promise = encodeMp3Async(long, { ...options, signal: controller.signal });
  controller.abort("enough");
  await assert.rejects(promise, (reason) => reason === "enough");
  const aborted = encodeMp3Async(long, { ...options, signal: AbortSignal.abort("before") });
  await assert.rejects(aborted, (reason) => reason === "before");
  const rejects = (samples: unknown, code: ErrorCode) =>
    assert.rejects(encodeMp3Async(samples as Float32Array, options), (error) => {
      assert.ok(error instanceof Mp3AugmentError);
      assert.equal(error.code, code);
      return true;
    });
  await rejects(Float32Array.of(1, 2, NaN), "NON_FINITE_AUDIO");
  await rejects(new Float32Array(0), "EMPTY_AUDIO");
  await rejects("audio", "INVALID_AUDIO");
});

test("errors name what was given", () => {
  const clip = new Float32Array(2000);
  const fails = (samples: unknown, options: unknown, code: ErrorCode, message: RegExp) =>
    assert.throws(() => encodeMp3(samples as Float32Array, options as EncodeOptions), (error) => {
      assert.ok(error instanceof Mp3AugmentError);
      assert.equal(error.code, code);
      assert.match(error.message, message);
      return true;
    });
  fails(clip, undefined, "INVALID_OPTION", /^options is undefined/);
  fails(clip, { sampleRate: 44100, bitrateKbps: 1 }, "UNSUPPORTED_BITRATE", /^bitrateKbps is 1/);
  clip[1999] = Infinity;
  const good = { sampleRate: 44100, bitrateKbps: 64 };
  fails(clip, good, "NON_FINITE_AUDIO", /sample 1999 of channel 0 is Infinity/);
});

test("samples beyond 1 are coded as they are", () => {
  const input = makeSignal(20_000, 44100).map((sample) => 3 * sample);
  const quiet = makeSignal(20_000, 44100);
  const options = { sampleRate: 44100, vbrQuality: 4 };
  assert.notDeepEqual(encodeMp3(input, options), encodeMp3(quiet, options));
  input[5] = 5000;
  assert.throws(
    () => encodeMp3(input, options),
    (error) =>
      error instanceof Mp3AugmentError && error.code === "INVALID_AUDIO" &&
      /^samples reach 5000, .*4096/.test(error.message),
  );
});
