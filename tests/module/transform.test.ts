/** Mp3Compression: its draws, and audio of any kind. */
import assert from "node:assert/strict";
import { compressRoundtrip, Mp3AugmentError, Mp3RoundtripStream } from "../../mod.ts";
import {
  anyOutputFrameCount,
  compressAnyAudio,
  compressAnyAudioAsync,
  compressAnyBlocks,
  Mp3Compression,
  type Mp3CompressionOptions,
} from "../../transform.ts";
import { test } from "../harness.ts";
import { correlation, findOffset, makeSignal, sameBits } from "../signals.ts";

const MIXED: Mp3CompressionOptions = {
  bitrateModes: ["cbr", "abr", "vbr"],
  stereoModes: ["stereo", "joint"],
  bitReservoirs: [false, true],
  p: 0.75,
  seed: 42,
};

function draw(options: Mp3CompressionOptions, count: number, sampleRate = 44100) {
  const transform = new Mp3Compression(options);
  return Array.from({ length: count }, () => transform.randomizeParameters(sampleRate));
}

test("the same seed draws the same in every runtime and release", () => {
  const words = draw(MIXED, 6).map((drawn) => {
    const rate = drawn.bitrateKbps ?? drawn.averageBitrateKbps ?? drawn.vbrQuality;
    return `${drawn.shouldApply} ${rate} ${drawn.stereoMode} ${drawn.bitReservoir}`;
  });
  assert.deepEqual(words, EXPECTED_DRAWS);
});

const EXPECTED_DRAWS = [
  "true 59 joint false",
  "true 16 stereo true",
  "true 2.572 stereo false",
  "true 5.984 stereo false",
  "true 2.115 stereo false",
  "true 5.242 stereo true",
];

test("draws stay within their ranges and reach all of them", () => {
  const draws = draw({ minBitrateKbps: 30, maxBitrateKbps: 70, p: 0.25, seed: 7 }, 2000);
  const applied = draws.filter(({ shouldApply }) => shouldApply).length;
  assert.ok(applied > 400 && applied < 600, `${applied} of 2000`);
  const bitrates = new Set(draws.map(({ bitrateKbps }) => bitrateKbps));
  assert.deepEqual([...bitrates].sort(), [32, 40, 48, 56, 64]);
  for (const { vbrQuality = NaN } of draw({ bitrateModes: ["vbr"], maxVbrQuality: 4 }, 200)) {
    assert.ok(vbrQuality >= 0 && vbrQuality <= 4);
  }
  const averages = draw({ bitrateModes: ["abr"], minBitrateKbps: 20, maxBitrateKbps: 22 }, 200);
  const kinds = new Set(averages.map(({ averageBitrateKbps }) => averageBitrateKbps));
  assert.deepEqual([...kinds].sort(), [20, 21, 22]);
});

test("only legal bitrates, if asked", () => {
  const range = { minBitrateKbps: 8, maxBitrateKbps: 320, legalBitratesOnly: true, seed: 1 };
  const at = (rate: number) => new Set(draw(range, 1000, rate).map((drawn) => drawn.bitrateKbps));
  assert.deepEqual(at(44100).has(8), false);
  assert.deepEqual(at(44100).has(144), false);
  assert.equal(at(44100).size, 14);
  assert.equal(Math.max(...[...at(8000)] as number[]), 64);
  const outside = draw({ ...range, maxBitrateKbps: 16 }, 3, 48000);
  assert.ok(outside.every(({ bitrateKbps }) => bitrateKbps === 32));
});

test("frozen parameters stay, and what is applied is what they say", () => {
  const clip = makeSignal(8000, 16000);
  const transform = new Mp3Compression({ p: 1, seed: 3 });
  assert.equal(new Mp3Compression().parameters, undefined);
  const first = transform.apply(clip, 16000);
  const { parameters } = transform;
  assert.ok(parameters?.shouldApply);
  assert.ok(sameBits(first, compressRoundtrip(clip, { ...parameters, sampleRate: 16000 })));
  transform.freezeParameters();
  const again = Array.from({ length: 5 }, () => transform.apply(clip, 16000));
  assert.ok(again.every((output) => sameBits(output, first)));
  transform.unfreezeParameters();
  const free = Array.from(
    { length: 20 },
    () => (transform.apply(clip, 16000), transform.parameters),
  );
  assert.ok(new Set(free.map((drawn) => drawn?.bitrateKbps)).size > 1);
});

test("p: 0 returns the clip itself, and the async form draws the same", async () => {
  const clip = makeSignal(3000, 16000);
  assert.equal(new Mp3Compression({ p: 0 }).apply(clip, 16000), clip);
  const sync = new Mp3Compression({ p: 1, seed: 9 }).apply([clip, clip], 16000);
  const background = await new Mp3Compression({ p: 1, seed: 9 }).applyAsync([clip, clip], 16000);
  assert.ok(sync.every((channel, i) => sameBits(channel, background[i] as Float32Array)));
});

test("more than two channels: as pairs or singles, in place or not", async () => {
  const channels = Array.from({ length: 5 }, (_, i) => makeSignal(5000, 44100, i + 1));
  const options = { sampleRate: 44100, bitrateKbps: 64 };
  const [a, b, c, d, e] = channels as [Float32Array, ...Float32Array[]];
  const expected = [[a, b], [c, d], [e]].flatMap((group) =>
    compressRoundtrip(group as Float32Array[], options)
  );
  const pairs = compressAnyAudio(channels, options);
  assert.ok(pairs.every((channel, i) => sameBits(channel, expected[i] as Float32Array)));
  const singles = compressAnyAudio(channels, { ...options, channelGroups: "singles" });
  assert.ok(
    singles.every((channel, i) =>
      sameBits(channel, compressRoundtrip(channels[i] as Float32Array, options))
    ),
  );
  const copies = channels.map((channel) => channel.slice());
  const written = await compressAnyAudioAsync(copies, { ...options, inPlace: true });
  assert.ok(copies.every((channel, i) => sameBits(channel, expected[i] as Float32Array)));
  assert.equal(written.length, 5);
});

for (const sampleRate of [6000, 44056, 96000]) {
  test(`${sampleRate} Hz is resampled and back: same length, aligned`, () => {
    const clip = makeSignal(30001, sampleRate);
    const output = compressAnyAudio(clip, { sampleRate, bitrateKbps: 320 });
    assert.equal(output.length, clip.length);
    assert.equal(findOffset(clip, output, 200), 0);
    assert.ok(correlation(clip, output) > 0.9);
  });
}

async function* inBlocks(channels: readonly Float32Array[]): AsyncIterable<Float32Array[]> {
  for (let start = 0; start < (channels[0]?.length ?? 0); start += 3333) {
    yield channels.map((channel) => channel.subarray(start, start + 3333));
  }
}

test("blocks of a stream give what the whole clip gives", async () => {
  const frameCount = 40007;
  const channels = Array.from({ length: 3 }, (_, i) => makeSignal(frameCount, 44100, i + 1));
  const loud = channels.map((channel, i) => i < 2 ? channel : channel.map((x) => 3 * x));
  const peaksOf = (clip: readonly Float32Array[]) =>
    clip.map((channel) => channel.reduce((most, x) => Math.max(most, Math.abs(x)), 0));
  const bitrateKbps = 64;
  const cases: [
    Float32Array[],
    { bitrateKbps: number; preserveDelay?: boolean; passes?: number },
  ][] = [
    [channels, { bitrateKbps }],
    [channels, { bitrateKbps, preserveDelay: true }],
    [channels, { bitrateKbps, preserveDelay: true, passes: 2 }],
    [loud, { bitrateKbps }],
    // The pair is coded at another rate than the single one, and lags behind.
    [channels, { bitrateKbps: 32, ...{ codedSampleRate: "auto" } }],
  ];
  for (const sampleRate of [44100, 96000]) {
    for (const [clip, coding] of cases) {
      if (clip === loud && sampleRate !== 44100) continue; // the peak afterwards isn't known
      const options = { sampleRate, ...coding };
      const whole = compressAnyAudio(clip, options);
      const streaming = { ...options, channelCount: 3, frameCount, peaks: peaksOf(clip) };
      const parts: Float32Array[][] = [];
      for await (const block of compressAnyBlocks(inBlocks(clip), streaming)) parts.push(block);
      assert.ok(parts.every(([first]) => first?.length), "none is empty");
      whole.forEach((expected, channel) => {
        const joined = parts.flatMap((part) => [...part[channel] as Float32Array]);
        assert.equal(joined.length, anyOutputFrameCount(streaming));
        const told = `${channel} of ${JSON.stringify(options)}`;
        assert.ok(sameBits(Float32Array.from(joined), expected), told);
      });
    }
  }
});

test("a stream of blocks that is given up, or fails, frees its coders", async () => {
  const { prototype } = Mp3RoundtripStream;
  const free = prototype[Symbol.dispose];
  let freed = 0;
  prototype[Symbol.dispose] = function () {
    freed++;
    free.call(this);
  };
  try {
    const channels = Array.from({ length: 3 }, () => makeSignal(20_000, 44100));
    const streaming = { channelCount: 3, frameCount: 20_000, peaks: [1, 1, 1] };
    const options = { sampleRate: 44100, bitrateKbps: 64, ...streaming };
    for await (const _ of compressAnyBlocks(inBlocks(channels), options)) break;
    assert.equal(freed, 2);
    (channels[2] as Float32Array)[15_000] = NaN;
    await assert.rejects(async () => {
      for await (const _ of compressAnyBlocks(inBlocks(channels), options));
    }, { code: "NON_FINITE_AUDIO" });
    assert.equal(freed, 4);
  } finally {
    prototype[Symbol.dispose] = free;
  }
});

const WRONG: [unknown, RegExp][] = [
  [{ p: 2 }, /p is 2/],
  [{ seed: 1.5 }, /seed is 1.5/],
  [{ minBitrateKbps: 90, maxBitrateKbps: 91 }, /range from minBitrateKbps/],
  [{ minVbrQuality: 5, maxVbrQuality: 4 }, /minVbrQuality/],
  [{ bitrateModes: [] }, /bitrateModes/],
  [{ stereoModes: ["both"] }, /stereoModes/],
];

test("wrong options say what is allowed", () => {
  for (const [options, message] of WRONG) {
    assert.throws(
      () => new Mp3Compression(options as Mp3CompressionOptions),
      (error) => error instanceof Mp3AugmentError && message.test(error.message),
    );
  }
  const transform = new Mp3Compression({ p: 1 });
  assert.throws(() => transform.apply(new Float32Array(10), 0), /sampleRate is 0/);
  assert.throws(
    () => compressAnyAudio(new Float32Array(9), { sampleRate: 1, bitrateKbps: 64 }),
    /sampleRate is 1/,
  );
});
