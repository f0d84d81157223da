/** How the command codes: another sample rate, a place in the grid, several passes. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { decodeBytes } from "../../cli/audio/read.ts";
import { compressRoundtrip, encodeMp3 } from "../../mod.ts";
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
