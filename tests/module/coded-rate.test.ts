/** Coding at another sample rate: what LAME does, and back, aligned, in every form of a call. */
import assert from "node:assert/strict";
import {
  type Audio,
  BITRATES_KBPS,
  codedBitrateKbps,
  codedSampleRate,
  compressPcm16Async,
  compressRoundtrip,
  compressRoundtripAsync,
  compressRoundtripBatch,
  decodeMp3,
  encodeMp3,
  maxGridOffset,
  Mp3RoundtripStream,
  nearestBitrateKbps,
  probeMp3,
  type RateControl,
  type RoundtripOptions,
  SAMPLE_RATES,
} from "../../mod.ts";
import {
  anyOutputFrameCount,
  compressAnyAudio,
  compressAnyBlocks,
  resample,
} from "../../transform.ts";
import { test } from "../harness.ts";
import { makeSignal, makeTone, randomNumbers, realAudio, sameBits, snr } from "../signals.ts";

type Settings = Omit<RoundtripOptions, "out" | keyof RateControl> & RateControl;

const random = randomNumbers(22);
const oneOf = <T>(values: readonly T[]) => values[Math.floor(random() * values.length)] as T;
const PAIRS = SAMPLE_RATES.flatMap((from) => SAMPLE_RATES.map((to) => [from, to] as const))
  .filter(([from, to]) => from !== to);

/** How late `output` is against a sine wave of `cycles` per sample, in samples. */
function delayOf(input: Float32Array, output: Float32Array, cycles: number): number {
  const phase = (samples: Float32Array) => {
    let [re, im] = [0, 0];
    const [begin, end] = [samples.length >> 2, 3 * samples.length >> 2];
    for (let i = begin; i < end; i++) {
      // Hann's window, so that what is coded beside the tone counts little.
      const window = 1 - Math.cos(2 * Math.PI * (i - begin) / (end - begin));
      const angle = 2 * Math.PI * cycles * i;
      re += window * (samples[i] ?? 0) * Math.cos(angle);
      im -= window * (samples[i] ?? 0) * Math.sin(angle);
    }
    return Math.atan2(im, re);
  };
  const turns = (phase(input) - phase(output)) / (2 * Math.PI);
  return (turns - Math.round(turns)) / cycles;
}

test("any rate coded at any other: as long as the input, late by less than 0.005 coded samples", () => {
  for (const [sampleRate, codedRate] of PAIRS) {
    const frequency = 440;
    const input = Float32Array.from(
      { length: sampleRate >> 1 },
      (_, i) => 0.5 * Math.sin(2 * Math.PI * frequency * i / sampleRate),
    );
    const options = { sampleRate, codedSampleRate: codedRate, bitrateKbps: 64 };
    const output = compressRoundtrip(input, options);
    assert.equal(output.length, input.length);
    const late = delayOf(input, output, frequency / sampleRate) * codedRate / sampleRate;
    assert.ok(Math.abs(late) < 0.005, `${sampleRate} at ${codedRate}: ${late} coded samples`);
  }
});

test("a round trip is the file's samples, converted back", () => {
  for (
    const [sampleRate, codedRate] of [[44100, 22050], [48000, 32000], [16000, 44100], [
      44100,
      8000,
    ]] as const
  ) {
    for (const frameCount of [1, 17, 1152, 20_000]) {
      const input = makeSignal(frameCount, sampleRate);
      const options = { sampleRate, codedSampleRate: codedRate, bitrateKbps: 64 };
      const file = encodeMp3(input, { ...options, tag: false });
      assert.equal(probeMp3(file).sampleRate, codedRate);
      const [decoded = input] = decodeMp3(file, { gapless: false }).channelData;
      const back = resample(decoded, codedRate, sampleRate);
      // Output n lies 1105 coded samples behind the file's begin; whole ratios alone meet a sample.
      const delay = 1105 * sampleRate / codedRate;
      const output = compressRoundtrip(input, options);
      const withDelay = compressRoundtrip(input, { ...options, preserveDelay: true });
      assert.ok(Math.abs(withDelay.length - back.length) <= 1);
      assert.ok(snr(back.subarray(0, withDelay.length - 1), withDelay.subarray(0, -1)) > 115);
      if (!Number.isInteger(delay)) continue;
      const expected = back.slice(delay, delay + frameCount);
      const reach = Math.ceil(50 * Math.max(1, sampleRate / codedRate));
      const near = frameCount - reach; // behind the file's end lies silence for both
      if (near > 1) assert.ok(snr(expected.subarray(0, near), output.subarray(0, near)) > 115);
    }
  }
});

test('"auto" is what LAME makes of the bitrate; codedSampleRate tells it beforehand', () => {
  const modes: RateControl[] = [
    ...BITRATES_KBPS.map((bitrateKbps) => ({ bitrateKbps })),
    { averageBitrateKbps: 21 },
    { averageBitrateKbps: 90 },
    ...[0, 4, 6.5, 7.9, 8.2, 8.9, 9.3, 9.5, 9.7, 9.999].map((vbrQuality) => ({ vbrQuality })),
  ];
  const found = new Set<number>();
  for (const sampleRate of SAMPLE_RATES) {
    for (const mode of modes) {
      for (const channels of [1, 2] as const) {
        const options = { sampleRate, codedSampleRate: "auto", channels, ...mode } as const;
        const input = new Float32Array(channels * 3000);
        const file = probeMp3(encodeMp3(input, { ...options, tag: false }));
        const rate = codedSampleRate(options);
        found.add(rate);
        assert.equal(file.sampleRate, rate, JSON.stringify(options));
        if (mode.bitrateKbps === undefined) continue;
        assert.equal(codedBitrateKbps(options), nearestBitrateKbps(rate, mode.bitrateKbps));
        assert.ok(Math.abs(file.bitrateKbps / (codedBitrateKbps(options) ?? NaN) - 1) < 0.01);
      }
    }
  }
  assert.deepEqual([...found].toSorted((a, b) => a - b), SAMPLE_RATES);
  const low = { sampleRate: 44100, bitrateKbps: 8, codedSampleRate: "auto" } as const;
  assert.deepEqual([codedSampleRate(low), codedBitrateKbps(low)], [8000, 8]);
  assert.equal(codedSampleRate({ ...low, lowpassHz: "off" }), 44100);
});

function randomSettings(): Settings {
  const rates: RateControl[] = [
    { bitrateKbps: oneOf(BITRATES_KBPS) },
    { averageBitrateKbps: oneOf([8, 33, 200]) },
    { vbrQuality: oneOf([0, 4, 9]) },
  ];
  return {
    sampleRate: oneOf(SAMPLE_RATES),
    codedSampleRate: oneOf(["auto", ...SAMPLE_RATES]),
    ...oneOf(rates),
    quality: oneOf([9, 7, 5]),
    stereoMode: oneOf(["joint", "stereo"]),
    bitReservoir: oneOf([false, true]),
    preserveLevel: oneOf([false, true]),
    preserveDelay: oneOf([false, false, true]),
  };
}

function assertSame(actual: Audio, expected: Audio, what: string): void {
  assert.equal(actual.length, expected.length, what);
  [actual].flat().forEach((channel, index) => {
    assert.ok(sameBits(channel as Float32Array, [expected].flat()[index] as Float32Array), what);
  });
}

test("all forms of a call give the same bits, from 1 sample on", async () => {
  for (let round = 0; round < 36; round++) {
    const settings = randomSettings();
    const frameCount = oneOf([1, 2, 16, 17, 575, 1152, 5000, 40_000, 70_000]);
    const clip = Array.from(
      { length: oneOf([1, 2]) },
      (_, channel) => makeSignal(frameCount, settings.sampleRate, channel + 1),
    );
    const channels = clip.length as 1 | 2;
    const options = { ...settings, threads: oneOf([1, 2, 8]) };
    const name = JSON.stringify([options, channels, frameCount]);
    const expected = compressRoundtrip(clip, options);
    if (!settings.preserveDelay) assert.equal(expected[0]?.length, frameCount, name);
    assertSame(await compressRoundtripAsync(clip, settings), expected, name);
    assertSame(
      (await compressRoundtripBatch([{ samples: clip, ...settings }]))[0]!,
      expected,
      name,
    );
    assertSame(compressAnyAudio(clip, settings), expected, name);
    if (!settings.preserveDelay) {
      const place = clip.map((channel) => channel.slice());
      assertSame(compressRoundtrip(place, { ...options, out: place }), expected, name);
    }
    const stream = new Mp3RoundtripStream(settings);
    const writer = stream.writable.getWriter();
    const parts: Float32Array[][] = [];
    const reading = (async () => {
      for await (const part of stream.readable) parts.push(part);
    })();
    for (let at = 0; at < frameCount;) {
      const end = at + oneOf([1, 100, 1152, 5000]);
      await writer.write(clip.map((channel) => channel.subarray(at, end)));
      at = end;
    }
    await Promise.all([writer.close(), reading]);
    const joined = clip.map((_, channel) =>
      Float32Array.from(parts.flatMap((part) => [...part[channel] as Float32Array]))
    );
    assertSame(joined, expected, name);
    const exact = clip.map((channel) => channel.map((x) => Math.round(x * 32768) / 32768));
    const codes = Int16Array.from(
      { length: channels * frameCount },
      (_, i) => 32768 * (exact[i % channels]?.[Math.floor(i / channels)] ?? 0),
    );
    const asFloats = compressRoundtrip(exact, options);
    const rounded = Int16Array.from({ length: channels * (asFloats[0]?.length ?? 0) }, (_, i) => {
      const scaled = 32768 * (asFloats[i % channels]?.[Math.floor(i / channels)] ?? 0);
      const limited = Math.min(Math.max(scaled, -32768), 32767);
      return Math.trunc(Math.fround(limited + (limited < 0 ? -0.5 : 0.5)));
    });
    assert.deepEqual(await compressPcm16Async(codes, { ...settings, channels }), rounded, name);
  }
});

test("the same rate is no conversion; low bitrates become possible", () => {
  const input = realAudio().slice(0, 50_000);
  const plain = { sampleRate: 44100, bitrateKbps: 64 };
  const expected = compressRoundtrip(input, plain);
  assertSame(compressRoundtrip(input, { ...plain, codedSampleRate: 44100 }), expected, "44100");
  const low = { sampleRate: 44100, bitrateKbps: 8, codedSampleRate: 8000 };
  const file = encodeMp3(input, { ...low, tag: false });
  assert.ok(file.length < 1.2 * 50_000 / 44100 * 1000, `${file.length} bytes at 8 kbps`);
  const tone = makeTone(50_000, 44100);
  assert.ok(snr(tone.map((x) => x * 0.95), compressRoundtrip(tone, low)) > 10);
});

async function* blocksOf(clip: readonly Float32Array[]) {
  for (let at = 0; at < (clip[0]?.length ?? 0); at += 7000) {
    yield clip.map((channel) => channel.subarray(at, at + 7000));
  }
}

test("blocks of audio of any kind give what the clip at once gives", async () => {
  const frameCount = 30_000;
  const clip = [1, 2, 3].map((seed) => makeSignal(frameCount, 44100, seed));
  const coding = {
    sampleRate: 44100,
    bitrateKbps: 32,
    codedSampleRate: "auto",
    passes: 2,
  } as const;
  for (const channelGroups of ["singles", "pairs"] as const) {
    for (const preserveDelay of channelGroups === "singles" ? [false, true] : [false]) {
      const options = { ...coding, channelGroups, preserveDelay };
      const expected = compressAnyAudio(clip, options);
      const streaming = { ...options, channelCount: 3, frameCount, peaks: [1, 1, 1] };
      assert.equal(anyOutputFrameCount(streaming), expected[0]?.length);
      const parts: Float32Array[][] = [];
      for await (const part of compressAnyBlocks(blocksOf(clip), streaming)) parts.push(part);
      const joined = clip.map((_, channel) =>
        Float32Array.from(parts.flatMap((part) => [...part[channel] as Float32Array]))
      );
      assertSame(joined, expected, JSON.stringify(options));
    }
  }
});

test("what is wrong is told, with what is allowed", () => {
  const input = new Float32Array(100);
  const call = (more: object) => () =>
    compressRoundtrip(input, { sampleRate: 44100, bitrateKbps: 32, ...more });
  for (const rate of [0, 44099, "Auto", NaN, null]) {
    assert.throws(call({ codedSampleRate: rate }), {
      code: "UNSUPPORTED_SAMPLE_RATE",
      message: /^codedSampleRate is .*8000.*48000 Hz, or "auto"$/,
    });
  }
  assert.throws(call({ codedSampleRate: 8000, lowpassHz: 4001 }), {
    code: "INVALID_OPTION",
    message: /from 1 to 4000, half the coded sample rate/,
  });
  assert.throws(call({ codedSampleRate: 48000, lowpassHz: 22051 }), {
    code: "INVALID_OPTION",
    message: /from 1 to 22050, half the sample rate/,
  });
  assert.throws(call({ codedSampleRate: "auto", gridOffset: 1585 }), {
    code: "INVALID_OPTION",
    message: /gridOffset is 1585; it must be an integer from 0 to 1151/,
  });
  const largest = (codedSampleRate: number | "auto") =>
    maxGridOffset({ sampleRate: 44100, bitrateKbps: 32, codedSampleRate });
  assert.deepEqual([44100, 22050, 8000, 48000].map(largest), [1151, 1151, 3175, 1058]);
  assert.throws(
    () =>
      compressAnyAudio([input, input, input], {
        sampleRate: 44100,
        bitrateKbps: 32,
        codedSampleRate: "auto",
        preserveDelay: true,
      }),
    { code: "INVALID_OPTION", message: /channelGroups/ },
  );
});
