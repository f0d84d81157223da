/** Against the Python package fast-mp3-augment, where Python and the package are at hand. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compressRoundtrip } from "../../mod.ts";
import { prepareOriginal } from "../../bench/original/venv.ts";
import { Worker } from "../../bench/worker.ts";
import { test } from "../harness.ts";
import { correlation, realAudio, snr } from "../signals.ts";

/** The original returns this many zeros at the end. */
const ORIGINAL_ZEROS = 529;

const FRAME_COUNT = 100_000;

const CASES: readonly { sampleRate: number; channelCount: number; bitrateKbps: number }[] = [
  { sampleRate: 44100, channelCount: 1, bitrateKbps: 128 },
  { sampleRate: 44100, channelCount: 2, bitrateKbps: 64 },
  { sampleRate: 48000, channelCount: 2, bitrateKbps: 320 },
  { sampleRate: 32000, channelCount: 1, bitrateKbps: 8 }, // LAME takes 32
  { sampleRate: 24000, channelCount: 2, bitrateKbps: 160 },
  { sampleRate: 22050, channelCount: 2, bitrateKbps: 56 },
  { sampleRate: 16000, channelCount: 1, bitrateKbps: 32 },
  { sampleRate: 8000, channelCount: 1, bitrateKbps: 16 },
];

/** Flat and planar: different stretches of the recording as channels. */
function makeClip(channelCount: number): Float32Array {
  const START = 40_000;
  return realAudio().slice(START, START + channelCount * FRAME_COUNT);
}

function channelsOf(flat: Float32Array): Float32Array[] {
  const count = flat.length / FRAME_COUNT;
  return Array.from(
    { length: count },
    (_, index) => flat.subarray(index * FRAME_COUNT, (index + 1) * FRAME_COUNT),
  );
}

async function compareWithOriginal(original: Worker, work: string): Promise<void> {
  const quality = 7;
  for (const { sampleRate, channelCount, bitrateKbps } of CASES) {
    const name = `${sampleRate} Hz, ${channelCount} channels, ${bitrateKbps} kbps`;
    const clip = makeClip(channelCount);
    const path = join(work, "clip.f32");
    writeFileSync(path, new Uint8Array(clip.buffer));
    await original.load({ path, sampleRate, channelCount, frameCount: FRAME_COUNT });
    await original.run({ bitrateKbps, quality }, 1);
    const expected = await original.save();
    assert.equal(expected.length, clip.length, name);

    const actual = compressRoundtrip(clip, {
      sampleRate,
      bitrateKbps,
      quality,
      channels: channelCount === 2 ? 2 : 1,
    });
    channelsOf(actual).forEach((channel, index) => {
      const wanted = (channelsOf(expected)[index] ?? clip).subarray(0, -ORIGINAL_ZEROS);
      const ratio = snr(wanted, channel.subarray(0, -ORIGINAL_ZEROS));
      assert.ok(ratio > 60, `${name}, channel ${index}: ${ratio} dB`);
    });
  }
}

test("the output is the original's, but for its 16 bits and its last samples", async () => {
  const start = await prepareOriginal();
  if ("skipped" in start) {
    console.log(`skipped: ${start.skipped}`);
    return;
  }
  const work = mkdtempSync(join(tmpdir(), "mp3-augment-original-"));
  const original = new Worker("fast-mp3-augment", start, join(work, "output.f32"));
  try {
    await compareWithOriginal(original, work);
  } finally {
    await original.close();
    rmSync(work, { recursive: true });
  }
});

test("the last samples are audio, not the original's zeros", () => {
  for (const { sampleRate, channelCount } of CASES) {
    const input = channelsOf(makeClip(channelCount));
    compressRoundtrip(input, { sampleRate, bitrateKbps: 128 }).forEach((channel, index) => {
      const tail = (input[index] ?? channel).subarray(-ORIGINAL_ZEROS);
      const value = correlation(tail, channel.subarray(-ORIGINAL_ZEROS));
      assert.ok(value > 0.95, `${sampleRate} Hz, channel ${index}: correlation ${value}`);
    });
  }
});
