/** WAV headers and samples. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { decodeBytes, peakOf } from "../../cli/audio/read.ts";
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
  const wrong = Buffer.from(plain);
  wrong.writeUInt32LE(0, 24);
  assert.throws(() => parseWavHeader(wrong), /2 channels at 0 Hz/);
  wrong.writeUInt32LE(48000, 24);
  wrong.writeUInt16LE(65282, 22);
  assert.throws(() => parseWavHeader(wrong), /65282 channels at 48000 Hz, in frames of 6 bytes/);
  plain.writeUInt32LE(0xffffffff, 40);
  assert.equal(parseWavHeader(plain)?.dataByteSize, Infinity);
});

test("formats that the package reads: 8 bits", async () => {
  const header = Buffer.from(wavHeader(8000, 1, "16", 2));
  header.writeUInt16LE(1, 32);
  header.writeUInt16LE(8, 34);
  const { channels } = await decodeBytes(Buffer.concat([header, Buffer.from([0, 128, 255, 128])]));
  const [left] = channels;
  assert.deepEqual([left?.[0], left?.[1], left?.length], [-1, 0, 4]);
});

test("the peak tells of samples that are not numbers", () => {
  assert.equal(peakOf(Float32Array.of(0.25, -0.5, 0)), 0.5);
  assert.equal(peakOf(new Float32Array(3)), 0);
  for (const wrong of [NaN, Infinity, -Infinity]) {
    assert.ok(!Number.isFinite(peakOf(Float32Array.of(1, wrong, 2))));
  }
});
