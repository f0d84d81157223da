/** Every rate and bitrate, every quality, and lengths around the borders of MP3 frames. */
import assert from "node:assert/strict";
import {
  BITRATES_KBPS,
  compressRoundtrip,
  encodeMp3,
  nearestBitrateKbps,
  SAMPLE_RATES,
} from "../../mod.ts";
import { test } from "../harness.ts";
import { correlation, findOffset, isFinite, makeTone, realAudio } from "../signals.ts";

/** MP3 frames of constant bitrate: a byte size tells the bitrate that was really used. */
function usedBitrateKbps(mp3ByteSize: number, frameCount: number, sampleRate: number): number {
  const mp3Frame = sampleRate >= 32000 ? 1152 : 576;
  const delayed = frameCount + 576;
  let padding = mp3Frame - delayed % mp3Frame;
  if (padding < 576) padding += mp3Frame;
  return mp3ByteSize * 8 * sampleRate / (delayed + padding) / 1000;
}

/** 8 kbps of stereo at 24 kHz: 24 bits a frame beside headers, too few to show an offset. */
function leavesAlmostNothing(sampleRate: number, bitrateKbps: number, stereo: boolean): boolean {
  return stereo && sampleRate === 24000 && bitrateKbps === 8;
}

for (const sampleRate of SAMPLE_RATES) {
  test(`${sampleRate} Hz: every bitrate, mono and stereo, is aligned`, () => {
    const frameCount = sampleRate >> 1;
    const left = makeTone(frameCount, sampleRate, 1);
    const right = makeTone(frameCount, sampleRate, 2);
    for (const bitrateKbps of BITRATES_KBPS) {
      const mono = compressRoundtrip(left, { sampleRate, bitrateKbps });
      const stereo = compressRoundtrip([left, right], { sampleRate, bitrateKbps });
      const pairs: [Float32Array, Float32Array | undefined][] = [
        [left, mono],
        [left, stereo[0]],
        [right, stereo[1]],
      ];
      for (const [input, output] of pairs) {
        assert.ok(output);
        assert.equal(output.length, frameCount);
        assert.ok(isFinite(output));
        const found = correlation(input, output);
        if (leavesAlmostNothing(sampleRate, bitrateKbps, output !== mono)) {
          assert.ok(found > 0.9, `correlation ${found} at ${bitrateKbps} kbps`);
          continue;
        }
        assert.equal(findOffset(input, output, 4), 0, `offset at ${bitrateKbps} kbps`);
        assert.ok(found > 0.93, `correlation ${found} at ${bitrateKbps} kbps`);
      }
      const mp3 = encodeMp3(left, { sampleRate, bitrateKbps, tag: false });
      const used = usedBitrateKbps(mp3.length, frameCount, sampleRate);
      const expected = nearestBitrateKbps(sampleRate, bitrateKbps);
      assert.ok(Math.abs(used / expected - 1) < 0.03, `${used}, not ${expected} kbps`);
    }
  });
}

test("quality 0 to 9 on real audio", () => {
  const input = realAudio().subarray(0, 44100);
  const outputs = new Set<string>();
  for (let quality = 0; quality <= 9; quality++) {
    const output = compressRoundtrip(input, { sampleRate: 44100, bitrateKbps: 64, quality });
    assert.equal(findOffset(input, output, 4), 0);
    assert.ok(correlation(input, output) > 0.97, `quality ${quality}`);
    outputs.add(output.subarray(20000, 20100).join());
  }
  assert.ok(outputs.size > 3, "quality makes a difference");
});

for (const [sampleRate, bitrateKbps] of [[44100, 128], [16000, 32]] as const) {
  test(`lengths around MP3 frames at ${sampleRate} Hz`, () => {
    const real = realAudio().subarray(30000, 36000);
    for (let frameCount = 1; frameCount <= 5000; frameCount++) {
      const distance = Math.min(frameCount % 576, 576 - frameCount % 576);
      const delayed = (frameCount + 1105) % 576;
      if (frameCount > 40 && distance > 2 && delayed > 2 && frameCount % 97 !== 0) continue;
      const output = compressRoundtrip(real.subarray(0, frameCount), { sampleRate, bitrateKbps });
      assert.equal(output.length, frameCount);
      assert.ok(isFinite(output), `length ${frameCount}`);
      if (frameCount >= 2000) {
        const input = real.subarray(0, frameCount);
        assert.ok(correlation(input, output) > 0.9, `correlation at length ${frameCount}`);
      }
    }
  });
}

test("the last 529 samples are audio", () => {
  const input = realAudio().slice(0, 100_000);
  const output = compressRoundtrip(input, { sampleRate: 44100, bitrateKbps: 128 });
  assert.ok(correlation(input.subarray(-529), output.subarray(-529)) > 0.9);
});
