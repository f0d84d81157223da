/** MP3 files to samples: exactly those of the round trip, whatever stands around and between. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import {
  compressRoundtrip,
  decodeMp3,
  decodeMp3Async,
  encodeMp3,
  type EncodeOptions,
  type ErrorCode,
  Mp3AugmentError,
  Mp3DecoderStream,
  probeMp3,
  SAMPLE_RATES,
} from "../../mod.ts";
import { INFO_FIELDS } from "../../ffi/symbols.ts";
import { newInfo, readInfo } from "../../src/mp3-info.ts";
import { test } from "../harness.ts";
import { correlation, makeSignal, randomNumbers, realAudio, sameBits, snr } from "../signals.ts";

const LEFT: Float32Array = realAudio().subarray(0, 50_000);
const RIGHT: Float32Array = makeSignal(50_000, 44100, 3);

const MODES: Omit<EncodeOptions, "sampleRate">[] = [
  { bitrateKbps: 64 },
  { bitrateKbps: 128, bitReservoir: true, stereoMode: "joint", quality: 3 },
  { averageBitrateKbps: 100, bitReservoir: true, stereoMode: "joint" },
  { vbrQuality: 4, bitReservoir: true },
];

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

function randomBytes(length: number, seed: number): Uint8Array {
  const random = randomNumbers(seed);
  return Uint8Array.from({ length }, () => 256 * random());
}

async function decodeInChunks(bytes: Uint8Array, seed: number, gapless = true) {
  const random = randomNumbers(seed);
  const most = [3, 700, 40_000][seed % 3]!;
  let at = 0;
  const source = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      const length = Math.floor(random() * most);
      controller.enqueue(bytes.subarray(at, at + length));
      at += length;
    },
  });
  const decoder = new Mp3DecoderStream({ gapless });
  const chunks: Float32Array[][] = [];
  const reader = source.pipeThrough(decoder).getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    chunks.push(next.value);
  }
  const channelData = Array.from({ length: decoder.info?.channels ?? 0 }, (_, channel) => {
    const parts = chunks.map((chunk) => new Uint8Array(chunk[channel]!.buffer));
    return new Float32Array(concatenate(parts).buffer);
  });
  return { channelData, info: decoder.info };
}

function assertSame(actual: readonly Float32Array[], expected: readonly Float32Array[]): void {
  assert.equal(actual.length, expected.length);
  expected.forEach((channel, index) => {
    assert.equal(actual[index]?.length, channel.length);
    assert.ok(sameBits(actual[index]!, channel), `channel ${index} differs`);
  });
}

test("an encoded clip decodes to what the round trip returns, at every rate", async () => {
  let seed = 0;
  for (const sampleRate of SAMPLE_RATES) {
    for (const mode of MODES) {
      for (const input of [[LEFT], [LEFT, RIGHT]]) {
        const options = { ...mode, sampleRate } as EncodeOptions;
        const bytes = encodeMp3(input, options);
        const expected = compressRoundtrip(input, options);
        const decoded = decodeMp3(bytes);
        assertSame(decoded.channelData, expected);
        assert.equal(decoded.samplesDecoded, LEFT.length);
        assert.equal(decoded.sampleRate, sampleRate);
        assertSame((await decodeMp3Async(bytes)).channelData, expected);
        assertSame((await decodeInChunks(bytes, 1 + seed++ % 2)).channelData, expected);
        const whole = compressRoundtrip(input, { ...options, preserveDelay: true });
        assertSame(decodeMp3(bytes, { gapless: false }).channelData, whole);
        const untagged = encodeMp3(input, { ...options, tag: false });
        assertSame(decodeMp3(untagged).channelData, whole);
      }
    }
  }
});

test("a file that is nothing but delay and padding has channels without samples", async () => {
  const bytes = encodeMp3([LEFT, RIGHT].map((channel) => channel.subarray(0, 500)), {
    sampleRate: 44100,
    bitrateKbps: 128,
  });
  // The tag holds both in 12 bits each, 21 bytes behind the encoder's name.
  const at = new TextDecoder("latin1").decode(bytes).indexOf("LAME3.100") + 21;
  for (const sampleCount of [1, 0]) {
    const padding = 2 * 1152 - 576 - sampleCount;
    bytes.set([576 >> 4, (576 & 15) << 4 | padding >> 8, padding & 255], at);
    assert.equal(probeMp3(bytes).sampleCount, sampleCount);
    const decoded = [decodeMp3(bytes), await decodeMp3Async(bytes)];
    for (const { channelData, samplesDecoded } of decoded) {
      assert.deepEqual(channelData.map(({ length }) => length), [sampleCount, sampleCount]);
      assert.equal(samplesDecoded, sampleCount);
    }
  }
});

test("probe: what the file is", () => {
  const info = probeMp3(encodeMp3([LEFT, RIGHT], {
    sampleRate: 44100,
    averageBitrateKbps: 112,
    stereoMode: "joint",
  }));
  assert.equal(info.sampleCount, LEFT.length);
  assert.equal(info.durationS, LEFT.length / 44100);
  assert.ok(Math.abs(info.bitrateKbps - 112) < 20);
  assert.deepEqual(
    { ...info, durationS: 0, sampleCount: 0, bitrateKbps: 0 },
    {
      durationS: 0,
      sampleCount: 0,
      sampleRate: 44100,
      channels: 2,
      mpegVersion: 1,
      stereoMode: "joint",
      bitrateKbps: 0,
      bitrateMode: "abr",
      mp3FrameCount: Math.ceil((LEFT.length + 576 + 576) / 1152),
      tag: "xing",
      encoder: "LAME3.100",
      encoderDelay: 576,
      encoderPadding: info.mp3FrameCount * 1152 - 576 - LEFT.length,
    },
  );
  const mono = probeMp3(encodeMp3(LEFT, { sampleRate: 11025, bitrateKbps: 32, tag: false }));
  assert.equal(mono.mpegVersion, 2.5);
  assert.equal(mono.stereoMode, "mono");
  assert.equal(mono.bitrateMode, "cbr");
  assert.equal(mono.tag, undefined);
  assert.equal(mono.encoder, undefined);
  assert.equal(mono.encoderDelay, undefined);
  assert.ok(Math.abs(mono.bitrateKbps - 32) < 0.5);
  assert.equal(mono.sampleCount, mono.mp3FrameCount * 576);
});

test("a real file: as long as a gapless player's, and the recording", () => {
  const folder = dirname(createRequire(import.meta.url).resolve("audio-lena"));
  const bytes = readFileSync(join(folder, "lena.mp3"));
  const { channelData, samplesDecoded, sampleRate } = decodeMp3(bytes);
  assert.equal(sampleRate, 44100);
  // As many as "ffmpeg -i lena.mp3 -f f32le" writes.
  assert.equal(samplesDecoded, 541_184);
  assert.equal(channelData[0]?.length, samplesDecoded);
  const shared = Math.min(samplesDecoded, realAudio().length);
  const found = correlation(channelData[0]!.subarray(0, shared), realAudio().subarray(0, shared));
  assert.ok(found > 0.99, `correlation ${found}`);
});

test("tags and garbage around, and what is cut off", async () => {
  const plain = encodeMp3([LEFT, RIGHT], { sampleRate: 44100, bitrateKbps: 128 });
  const id3 = concatenate([
    Uint8Array.of(0x49, 0x44, 0x33, 4, 0, 0, 0, 0, 20, 0),
    new Uint8Array(20 * 128).fill(0xff),
  ]);
  const id3v1 = new Uint8Array(128);
  id3v1.set([0x54, 0x41, 0x47]);
  const expected = decodeMp3(plain).channelData;
  for (
    const bytes of [
      concatenate([id3, plain, id3v1]),
      concatenate([randomBytes(3000, 1), plain]),
      concatenate([id3, id3, plain, id3]),
    ]
  ) {
    assertSame(decodeMp3(bytes).channelData, expected);
    assertSame((await decodeInChunks(bytes, 0)).channelData, expected);
  }
  const half = plain.subarray(0, plain.length / 2);
  const { channelData: [cut] } = decodeMp3(half);
  assert.ok(cut && cut.length > LEFT.length / 2 - 3000 && cut.length < LEFT.length);
  assert.ok(sameBits(cut, expected[0]!.subarray(0, cut.length)));
  const gap = concatenate([half, randomBytes(2000, 3), plain.subarray(plain.length / 2)]);
  const damaged = decodeMp3(gap);
  assert.ok(Math.abs(damaged.samplesDecoded - LEFT.length) < 4 * 1152);
  assertSame((await decodeInChunks(gap, 1)).channelData, damaged.channelData);
});

test("damage of any kind: the same in every form, and no crash", async () => {
  const random = randomNumbers(77);
  for (let round = 0; round < 40; round++) {
    const mode = { ...MODES[round % MODES.length], sampleRate: 22050 } as EncodeOptions;
    const bytes = encodeMp3([LEFT.subarray(0, 9000), RIGHT.subarray(0, 9000)], mode);
    for (let hit = 0; hit < 20; hit++) {
      bytes[Math.floor(random() * bytes.length)] = 256 * random();
    }
    const { channelData, samplesDecoded } = decodeMp3(bytes);
    assert.equal(probeMp3(bytes).sampleCount, samplesDecoded);
    assertSame((await decodeInChunks(bytes, round)).channelData, channelData);
    assertSame((await decodeMp3Async(bytes)).channelData, channelData);
  }
});

test("int16", async () => {
  const bytes = encodeMp3(LEFT.map((sample) => 3 * sample), { sampleRate: 44100, vbrQuality: 4 });
  const { channelData: [floats] } = decodeMp3(bytes);
  const { channelData: [integers] } = decodeMp3(bytes, { format: "int16" });
  assert.ok(integers instanceof Int16Array);
  const expected = floats!.map((sample) => Math.max(-32768, Math.min(32767, sample * 32768)));
  integers.forEach((sample, i) => assert.ok(Math.abs(sample - expected[i]!) <= 0.51, `${i}`));
  assert.ok(snr(expected, Float32Array.from(integers)) > 80);
  assert.deepEqual((await decodeMp3Async(bytes, { format: "int16" })).channelData[0], integers);
});

test("the kinds of bytes, which are left as they are", async () => {
  const bytes = encodeMp3(LEFT, { sampleRate: 44100, bitrateKbps: 64 });
  const before = bytes.slice();
  const expected = decodeMp3(bytes).channelData;
  const shifted = new Uint8Array(bytes.length + 3).subarray(3);
  shifted.set(bytes);
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
  shared.set(bytes);
  for (const kind of [bytes.buffer, shifted, shared, new DataView(bytes.buffer)]) {
    assertSame(decodeMp3(kind as Uint8Array).channelData, expected);
  }
  const shares = Buffer.from(shared.buffer); // whose own slice() is a view
  assertSame(decodeMp3(shares).channelData, expected);
  const promises = [decodeMp3Async(bytes), decodeMp3Async(shares)];
  bytes.fill(0);
  shares.fill(0);
  for (const promise of promises) assertSame((await promise).channelData, expected);
  assert.deepEqual(shifted, before);
});

test("errors", async () => {
  const matches = (code: ErrorCode, message: RegExp) => (error: unknown) => {
    assert.ok(error instanceof Mp3AugmentError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, message);
    return true;
  };
  const detached = new Uint8Array(10);
  structuredClone(detached, { transfer: [detached.buffer] });
  const bad: [unknown, unknown, ErrorCode, RegExp][] = [
    [new Uint8Array(0), {}, "CORRUPT_MP3", /^bytes \(0\) hold no MP3 frame/],
    [randomBytes(5000, 9), {}, "CORRUPT_MP3", /^bytes \(5000\) hold no MP3 frame/],
    [detached, {}, "INVALID_AUDIO", /^bytes has a detached buffer/],
    ["mp3", {}, "INVALID_AUDIO", /^bytes is "mp3"; it must be a Uint8Array/],
    [[1, 2], {}, "INVALID_AUDIO", /^bytes is an array/],
    [new Float32Array(9), {}, "INVALID_AUDIO", /^bytes is a Float32Array/],
    [undefined, {}, "INVALID_AUDIO", /^bytes is undefined/],
    [new Uint8Array(9), { gapless: 1 }, "INVALID_OPTION", /^gapless is 1; it must be true/],
    [new Uint8Array(9), { format: "s16" }, "INVALID_OPTION", /^format is "s16"; .*"int16"/],
    [new Uint8Array(9), null, "INVALID_OPTION", /^options is null; .*gapless/],
  ];
  for (const [bytes, options, code, message] of bad) {
    const decode = () => decodeMp3(bytes as Uint8Array, options as object);
    assert.throws(decode, matches(code, message));
    await assert.rejects(
      decodeMp3Async(bytes as Uint8Array, options as object),
      matches(code, message),
    );
  }
  const empty = new Mp3DecoderStream();
  const read = empty.readable.getReader().read();
  const closed = empty.writable.getWriter().close();
  await assert.rejects(read, matches("CORRUPT_MP3", /no MP3 frame/));
  await assert.rejects(closed, matches("CORRUPT_MP3", /no MP3 frame/));
});

test("aborts, and streams that are left", async () => {
  const bytes = encodeMp3(new Float32Array(5_000_000).map((_, i) => Math.sin(i / 30)), {
    sampleRate: 44100,
    bitrateKbps: 64,
  });
  const controller = new AbortController();
  const promise = decodeMp3Async(bytes, { signal: controller.signal });
  controller.abort("enough");
  await assert.rejects(promise, (reason) => reason === "enough");
  const aborted = decodeMp3Async(bytes, { signal: AbortSignal.abort("before") });
  await assert.rejects(aborted, (reason) => reason === "before");
  for (let i = 0; i < 100; i++) {
    const decoder = new Mp3DecoderStream();
    const writer = decoder.writable.getWriter();
    const reader = decoder.readable.getReader();
    const first = reader.read();
    const written = writer.write(bytes.subarray(0, 50_000));
    assert.ok((await first).value);
    if (i % 3 === 0) {
      await reader.cancel("enough");
      await written.catch(() => {});
    } else if (i % 3 === 1) {
      decoder[Symbol.dispose]();
      written.catch(() => {});
    } else {
      written.catch(() => {});
    }
  }
});

test("one chunk for a whole file is decoded as it is read", async () => {
  const bytes = encodeMp3(realAudio(), { sampleRate: 44100, bitrateKbps: 128 });
  const { mp3FrameCount, sampleCount } = probeMp3(bytes);
  const decoder = new Mp3DecoderStream();
  const writer = decoder.writable.getWriter();
  const reader = decoder.readable.getReader();
  const written = writer.write(bytes);
  let readCount = 0;
  for (let i = 0; i < 3; i++) readCount += (await reader.read()).value?.[0]?.length ?? 0;
  // What was read, and one result that waits.
  const decodedCount = decoder.info?.mp3FrameCount ?? 0;
  assert.ok(decodedCount < mp3FrameCount / 2, `${decodedCount} of ${mp3FrameCount} MP3 frames`);
  const closed = writer.close();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    readCount += next.value[0]?.length ?? 0;
  }
  await Promise.all([written, closed]);
  assert.equal(readCount, sampleCount);
});

test("an abort while a write waits for a reader", async () => {
  const bytes = encodeMp3(realAudio(), { sampleRate: 44100, bitrateKbps: 128 });
  const decoder = new Mp3DecoderStream();
  const writer = decoder.writable.getWriter();
  const reader = decoder.readable.getReader();
  const written = writer.write(bytes);
  const isReason = (reason: unknown) => reason === "enough";
  assert.ok((await reader.read()).value);
  const rejected = assert.rejects(written, isReason);
  await writer.abort("enough");
  await rejected;
  await assert.rejects(reader.read(), isReason);
});

test("what C tells of a file: each field in its place, lengths beyond 32 bits", () => {
  const info = newInfo();
  const set = (name: (typeof INFO_FIELDS)[number], value: number) =>
    void (info[INFO_FIELDS.indexOf(name)] = value);
  set("sample_rate_hz", 8000);
  set("channel_count", 2);
  set("version_times_ten", 25);
  set("channel_mode", 2);
  set("bitrate_mode", 1);
  set("bitrate_kbps", new Int32Array(Float32Array.of(31.5).buffer)[0] ?? 0);
  set("mp3_frame_count", -1);
  set("frame_count_low", -2);
  set("frame_count_high", 3);
  set("tag_kind", 3);
  set("encoder_delay", -1);
  set("encoder_padding", 4095);
  new Uint8Array(info.buffer).set(new TextEncoder().encode("LAME3.9"), 4 * INFO_FIELDS.length);
  const sampleCount = 3 * 2 ** 32 + 2 ** 32 - 2;
  assert.deepEqual(readInfo(info), {
    durationS: sampleCount / 8000,
    sampleCount,
    sampleRate: 8000,
    channels: 2,
    mpegVersion: 2.5,
    stereoMode: "dual",
    bitrateKbps: 31.5,
    bitrateMode: "abr",
    mp3FrameCount: 2 ** 32 - 1,
    tag: "vbri",
    encoder: "LAME3.9",
    encoderDelay: undefined,
    encoderPadding: 4095,
  });
});
