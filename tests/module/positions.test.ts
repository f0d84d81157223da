/** Where in an MP3 frame a clip begins, and how often it goes through the codec. */
import assert from "node:assert/strict";
import {
  type Audio,
  BITRATES_KBPS,
  compressPcm16Async,
  compressRoundtrip,
  compressRoundtripAsync,
  compressRoundtripBatch,
  decodeMp3,
  encodeMp3,
  encodeMp3Async,
  maxGridOffset,
  Mp3EncoderStream,
  Mp3RoundtripStream,
  probeMp3,
  type RateControl,
  type RoundtripOptions,
  SAMPLE_RATES,
  writesTag,
} from "../../mod.ts";
import { compressAnyAudio } from "../../transform.ts";
import { test } from "../harness.ts";
import { makeSignal, peakOf, randomNumbers, sameBits } from "../signals.ts";

type Settings = Omit<RoundtripOptions, "out" | keyof RateControl> & RateControl;

const random = randomNumbers(15);
const integer = (from: number, to: number) => from + Math.floor(random() * (to - from + 1));
const oneOf = <T>(values: readonly T[]) => values[integer(0, values.length - 1)] as T;

/** Any way to code. */
function randomSettings(): Settings {
  const rates: RateControl[] = [
    { bitrateKbps: oneOf(BITRATES_KBPS) },
    { averageBitrateKbps: integer(8, 320) },
    { vbrQuality: integer(0, 9) },
  ];
  return {
    sampleRate: oneOf(SAMPLE_RATES),
    ...(random() < 0.4 && { codedSampleRate: oneOf(["auto", ...SAMPLE_RATES]) }),
    ...oneOf(rates),
    quality: oneOf([9, 7, 7, 5]),
    stereoMode: oneOf(["joint", "stereo"]),
    bitReservoir: random() < 0.4,
    preserveLevel: random() < 0.3,
    threads: oneOf([1, 2, 4]),
  };
}

function randomClip(sampleRate: number): Float32Array[] {
  const frameCount = oneOf([integer(1, 3000), integer(1, 40_000), 60_000]);
  const scale = oneOf([1, 1, 3]);
  return Array.from(
    { length: integer(1, 2) },
    (_, channel) => makeSignal(frameCount, sampleRate, channel + 1).map((sample) => scale * sample),
  );
}

const withZeros = (clip: readonly Float32Array[], count: number) =>
  clip.map((channel) => {
    const longer = new Float32Array(count + channel.length);
    longer.set(channel, count);
    return longer;
  });
const withoutStart = (clip: readonly Float32Array[], count: number) =>
  clip.map((channel) => channel.slice(count));

function assertSame(actual: Audio, expected: Audio, what: string): void {
  assert.equal(actual.length, expected.length, what);
  [actual].flat().forEach((channel, index) => {
    assert.ok(sameBits(channel as Float32Array, [expected].flat()[index] as Float32Array), what);
  });
}

/** What comes out of a stream for chunks of any size, put together. */
async function streamed<Out>(
  stream: { readable: ReadableStream<Out>; writable: WritableStream<Audio> },
  clip: readonly Float32Array[],
): Promise<Out[]> {
  const results: Out[] = [];
  const reading = (async () => {
    for await (const result of stream.readable) results.push(result);
  })();
  const writer = stream.writable.getWriter();
  for (let at = 0; at < (clip[0]?.length ?? 0);) {
    const end = at + integer(1, 9000);
    await writer.write(clip.map((channel) => channel.subarray(at, end)));
    at = end;
  }
  await Promise.all([writer.close(), reading]);
  return results;
}

function joined(parts: readonly Float32Array[][]): Float32Array[] {
  return (parts[0] ?? []).map((_, channel) =>
    Float32Array.from(parts.flatMap((part) => [...part[channel] as Float32Array]))
  );
}

const toPcm16 = (clip: readonly Float32Array[]) =>
  Int16Array.from(
    { length: clip.length * (clip[0]?.length ?? 0) },
    (_, i) => 9000 * (clip[i % clip.length]?.[Math.floor(i / clip.length)] ?? 0),
  );

test("gridOffset is so many zeros before the clip, in every form of a call", async () => {
  for (let round = 0; round < 24; round++) {
    const settings = randomSettings();
    const clip = randomClip(settings.sampleRate);
    const gridOffset = integer(1, maxGridOffset({ ...settings, channels: clip.length as 1 | 2 }));
    const name = JSON.stringify([{ ...settings, gridOffset }, clip.length, clip[0]?.length]);
    const later = withZeros(clip, gridOffset);
    const preserveDelay = random() < 0.3;
    const options = { ...settings, gridOffset, preserveDelay };
    const expected = withoutStart(
      compressRoundtrip(later, { ...settings, preserveDelay }),
      gridOffset,
    );
    assertSame(compressRoundtrip(clip, options), expected, name);
    assertSame(await compressRoundtripAsync(clip, options), expected, name);
    assertSame((await compressRoundtripBatch([{ samples: clip, ...options }]))[0]!, expected, name);
    const peak = Math.max(1, ...clip.map(peakOf));
    const { threads: _none, ...streaming } = options;
    const stream = new Mp3RoundtripStream({ ...streaming, peak });
    assertSame(joined(await streamed(stream, clip)), expected, name);
    const { threads: _threads, ...ofPcm16 } = { ...options, channels: clip.length as 1 | 2 };
    const expectedPcm16 = await compressPcm16Async(toPcm16(later), { ...ofPcm16, gridOffset: 0 });
    assert.deepEqual(
      await compressPcm16Async(toPcm16(clip), ofPcm16),
      expectedPcm16.slice(gridOffset * clip.length),
      name,
    );
  }
});

test("a file's tag counts gridOffset as delay: decoders give back the clip alone", async () => {
  for (let round = 0; round < 16; round++) {
    const { preserveLevel: _level, threads: _threads, ...settings } = randomSettings();
    const clip = randomClip(settings.sampleRate);
    const channels = clip.length as 1 | 2;
    const gridOffset = integer(1, maxGridOffset({ ...settings, channels }));
    const options = { ...settings, gridOffset };
    const later = withZeros(clip, gridOffset);
    const name = JSON.stringify([options, clip.length, clip[0]?.length]);
    const bytes = encodeMp3(clip, options);
    assert.deepEqual(
      encodeMp3(clip, { ...options, tag: false }),
      encodeMp3(later, { ...settings, tag: false }),
      name,
    );
    assert.deepEqual(await encodeMp3Async(clip, options), bytes, name);
    const stream = new Mp3EncoderStream({ ...options, tag: true });
    const parts = await streamed(stream, clip);
    const file = Uint8Array.from(parts.flatMap((part) => [...part]));
    file.set(stream.tagFrame ?? []);
    assert.deepEqual(file, bytes, name);
    if (!writesTag({ ...options, channels })) continue;
    const { encoderDelay, sampleRate } = probeMp3(bytes);
    const skipped = Math.round(gridOffset * sampleRate / settings.sampleRate);
    assert.equal(encoderDelay, 576 + skipped, name);
    const { channelData: decoded } = decodeMp3(bytes);
    const { channelData: all } = decodeMp3(encodeMp3(later, settings));
    assertSame(decoded, withoutStart(all, skipped), name);
  }
});

test("passes are as many calls, in every form of a call", async () => {
  for (let round = 0; round < 16; round++) {
    const settings = randomSettings();
    const clip = randomClip(settings.sampleRate);
    const channels = clip.length as 1 | 2;
    const gridOffset = integer(0, maxGridOffset({ ...settings, channels }));
    const passes = round === 9 ? 10 : oneOf([2, 2, 3]);
    const preserveDelay = random() < 0.3;
    const once = { ...settings, gridOffset, preserveDelay };
    const options = { ...once, passes };
    const name = JSON.stringify([options, clip.length, clip[0]?.length]);
    const before = clip.map((channel) => channel.slice());
    let expected = clip;
    for (let pass = 0; pass < passes; pass++) expected = compressRoundtrip(expected, once);
    assertSame(compressRoundtrip(clip, options), expected, name);
    assertSame(clip, before, "the input stays");
    assertSame(await compressRoundtripAsync(clip, options), expected, name);
    assertSame((await compressRoundtripBatch([{ samples: clip, ...options }]))[0]!, expected, name);
    const { threads: _threads, ...anywhere } = options;
    assertSame(compressAnyAudio(clip, anywhere), expected, name);
    if (!preserveDelay) {
      const place = before.map((channel) => channel.slice());
      assertSame(compressRoundtrip(place, { ...options, out: place }), expected, name);
    }
    const ofPcm16 = { ...anywhere, channels };
    let codes: Int16Array = toPcm16(clip);
    for (let pass = 0; pass < passes; pass++) {
      codes = await compressPcm16Async(codes, { ...ofPcm16, passes: 1 });
    }
    assert.deepEqual(await compressPcm16Async(toPcm16(clip), ofPcm16), codes, name);
  }
});

test("streams of several passes are streams one after another; a file is the last pass's", async () => {
  const clip = randomClip(44100);
  for (const passes of [2, 4]) {
    const once = {
      sampleRate: 44100,
      bitrateKbps: 64,
      bitReservoir: true,
      gridOffset: 99,
    } as const;
    const several = { ...once, passes };
    const peak = Math.max(1, ...clip.map(peakOf));
    let expected = clip;
    for (let pass = 0; pass < passes; pass++) {
      expected = joined(await streamed(new Mp3RoundtripStream({ ...once, peak }), expected));
    }
    const stream = new Mp3RoundtripStream({ ...several, peak });
    assertSame(joined(await streamed(stream, clip)), expected, `${passes} passes`);
    const quiet = clip.map((channel) => channel.map((sample) => sample / 4));
    const file = encodeMp3(compressRoundtrip(quiet, { ...once, passes: passes - 1 }), once);
    assert.deepEqual(encodeMp3(quiet, several), file);
    assert.deepEqual(await encodeMp3Async(quiet, several), file);
    const parts = await streamed(new Mp3EncoderStream(several), quiet);
    const untagged = encodeMp3(quiet, { ...several, tag: false });
    assert.deepEqual(Uint8Array.from(parts.flatMap((part) => [...part])), untagged);
  }
});

test("an offset beyond the MP3 frame and a wrong number of passes are told, with what is allowed", () => {
  const clip = new Float32Array(100);
  const call = (more: object) => () =>
    compressRoundtrip(clip, { sampleRate: 22050, bitrateKbps: 32, ...more });
  const wrong = { code: "INVALID_OPTION" };
  assert.throws(call({ gridOffset: 576 }), { ...wrong, message: /from 0 to 575/ });
  for (const gridOffset of [-1, 1152, 0.5, NaN, "1", null]) {
    assert.throws(call({ gridOffset }), { ...wrong, message: /^gridOffset is .* from 0 to/ });
  }
  for (const passes of [0, 11, 1.5, NaN, "2", null]) {
    assert.throws(call({ passes }), { ...wrong, message: /^passes is .* from 1 to 10/ });
  }
  call({ gridOffset: 575, passes: 1 })();
});
