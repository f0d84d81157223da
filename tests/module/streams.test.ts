/** Streams: the bits of one call whatever the chunks, and an end to everything that can go wrong. */
import assert from "node:assert/strict";
import {
  type Audio,
  compressRoundtrip,
  encodeMp3,
  type EncodeOptions,
  type ErrorCode,
  Mp3AugmentError,
  Mp3EncoderStream,
  Mp3RoundtripStream,
  type RoundtripStreamOptions,
} from "../../mod.ts";
import { ChainedCodec, type Codec, codecStream } from "../../src/pieces.ts";
import { test } from "../harness.ts";
import { testWithin } from "../within.ts";
import { makeSignal, peakOf, randomNumbers, realAudio, sameBits } from "../signals.ts";

const LENGTH = 100_000;
const LEFT: Float32Array = realAudio().subarray(0, LENGTH);
const RIGHT: Float32Array = makeSignal(LENGTH, 44100, 3);

/** Random chunk lengths, with a few empty ones and one longer than C takes at once. */
function* lengths(total: number, seed: number): Generator<number> {
  const random = randomNumbers(seed);
  for (let left = total, index = 0; left > 0; index++) {
    const wanted = index % 7 === 3 ? 0 : index === 4 ? 70_000 : Math.ceil(random() ** 3 * 9000);
    const length = Math.min(wanted, left);
    left -= length;
    yield length;
  }
}

function chunksOf(channels: readonly Float32Array[], seed = 1): Float32Array[][] {
  let at = 0;
  return Array.from(lengths(channels[0]?.length ?? 0, seed), (length) => {
    const chunk = channels.map((channel) => channel.slice(at, at + length));
    at += length;
    return chunk;
  });
}

async function collect<T>(readable: ReadableStream<T>): Promise<T[]> {
  const found: T[] = [];
  const reader = readable.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    found.push(next.value);
  }
  return found;
}

function streamOf<T>(values: readonly T[]): ReadableStream<T> {
  const left = values.values();
  return new ReadableStream({
    pull(controller) {
      const { done, value } = left.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
  });
}

function join(chunks: readonly Float32Array[][], channel: number): Float32Array {
  const parts = chunks.map((chunk) => chunk[channel]!);
  const joined = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

function joinBytes(chunks: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    joined.set(chunk, at);
    at += chunk.length;
  }
  return joined;
}

const OPTIONS: RoundtripStreamOptions[] = [
  { sampleRate: 44100, bitrateKbps: 128 },
  { sampleRate: 44100, bitrateKbps: 8, bitReservoir: true },
  { sampleRate: 16000, bitrateKbps: 32, preserveDelay: true },
  { sampleRate: 48000, averageBitrateKbps: 90, bitReservoir: true, stereoMode: "joint" },
  { sampleRate: 22050, vbrQuality: 5, bitReservoir: true, preserveLevel: true },
];

test("round trip: the bits of one call, whatever the chunks", async () => {
  for (const [seed, options] of OPTIONS.entries()) {
    for (const channels of [[LEFT], [LEFT, RIGHT]]) {
      const expected = compressRoundtrip(channels, options);
      const chunks = await collect(
        streamOf<Audio>(chunksOf(channels, seed)).pipeThrough(new Mp3RoundtripStream(options)),
      );
      assert.ok(chunks.length > 5);
      expected.forEach((channel, index) => assert.ok(sameBits(join(chunks, index), channel)));
    }
  }
});

test("round trip: a loud clip with its peak, and flat chunks", async () => {
  const loud = LEFT.map((sample) => 25 * sample);
  const options = { sampleRate: 44100, bitrateKbps: 64 };
  const expected = compressRoundtrip(loud, options);
  const flat = chunksOf([loud]).map(([chunk]) => chunk!);
  const stream = new Mp3RoundtripStream({ ...options, peak: peakOf(loud) });
  const chunks = await collect(streamOf<Audio>(flat).pipeThrough(stream));
  assert.ok(sameBits(join(chunks, 0), expected));
  const both = new Float32Array(2000);
  both.set(LEFT.subarray(0, 1000));
  both.set(RIGHT.subarray(0, 1000), 1000);
  const stereo = await collect(
    streamOf<Audio>([both]).pipeThrough(new Mp3RoundtripStream({ ...options, channels: 2 })),
  );
  const wanted = compressRoundtrip([LEFT.subarray(0, 1000), RIGHT.subarray(0, 1000)], options);
  wanted.forEach((channel, index) => assert.ok(sameBits(join(stereo, index), channel)));
});

test("encoder: the bytes of one call, and the tag for the front", async () => {
  const options: EncodeOptions[] = [
    { sampleRate: 44100, bitrateKbps: 128 },
    { sampleRate: 44100, vbrQuality: 3, bitReservoir: true, stereoMode: "joint" },
    { sampleRate: 8000, bitrateKbps: 8 },
  ];
  for (const coding of options) {
    for (const tag of [false, true]) {
      const expected = encodeMp3([LEFT, RIGHT], { ...coding, tag });
      const stream = new Mp3EncoderStream({ ...coding, tag });
      assert.ok(stream.tagFrame === undefined);
      const source = streamOf<Audio>(chunksOf([LEFT, RIGHT]));
      const bytes = joinBytes(await collect(source.pipeThrough(stream)));
      const tagFrame: Uint8Array = stream.tagFrame ?? new Uint8Array(9999);
      assert.equal(tagFrame.length > 0, tag && coding.sampleRate > 8000);
      bytes.set(tagFrame);
      assert.deepEqual(bytes, new Uint8Array(expected));
    }
  }
  const untagged = new Mp3EncoderStream(options[0]!);
  const bytes = joinBytes(await collect(streamOf<Audio>([[LEFT]]).pipeThrough(untagged)));
  assert.deepEqual(bytes, new Uint8Array(encodeMp3([LEFT], { ...options[0]!, tag: false })));
});

test("nothing in, nothing out", async () => {
  const options = { sampleRate: 44100, bitrateKbps: 64 };
  for (const chunks of [[], [new Float32Array(0)], [[new Float32Array(0)]]]) {
    const roundtrip = new Mp3RoundtripStream(options), encoder = new Mp3EncoderStream(options);
    assert.deepEqual(await collect(streamOf<Audio>(chunks).pipeThrough(roundtrip)), []);
    assert.deepEqual(await collect(streamOf<Audio>(chunks).pipeThrough(encoder)), []);
    assert.equal(encoder.tagFrame?.length, 0);
  }
});

testWithin(30, "a reader that doesn't read stops the writer", async () => {
  const { readable, writable } = new Mp3RoundtripStream({ sampleRate: 44100, bitrateKbps: 64 });
  const writer = writable.getWriter();
  let writtenCount = 0;
  const writing = (async () => {
    for (let i = 0; i < 50; i++) {
      await writer.ready;
      writer.write([LEFT.subarray(0, 10_000)]).then(() => writtenCount++, () => {});
    }
    await writer.close();
  })();
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.ok(writtenCount <= 2, `${writtenCount} chunks were taken`);
  const chunks = await collect(readable);
  await writing;
  assert.equal(join(chunks, 0).length, 500_000);
  assert.equal(writtenCount, 50);
});

async function rejects(promise: Promise<unknown>, code: ErrorCode, message: RegExp) {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof Mp3AugmentError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, message);
    return true;
  });
}

test("bad audio ends both sides", async () => {
  const bad: [unknown[], ErrorCode, RegExp][] = [
    [[[LEFT], [LEFT, RIGHT]], "INVALID_AUDIO", /^chunk has 2 channels, but the first one had 1/],
    [[[LEFT], [Float32Array.of(0, NaN)]], "NON_FINITE_AUDIO", /sample 1 of channel 0 is NaN/],
    [[[LEFT, RIGHT.subarray(1)]], "INVALID_AUDIO", /100000 and 99999/],
    [[[LEFT], [Float32Array.of(0, -5e9)]], "INVALID_AUDIO", /^samples reach 5000000000, .*4096/],
    [[[LEFT], "audio"], "INVALID_AUDIO", /^chunk is "audio"/],
    [[[LEFT, LEFT, LEFT]], "UNSUPPORTED_CHANNELS", /3 channels/],
  ];
  const options = { sampleRate: 44100, bitrateKbps: 64 };
  for (const [chunks, code, message] of bad) {
    for (
      const make of [() => new Mp3RoundtripStream(options), () => new Mp3EncoderStream(options)]
    ) {
      const { readable, writable } = make();
      const written = streamOf(chunks as Audio[]).pipeTo(writable);
      const read = collect<unknown>(readable);
      await Promise.all([rejects(written, code, message), rejects(read, code, message)]);
    }
  }
});

test("bad options are told at once", () => {
  const good = { sampleRate: 44100, bitrateKbps: 64 };
  const fails = (make: () => unknown, code: ErrorCode, message: RegExp) =>
    assert.throws(make, (error) => {
      assert.ok(error instanceof Mp3AugmentError);
      assert.equal(error.code, code);
      assert.match(error.message, message);
      return true;
    });
  for (const peak of [-1, NaN, Infinity, 1e39, 1.1e33, "1", null]) {
    const options = { ...good, peak } as RoundtripStreamOptions;
    fails(() => new Mp3RoundtripStream(options), "INVALID_OPTION", /^peak is .*finite/);
  }
  for (const peak of [0, 1e33]) new Mp3RoundtripStream({ ...good, peak });
  const noRate = { bitrateKbps: 64 } as RoundtripStreamOptions;
  fails(() => new Mp3RoundtripStream(noRate), "UNSUPPORTED_SAMPLE_RATE", /^sampleRate is/);
  fails(() => new Mp3EncoderStream(noRate), "UNSUPPORTED_SAMPLE_RATE", /^sampleRate is/);
  const tag = { ...good, tag: "yes" } as unknown as EncodeOptions;
  fails(() => new Mp3EncoderStream(tag), "INVALID_OPTION", /^tag is "yes"/);
  fails(() => encodeMp3(LEFT, tag), "INVALID_OPTION", /^tag is "yes"/);
});

testWithin(30, "an abort and a cancel reach the other end, many times over", async () => {
  const options = { sampleRate: 44100, bitrateKbps: 64 };
  for (let i = 0; i < 200; i++) {
    const { readable, writable } = new Mp3RoundtripStream(options);
    const writer = writable.getWriter();
    const reader = readable.getReader();
    const first = reader.read();
    await writer.write([LEFT.subarray(0, 10_000)]);
    await first;
    if (i % 3 === 0) {
      await writer.abort("enough");
      await assert.rejects(reader.read(), (reason) => reason === "enough");
    } else if (i % 3 === 1) {
      await reader.cancel("enough");
      await assert.rejects(writer.write([LEFT]));
    } // else it is garbage now, which lifetimes.test.ts knows of
  }
});

test("a disposed stream is closed", async () => {
  const options = { sampleRate: 44100, bitrateKbps: 64 };
  for (const wasUsed of [false, true]) {
    for (const stream of [new Mp3RoundtripStream(options), new Mp3EncoderStream(options)]) {
      const writer = stream.writable.getWriter();
      const reader = (stream.readable as ReadableStream<unknown>).getReader();
      const first = wasUsed ? reader.read() : undefined;
      if (wasUsed) await writer.write([LEFT.subarray(0, 10_000)]);
      await first;
      stream[Symbol.dispose]();
      stream[Symbol.dispose]();
      const read = rejects(reader.read(), "INVALID_OPTION", /^the stream is closed/);
      await rejects(writer.write([LEFT]), "INVALID_OPTION", /^the stream is closed/);
      await read;
    }
  }
});

/** A codec that counts: of each chunk come that chunk's many results. */
function makeCodec(calls: string[], name = "codec"): Codec<number, string> {
  return {
    *transform(count) {
      for (let i = 0; i < count; i++) {
        calls.push(`${name} makes ${i}`);
        yield `${name} ${i}`;
      }
    },
    *flush() {
      yield `${name}'s end`;
    },
    free: () => void calls.push(`${name} is freed`),
  };
}

testWithin(
  10,
  "no result is made before another was taken, and a cancel is heard at once",
  async () => {
    const calls: string[] = [];
    const settle = () => new Promise((resolve) => setTimeout(resolve, 5));
    const { readable, writable } = codecStream(makeCodec(calls));
    const [writer, reader] = [writable.getWriter(), readable.getReader()];
    const writing = writer.write(5);
    await settle();
    assert.deepEqual(calls, [], "nobody has asked");
    assert.deepEqual(await reader.read(), { done: false, value: "codec 0" });
    await settle();
    assert.deepEqual(calls, ["codec makes 0", "codec makes 1"], "one is ready, and waits");
    assert.deepEqual(await reader.read(), { done: false, value: "codec 1" });
    const closed = writer.closed;
    await Promise.all([
      reader.cancel("enough"),
      assert.rejects(writing, (reason) => reason === "enough"),
      assert.rejects(closed, (reason) => reason === "enough"),
    ]);
    assert.equal(calls.at(-1), "codec is freed");
    const idle = codecStream(makeCodec(calls));
    const { closed: ended } = idle.writable.getWriter();
    await Promise.all([
      idle.readable.cancel("never mind"),
      assert.rejects(ended, (reason) => reason === "never mind", "who doesn't write hears it, too"),
    ]);
  },
);

testWithin(
  10,
  "one codec behind another: each gets what the first makes, and both are freed",
  async () => {
    const calls: string[] = [];
    const second: Codec<string, string> = {
      *transform(text) {
        yield `(${text})`;
        yield "and";
      },
      *flush() {
        yield "the end";
      },
      free: () => void calls.push("the second is freed"),
    };
    const { readable, writable } = codecStream(new ChainedCodec(makeCodec(calls), second));
    const writer = writable.getWriter();
    const writing = (async () => {
      await writer.write(2);
      await writer.write(0);
      await writer.close();
    })();
    const results = await collect(readable);
    await writing;
    const expected = ["codec 0", "codec 1", "codec's end"].flatMap((text) => [`(${text})`, "and"]);
    assert.deepEqual(results, [...expected, "the end"]);
    assert.deepEqual(calls.slice(2).sort(), ["codec is freed", "the second is freed"]);
  },
);
