/** How the command codes: another sample rate, a place in the grid, several passes. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { codeSource, type Coding } from "../../cli/audio/code.ts";
import { decodeBytes } from "../../cli/audio/read.ts";
import { Scratch } from "../../cli/audio/scratch.ts";
import type { Source } from "../../cli/audio/source.ts";
import { compressPcm16, compressRoundtrip, encodeMp3 } from "../../mod.ts";
import { as16Bits, runCli, withFolder, writeWav } from "./cli.ts";
import { test } from "../harness.ts";
import { makeSignal } from "../signals.ts";

const FLAGS = ["--bitrate", "32", "--coded-rate", "auto", "--grid-offset", "700", "--passes", "2"];
const options = { bitrateKbps: 32, codedSampleRate: "auto", gridOffset: 700, passes: 2 } as const;

test("--coded-rate, --grid-offset and --passes are the module's options, for short and long files", () =>
  withFolder(async (folder) => {
    const [input, wav, mp3] = ["in.wav", "out.wav", "out.mp3"].map((name) =>
      join(folder, name)
    ) as [
      string,
      string,
      string,
    ];
    for (const frameCount of [20_000, 1_200_000]) {
      const clip = [1, 2].map((seed) => as16Bits(makeSignal(frameCount, 44100, seed)));
      writeWav(input, clip, 44100);
      const coded = { ...options, sampleRate: 44100 };
      const round = await runCli(["roundtrip", input, wav, ...FLAGS, "--bits", "float", "--json"]);
      assert.equal(round.code, 0, round.stderr);
      const { parameters } = JSON.parse(round.stdout.toString());
      const { codedSampleRate, codedBitrateKbps, gridOffset, passes } = parameters;
      assert.deepEqual([codedSampleRate, codedBitrateKbps, gridOffset, passes], [
        16000,
        32,
        700,
        2,
      ]);
      const expected = compressRoundtrip(clip, coded);
      const { channels } = await decodeBytes(new Uint8Array(readFileSync(wav)));
      assert.deepEqual(channels, expected);
      const encoded = await runCli(["encode", input, mp3, ...FLAGS, "--json"]);
      assert.equal(encoded.code, 0, encoded.stderr);
      const told = JSON.parse(encoded.stdout.toString());
      assert.deepEqual([told.codedSampleRate, told.channels, told.tag], [
        16000,
        clip.length,
        false,
      ]);
      assert.equal(told.durationSeconds, told.frames / told.sampleRate);
      assert.equal(told.frames, clip[0]?.length);
      assert.deepEqual(new Uint8Array(readFileSync(mp3)), encodeMp3(clip, coded));
    }
  }));

test("what is wrong is told in the command's words", () =>
  withFolder(async (folder) => {
    const [input, wav] = [join(folder, "in.wav"), join(folder, "out.wav")];
    writeWav(input, [makeSignal(2000, 16000)], 16000);
    const run = (...flags: string[]) =>
      runCli(["roundtrip", input, wav, "--bitrate", "32", ...flags]);
    const cases: [string[], RegExp][] = [
      [["--coded-rate", "44"], /auto or one of 8000/],
      [["--passes", "11"], /an integer from 1 to 10/],
      [["--grid-offset", "576"], /--grid-offset is 576; it must be an integer from 0 to 575/],
      [["--coded-rate", "8000", "--lowpass", "5000"], /--lowpass is 5000.*4000/],
    ];
    const outcomes = await Promise.all(cases.map(([flags]) => run(...flags)));
    outcomes.forEach(({ code, stderr }, index) => {
      assert.notEqual(code, 0);
      assert.match(stderr, cases[index]?.[1] as RegExp);
    });
  }));

test("16-bit samples are coded into the memory that may be used for it", async () => {
  const format = { container: "wav", samples: "16" } as const;
  const coding: Coding = {
    ...{ bitrateKbps: 32, quality: 7, stereoMode: "joint", bitReservoir: true },
    ...{ preserveDelay: false, preserveLevel: false },
  };
  const original = Int16Array.from(makeSignal(5000, 16000), (sample) => sample * 30000);
  const scratch = new Scratch();
  for (const threads of [1, undefined]) {
    for (const preserveDelay of [false, true]) {
      for (const isLastUse of [false, true]) {
        const pcm16 = original.slice();
        const form = { sampleRate: 16000, channelCount: 1 };
        const source = { ...form, frameCount: pcm16.length, pcm16 } as unknown as Source;
        const given = { ...coding, preserveDelay };
        const options = { channelGroups: "pairs", isLastUse, format, scratch } as const;
        const result = await codeSource(source, given, { ...options, ...(threads && { threads }) });
        const expected = compressPcm16(original, { ...given, sampleRate: 16000, channels: 1 });
        assert.deepEqual(result.pcm16, expected);
        assert.equal(result.frameCount, expected.length);
        const buffers = [pcm16.buffer, scratch.codes(0)];
        const place = preserveDelay ? -1 : isLastUse ? 0 : 1;
        assert.equal(buffers.indexOf(result.pcm16?.buffer as ArrayBuffer), place);
        if (place !== 0) assert.deepEqual(pcm16, original);
      }
    }
  }
});

test("memory is used again as long as it is large enough, and has a quarter more", () => {
  const scratch = new Scratch();
  const codes = scratch.codes(1001);
  assert.equal(codes.byteLength, 1252);
  assert.equal(scratch.codes(1252), codes);
  assert.equal(scratch.codes(1253).byteLength, 1567);
  const file = scratch.file(1000);
  assert.equal(file.length, 1000);
  assert.deepEqual([scratch.file(1250).buffer, scratch.file(1250).length], [file.buffer, 1250]);
  assert.notEqual(scratch.file(1251).buffer, file.buffer);
  const [one] = scratch.planes(1, 100);
  const two = scratch.planes(2, 99);
  assert.deepEqual(two.map((plane) => plane.length), [99, 99]);
  assert.equal(two[0]?.buffer, one?.buffer);
  const again = scratch.planes(2, 100);
  assert.deepEqual(again.map((plane) => plane.length), [100, 100]);
  assert.deepEqual(again.map(({ buffer }) => buffer), two.map(({ buffer }) => buffer));
  assert.equal(scratch.planes(1, 100).length, 1);
  const more = scratch.planes(1, 101);
  assert.deepEqual([more.length, more[0]?.length], [1, 101]);
  assert.notEqual(more[0]?.buffer, one?.buffer);
});
