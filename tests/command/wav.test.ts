/** WAV headers and samples. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { default as decodeByOthers } from "@audio/decode-wav";
import { decodeBytes, peakOf, readPcm16 } from "../../cli/audio/read.ts";
import { encodeBlocks } from "../../cli/audio/write.ts";
import { parseWavHeader, type SampleFormat, wavBytes, wavHeader } from "../../cli/audio/wav.ts";
import { test } from "../harness.ts";
import { makeSignal, sameBits } from "../signals.ts";

const RATE = 48000;
/** How finely each format holds samples; 32-bit floats hold them as they are. */
const STEPS: Record<SampleFormat, number> = { 16: 2 ** -15, 24: 2 ** -23, float: 0 };

function makeFile(channels: readonly Float32Array[], format: SampleFormat): Buffer {
  const header = wavHeader(RATE, channels.length, format, channels[0]?.length ?? 0);
  return Buffer.concat([header, wavBytes(channels, format)]);
}

test("samples come back as near as the format allows, and codes exactly", async () => {
  for (const [format, step] of Object.entries(STEPS) as [SampleFormat, number][]) {
    const input = [1, 2, 3].map((seed) => makeSignal(1001, RATE, seed));
    const first = await decodeBytes(makeFile(input, format));
    assert.equal(first.sampleRate, RATE);
    input.forEach((channel, i) => {
      const output = first.channels[i] as Float32Array;
      assert.equal(output.length, channel.length);
      const worst = channel.reduce(
        (most, x, at) => Math.max(most, Math.abs(x - (output[at] ?? NaN))),
        0,
      );
      assert.ok(worst <= step / 2 * 1.0001, `${format}: ${worst}`);
    });
    const again = await decodeBytes(makeFile(first.channels, format));
    again.channels.forEach((channel, i) =>
      assert.ok(sameBits(channel, first.channels[i] as Float32Array))
    );
  }
});

test("every 16-bit code survives, and what is too loud is limited", async () => {
  const codes = Float32Array.from({ length: 65536 }, (_, i) => (i - 32768) / 32768);
  const [output] = (await decodeBytes(makeFile([codes], "16"))).channels;
  assert.ok(sameBits(output as Float32Array, codes));
  const loud = Float32Array.of(1.5, -1.5, 1, -1, 1e6, -1e6);
  for (const format of ["16", "24"] as const) {
    const top = 1 - (STEPS[format] as number);
    const [limited] = (await decodeBytes(makeFile([loud], format))).channels;
    assert.deepEqual([...limited as Float32Array], [top, -1, top, -1, top, -1]);
  }
  const [kept] = (await decodeBytes(makeFile([loud], "float"))).channels;
  assert.deepEqual(kept, loud);
});

test("headers: RF64 beyond 4 GiB, other chunks first, the extensible form, unknown sizes", () => {
  const frameCount = 2 ** 31 + 10;
  const long = parseWavHeader(wavHeader(RATE, 2, "16", frameCount));
  assert.equal(long?.dataByteSize, 4 * frameCount);
  const plain = Buffer.from(wavHeader(RATE, 2, "24", 5));
  assert.equal(plain.length, 44);
  const chunk = Buffer.from("LIST\x05\0\0\0abcde\0", "latin1");
  const shifted = Buffer.concat([plain.subarray(0, 12), chunk, plain.subarray(12)]);
  assert.equal(parseWavHeader(shifted)?.dataOffset, 44 + chunk.length);
  assert.equal(parseWavHeader(shifted.subarray(0, 30)), undefined);
  const extensible = Buffer.concat([plain.subarray(0, 36), Buffer.alloc(24), plain.subarray(36)]);
  extensible.writeUInt32LE(40, 16);
  extensible.writeUInt16LE(0xfffe, 20);
  extensible.writeUInt16LE(1, 44);
  const { formatTag, bitsPerSample, dataByteSize } = parseWavHeader(extensible) ?? assert.fail();
  assert.deepEqual([formatTag, bitsPerSample, dataByteSize], [1, 24, 30]);
  extensible.writeUInt16LE(1, 20); // what lies there means nothing then
  extensible.writeUInt16LE(0x55, 44);
  assert.equal(parseWavHeader(extensible)?.formatTag, 1);
  extensible.writeUInt16LE(0xfffe, 20);
  const least = Buffer.concat([extensible.subarray(0, 46), plain.subarray(36)]);
  least.writeUInt32LE(26, 16);
  assert.equal(parseWavHeader(least)?.formatTag, 0x55);
  const short = Buffer.concat([extensible.subarray(0, 44), plain.subarray(36)]);
  short.writeUInt32LE(24, 16);
  assert.equal(parseWavHeader(short)?.formatTag, 0xfffe);
  const wrong = Buffer.from(plain);
  wrong.writeUInt32LE(0, 24);
  assert.throws(() => parseWavHeader(wrong), /2 channels at 0 Hz/);
  wrong.writeUInt32LE(48000, 24);
  wrong.writeUInt16LE(65282, 22);
  assert.throws(() => parseWavHeader(wrong), /65282 channels at 48000 Hz, in frames of 6 bytes/);
  for (const [byteSize, isKnown] of [[0x7ffeffff, true], [0x7fff0000, false]] as const) {
    plain.writeUInt32LE(byteSize, 40); // writers into a pipe say about 2 GiB
    assert.equal(parseWavHeader(plain)?.isSizeKnown, isKnown);
  }
  plain.writeUInt32LE(0xffffffff, 40);
  assert.equal(parseWavHeader(plain)?.dataByteSize, Infinity);
});

/** A mono file of a format that isn't written here. */
function makeOther(formatTag: number, bits: number, frameByteSize: number, data: Uint8Array) {
  const header = Buffer.from(wavHeader(8000, 1, "16", 0));
  header.writeUInt32LE(data.length, 40);
  header.writeUInt16LE(formatTag, 20);
  header.writeUInt16LE(frameByteSize, 32);
  header.writeUInt16LE(bits, 34);
  return Buffer.concat([header, data]);
}

const everyByte = Uint8Array.from({ length: 256 }, (_, i) => i);

test("8 bits have no sign; A-law and µ-law are what another reader finds", async () => {
  const { channels, storage } = await decodeBytes(makeOther(1, 8, 1, everyByte));
  assert.deepEqual(channels[0], Float32Array.from(everyByte, (byte) => (byte - 128) / 128));
  assert.deepEqual(storage, { bitsPerSample: 8, sampleType: "integer" });
  for (const [formatTag, sampleType] of [[6, "A-law"], [7, "µ-law"]] as const) {
    const file = makeOther(formatTag, 8, 1, everyByte);
    const sound = await decodeBytes(file);
    const { channelData } = decodeByOthers(new Uint8Array(file));
    assert.deepEqual(sound.channels, channelData);
    assert.deepEqual(sound.storage, { bitsPerSample: 8, sampleType });
  }
});

test("ADPCM is read by the package, and bits that fill no byte are refused", async () => {
  // Of a block's first sample, with nibbles of 0 at the smallest step behind it, nothing moves.
  const block = (first: number) => {
    const bytes = Buffer.alloc(36);
    bytes.writeInt16LE(first);
    return bytes;
  };
  const plain = makeOther(0x11, 4, 36, Buffer.concat([block(-16384), block(-8192)]));
  const extension = Buffer.from([2, 0, 65, 0]); // samples of a block
  const file = Buffer.concat([plain.subarray(0, 36), extension, plain.subarray(36)]);
  file.writeUInt32LE(20, 16);
  const { channels: [samples], storage } = await decodeBytes(file);
  assert.deepEqual(storage, { bitsPerSample: 4, sampleType: "ADPCM" });
  const levels = [...new Set(samples)];
  assert.deepEqual([levels, samples?.length], [[-0.5, -0.25], 2 * 65]);
  const twelve = makeOther(1, 12, 2, new Uint8Array(8));
  assert.equal(readPcm16(twelve), undefined);
  await assert.rejects(decodeBytes(twelve), /^Error: the wav decoder says: .* bit depth: 12/);
});

test("the peak tells of samples that are not numbers", () => {
  assert.equal(peakOf(Float32Array.of(0.25, -0.5, 0)), 0.5);
  assert.equal(peakOf(new Float32Array(3)), 0);
  assert.equal(peakOf(Float32Array.of(9, -0.25, 1e-45, 9).subarray(1, 3)), 0.25);
  assert.equal(peakOf(Float32Array.of(0, -1e-45)), Math.fround(1e-45));
  for (const wrong of [NaN, Infinity, -Infinity]) {
    assert.ok(!Number.isFinite(peakOf(Float32Array.of(1, wrong, 2))));
  }
});

async function* inBlocks(channels: readonly Float32Array[], size: number) {
  for (let at = 0; at < (channels[0]?.length ?? 0); at += size) {
    yield channels.map((channel) => channel.subarray(at, at + size));
  }
}

test("a file's sizes are those of the standard, with the byte behind an odd chunk", async () => {
  for (const samples of ["16", "24", "float"] as const) {
    for (const channelCount of [1, 2, 3]) {
      for (const frameCount of [1, 2, 999, 1000]) {
        const channels = Array.from(
          { length: channelCount },
          (_, i) => makeSignal(frameCount, RATE, i),
        );
        const audio = { sampleRate: RATE, channelCount, frameCount };
        const pieces: Buffer[] = [];
        const blocks = inBlocks(channels, 400);
        for await (
          const piece of encodeBlocks({ ...audio, blocks }, { container: "wav", samples })
        ) {
          pieces.push(Buffer.from(piece));
        }
        const file = Buffer.concat(pieces);
        const frameByteSize = channelCount * { 16: 2, 24: 3, float: 4 }[samples];
        const dataByteSize = frameCount * frameByteSize;
        assert.equal(
          file.toString("latin1", 0, 4) + file.toString("latin1", 8, 16),
          "RIFFWAVEfmt ",
        );
        assert.equal(file.length, 44 + dataByteSize + dataByteSize % 2);
        assert.equal(file.readUInt32LE(4), file.length - 8);
        const fields = [20, 22, 32, 34].map((at) => file.readUInt16LE(at));
        const format = samples === "float" ? 3 : 1;
        assert.deepEqual(fields, [
          format,
          channelCount,
          frameByteSize,
          8 * frameByteSize / channelCount,
        ]);
        assert.deepEqual([16, 24, 28].map((at) => file.readUInt32LE(at)), [
          16,
          RATE,
          RATE * frameByteSize,
        ]);
        assert.equal(file.toString("latin1", 36, 40), "data");
        assert.equal(file.readUInt32LE(40), dataByteSize);
        if (dataByteSize % 2) assert.equal(file.at(-1), 0);
        const whole = wavBytes(channels, samples);
        assert.deepEqual(file.subarray(44, 44 + dataByteSize), Buffer.from(whole), "blocks or all");
      }
    }
  }
});

test("RF64 headers have their sizes in 64 bits, and RIFF's are at their limit", () => {
  const header = Buffer.from(wavHeader(RATE, 1, "24", 2 ** 31 + 1));
  const dataByteSize = 3 * (2 ** 31 + 1);
  assert.equal(header.toString("latin1", 0, 4), "RF64");
  assert.deepEqual([4, 76].map((at) => header.readUInt32LE(at)), [0xffffffff, 0xffffffff]);
  assert.equal(header.readBigUInt64LE(20), BigInt(header.length - 8 + dataByteSize + 1));
  assert.equal(header.readBigUInt64LE(28), BigInt(dataByteSize));
  assert.equal(header.readBigUInt64LE(36), BigInt(2 ** 31 + 1));
});
