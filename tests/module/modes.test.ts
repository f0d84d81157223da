/** Every way MP3s are made: aligned, of equal length, and the same bits in every form of a call. */
import assert from "node:assert/strict";
import {
  compressRoundtrip,
  compressRoundtripAsync,
  compressRoundtripBatch,
  encodeMp3,
  type ErrorCode,
  Mp3AugmentError,
  type RateControl,
  type RoundtripOptions,
  SAMPLE_RATES,
} from "../../mod.ts";
import { test } from "../harness.ts";
import {
  correlation,
  findOffset,
  makeSignal,
  makeTone,
  randomNumbers,
  realAudio,
  sameBits,
} from "../signals.ts";

type Mode = RateControl & Omit<RoundtripOptions, "sampleRate" | keyof RateControl>;

const MODES: Record<string, Mode> = {
  "CBR with reservoir": { bitrateKbps: 64, bitReservoir: true },
  "CBR with reservoir, 8 kbps": { bitrateKbps: 8, bitReservoir: true, channels: 1 },
  "joint stereo": { bitrateKbps: 64, stereoMode: "joint" },
  "joint stereo with reservoir": { bitrateKbps: 48, stereoMode: "joint", bitReservoir: true },
  "ABR": { averageBitrateKbps: 57, bitReservoir: true, stereoMode: "joint" },
  "VBR 0": { vbrQuality: 0, bitReservoir: true },
  "VBR 4.5": { vbrQuality: 4.5, bitReservoir: true, stereoMode: "joint", quality: 3 },
  "VBR 9.999": { vbrQuality: 9.999 },
  "lowpass": { bitrateKbps: 64, lowpassHz: 3000 },
  "no lowpass": { bitrateKbps: 64, lowpassHz: "off" },
};

for (const [name, mode] of Object.entries(MODES)) {
  test(`${name}: aligned at every rate`, () => {
    for (const sampleRate of SAMPLE_RATES) {
      const left = makeTone(sampleRate, sampleRate, 1);
      const right = makeTone(sampleRate, sampleRate, 2);
      const input = mode.channels === 1 ? [left] : [left, right];
      const output = compressRoundtrip(input, { ...mode, sampleRate, channels: undefined! });
      input.forEach((channel, index) => {
        const result = output[index];
        assert.equal(result?.length, channel.length);
        assert.equal(findOffset(channel, result, 4), 0, `offset at ${sampleRate} Hz`);
        const found = correlation(channel, result);
        assert.ok(found > 0.9, `correlation ${found} at ${sampleRate} Hz`);
      });
    }
  });
}

test("the same bits: sync, async, batch, and with the delay cut off", async () => {
  const left = realAudio().subarray(0, 60000), right = realAudio().subarray(60000, 120000);
  for (const { channels: _, ...mode } of Object.values(MODES)) {
    const options: RoundtripOptions = { ...mode, sampleRate: 44100 };
    const expected = compressRoundtrip([left, right], options);
    const [batch] = await compressRoundtripBatch([{ samples: [left, right], ...options }]);
    const others = [
      await compressRoundtripAsync([left, right], options),
      batch as Float32Array[],
      compressRoundtrip([left, right], { ...options, preserveDelay: true }).map((channel) =>
        channel.subarray(1105, 1105 + left.length)
      ),
    ];
    for (const other of others) {
      expected.forEach((channel, index) => assert.ok(sameBits(channel, other[index]!)));
    }
  }
});

test("each option changes what is written", () => {
  const random = randomNumbers(5);
  const left = realAudio().slice(0, 60000).map((sample) => sample + 0.1 * (random() - 0.5));
  const input = [left, left.map((sample, i) => 0.6 * sample + 0.1 * Math.sin(0.05 * i))];
  const sizeOf = (mode: Mode) =>
    encodeMp3(input, { ...mode, sampleRate: 44100, tag: false }).length;
  const kbps = (mode: Mode) => sizeOf(mode) * 8 / (60000 / 44100) / 1000;
  assert.ok(Math.abs(kbps({ bitrateKbps: 64 }) - 64) < 3);
  assert.ok(Math.abs(kbps({ averageBitrateKbps: 77, bitReservoir: true }) - 77) < 12);
  assert.ok(sizeOf({ vbrQuality: 1 }) > 1.3 * sizeOf({ vbrQuality: 8 }));
  const plain = compressRoundtrip(input, { sampleRate: 44100, bitrateKbps: 64 });
  const changes: Mode[] = [
    { bitrateKbps: 64, bitReservoir: true },
    { bitrateKbps: 64, stereoMode: "joint" },
    { bitrateKbps: 64, lowpassHz: 5000 },
    { bitrateKbps: 64, lowpassHz: "off" },
    { bitrateKbps: 64, preserveLevel: true },
  ];
  for (const change of changes) {
    const changed = compressRoundtrip(input, { sampleRate: 44100, ...change });
    assert.ok(!sameBits(plain[0]!, changed[0]!), JSON.stringify(change));
  }
});

test("preserveLevel divides out LAME's scale, and nothing else", () => {
  const input = makeSignal(44100, 44100);
  const scales = [[128, 0.95], [192, 0.97], [224, 0.98], [320, 1]] as const;
  for (const [bitrateKbps, scale] of scales) {
    const options = { sampleRate: 44100, bitrateKbps };
    const quiet = compressRoundtrip(input, options);
    const level = compressRoundtrip(input, { ...options, preserveLevel: true });
    const factor = 32768 / (32767 * Math.fround(scale));
    quiet.forEach((sample, i) => {
      const expected = sample * factor;
      assert.ok(Math.abs((level[i] ?? NaN) - expected) <= 2e-7 * Math.abs(expected), `${i}`);
    });
    let inOut = 0, inIn = 0;
    input.forEach((sample, i) => {
      inOut += sample * (level[i] ?? 0);
      inIn += sample * sample;
    });
    assert.ok(Math.abs(inOut / inIn - 1) < 0.005, `gain ${inOut / inIn} at ${bitrateKbps}`);
  }
  const loud = input.map((sample) => 20 * sample);
  const options = { sampleRate: 44100, vbrQuality: 2, preserveLevel: true };
  assert.ok(correlation(loud, compressRoundtrip(loud, options)) > 0.99);
});

function assertFails(options: unknown, code: ErrorCode, message: RegExp): void {
  const clip = new Float32Array(1000);
  assert.throws(
    () => compressRoundtrip(clip, options as RoundtripOptions),
    (error) => {
      assert.ok(error instanceof Mp3AugmentError, String(error));
      assert.equal(error.code, code, error.message);
      assert.match(error.message, message);
      return true;
    },
  );
}

test("options that exclude each other are named", () => {
  const rate = { sampleRate: 44100 };
  const pairs: [object, RegExp][] = [
    [{ bitrateKbps: 64, vbrQuality: 2 }, /^bitrateKbps and vbrQuality exclude each other/],
    [{ averageBitrateKbps: 64, vbrQuality: 2 }, /^averageBitrateKbps and vbrQuality exclude/],
    [{ bitrateKbps: 64, averageBitrateKbps: 64 }, /^bitrateKbps and averageBitrateKbps exclude/],
  ];
  for (const [options, message] of pairs) {
    assertFails({ ...rate, ...options }, "INVALID_OPTION", message);
  }
  // @ts-expect-error: TypeScript sees it too.
  const both: RoundtripOptions = { ...rate, bitrateKbps: 64, vbrQuality: 2 };
  // @ts-expect-error: one of them is needed.
  const none: RoundtripOptions = { ...rate };
  assertFails(both, "INVALID_OPTION", /exclude/);
  assertFails(none, "UNSUPPORTED_BITRATE", /^bitrateKbps is undefined/);
});

test("values of the options are checked", () => {
  const good = { sampleRate: 44100, bitrateKbps: 64 };
  for (const averageBitrateKbps of [7, 321, 64.5, NaN, "64", null]) {
    const options = { sampleRate: 44100, averageBitrateKbps };
    assertFails(options, "UNSUPPORTED_BITRATE", /^averageBitrateKbps is .*8 to 320/);
  }
  for (const vbrQuality of [-0.1, 10, 9.9995, NaN, "4", null, 4n]) {
    const options = { sampleRate: 44100, vbrQuality };
    assertFails(options, "UNSUPPORTED_QUALITY", /^vbrQuality is .*0 to 9.999/);
  }
  for (const stereoMode of ["mono", null, 1]) {
    assertFails({ ...good, stereoMode }, "INVALID_OPTION", /^stereoMode is .*joint/);
  }
  for (const bitReservoir of ["on", null, 1]) {
    assertFails({ ...good, bitReservoir }, "INVALID_OPTION", /^bitReservoir is .*true or false/);
  }
  for (const threads of [0, -1, 1.5, NaN, "2", null]) {
    assertFails({ ...good, threads }, "INVALID_OPTION", /^threads is .*an integer from 1 on/);
  }
  for (const preserveLevel of ["on", null, 1]) {
    assertFails({ ...good, preserveLevel }, "INVALID_OPTION", /^preserveLevel is .*true or false/);
  }
  for (const lowpassHz of [0, -1, 22051, 1.5, NaN, "on", null]) {
    assertFails({ ...good, lowpassHz }, "INVALID_OPTION", /^lowpassHz is .*22050/);
  }
  const clip = makeSignal(5000, 44100);
  for (const lowpassHz of [1, 22050]) {
    assert.equal(compressRoundtrip(clip, { ...good, lowpassHz }).length, clip.length);
  }
});
