/** The command on single files: formats, pipes, errors. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { compressRoundtrip, encodeMp3 } from "../../mod.ts";
import { decodeBytes } from "../../cli/audio/read.ts";
import { VERSION } from "../../cli/version.ts";
import { as16Bits, runCli, startCli, withFolder, writeWav } from "./cli.ts";
import { projectPath, test } from "../harness.ts";
import { correlation, makeSignal, realAudio, sameBits } from "../signals.ts";

const RATE = 16000;

async function readSound(path: string) {
  return await decodeBytes(readFileSync(path));
}

function firstChannel(channels: readonly Float32Array[]): Float32Array {
  return channels[0] ?? assert.fail("no channel");
}

function json(bytes: { toString(): string }): Record<string, unknown> {
  return JSON.parse(bytes.toString());
}

test("roundtrip gives what the module gives, as WAV and as FLAC", () =>
  withFolder(async (folder) => {
    const clip = as16Bits(makeSignal(12345, RATE));
    const [input, wav, flac] = ["in.wav", "out.wav", "out.flac"].map((name) => join(folder, name));
    writeWav(input as string, [clip, clip], RATE);
    const expected = compressRoundtrip([clip, clip], { sampleRate: RATE, bitrateKbps: 24 });
    const args = ["roundtrip", input as string];
    const first = await runCli([
      ...args,
      wav as string,
      "--bitrate",
      "24",
      "--bits",
      "float",
      "--json",
    ]);
    assert.equal(first.stderr, "");
    const { frames, channels, sampleRate } = json(first.stdout);
    assert.deepEqual([frames, channels, sampleRate], [12345, 2, RATE]);
    const result = await readSound(wav as string);
    result.channels.forEach((channel, i) =>
      assert.ok(sameBits(channel, expected[i] as Float32Array))
    );
    assert.equal(
      (await runCli([...args, flac as string, "--bitrate", "24", "--bits", "24"])).code,
      0,
    );
    const lossless = firstChannel((await readSound(flac as string)).channels);
    const worst = lossless.reduce(
      (most, sample, i) => Math.max(most, Math.abs(sample - (expected[0]?.[i] ?? NaN))),
      0,
    );
    assert.ok(worst <= 2 ** -24 * 1.01, `differs by ${worst}`);
  }));

test("16 bits in and out: the module's result rounded, with its delay too", () =>
  withFolder(async (folder) => {
    const left = as16Bits(makeSignal(12345, RATE));
    const clip = [left, left.map((sample) => -0.5 * sample)].map(as16Bits);
    const [input, output] = [join(folder, "in.wav"), join(folder, "out.wav")];
    writeWav(input, clip, RATE);
    const codes = (samples: Float32Array) =>
      samples.map((sample) => Math.fround(sample * 32768 + (sample < 0 ? -0.5 : 0.5)) | 0);
    for (const preserveDelay of [false, true]) {
      const flags = preserveDelay ? ["--preserve-delay"] : [];
      const { code } = await runCli(["roundtrip", input, output, "--bitrate", "24", ...flags]);
      assert.equal(code, 0);
      const options = { sampleRate: RATE, bitrateKbps: 24, preserveDelay };
      const { channels } = await readSound(output);
      compressRoundtrip(clip, options).forEach((expected, i) =>
        assert.ok(sameBits(codes(channels[i] as Float32Array), codes(expected)))
      );
    }
  }));

test("pipes: a FLAC file in, a WAV file out", async () => {
  const stdin = readFileSync(projectPath("node_modules/audio-lena/lena.flac"));
  const { code, stdout, stderr } = await runCli(["roundtrip", "-", "-", "--bitrate", "320"], {
    stdin,
  });
  assert.equal(`${code} ${stderr}`, "0 ");
  const { channels, sampleRate } = await decodeBytes(stdout);
  const input = realAudio();
  assert.equal(sampleRate, 44100);
  assert.ok(Math.abs(firstChannel(channels).length - input.length) < 2000);
  const shared = Math.min(firstChannel(channels).length, input.length, 200_000);
  assert.ok(
    correlation(input.subarray(0, shared), firstChannel(channels).subarray(0, shared)) > 0.99,
  );
});

test("a reader that goes away ends it quietly", async () => {
  const flac = projectPath("node_modules/audio-lena/lena.flac");
  const { child, outcome } = startCli(["decode", flac, "-"]);
  child.stdout?.destroy();
  const { code, stderr } = await outcome;
  assert.equal(`${code} ${stderr}`, "141 ");
});

test("a lossless file that isn't touched keeps its samples", () =>
  withFolder(async (folder) => {
    const flac = projectPath("node_modules/audio-lena/lena.flac");
    const output = join(folder, "copy.wav");
    assert.equal((await runCli(["decode", flac, output])).code, 0);
    const { channels } = await readSound(output);
    const original = await readSound(flac);
    assert.ok(sameBits(firstChannel(channels), firstChannel(original.channels)));
    assert.ok(sameBits(firstChannel(channels), as16Bits(firstChannel(channels))));
  }));

test("encode writes the module's bytes, decode gives the clip's length, info tells it", () =>
  withFolder(async (folder) => {
    const clip = as16Bits(makeSignal(20001, RATE));
    const [input, mp3, output] = ["in.wav", "out.mp3", "out.wav"].map((name) =>
      join(folder, name)
    ) as [
      string,
      string,
      string,
    ];
    writeWav(input, [clip], RATE);
    assert.equal(
      (await runCli(["encode", input, mp3, "--average-bitrate", "40", "--reservoir"])).code,
      0,
    );
    const expected = encodeMp3(clip, {
      sampleRate: RATE,
      averageBitrateKbps: 40,
      bitReservoir: true,
    });
    assert.deepEqual(new Uint8Array(readFileSync(mp3)), expected);
    assert.equal((await runCli(["decode", mp3, output])).code, 0);
    const { stdout } = await runCli(["info", "--json", mp3, output]);
    const infos = stdout.toString().trimEnd().split("\n").map((line) => JSON.parse(line));
    for (const info of infos) {
      assert.deepEqual([info.channels, info.sampleRate, info.frames], [1, RATE, 20001]);
    }
    assert.deepEqual(infos.map(({ format }) => format), ["mp3", "wav"]);
    for (const [index, path] of [mp3, output].entries()) {
      const bits = 8 * readFileSync(path).length;
      const { byteSize, durationSeconds, bitrateKbps } = infos[index];
      assert.equal(8 * byteSize, bits);
      assert.equal(durationSeconds, 20001 / RATE);
      assert.ok(Math.abs(bitrateKbps - bits / durationSeconds / 1000) <= 0.006, `${bitrateKbps}`);
    }
  }));

test("long files are streamed, with the same result", () =>
  withFolder(async (folder) => {
    const clip = as16Bits(makeSignal(2_300_000, RATE));
    const [input, output, mp3] = ["in.wav", "out.wav", "out.mp3"].map((name) =>
      join(folder, name)
    ) as [
      string,
      string,
      string,
    ];
    writeWav(input, [clip], RATE);
    const options = { sampleRate: RATE, vbrQuality: 6 };
    await runCli(["roundtrip", input, output, "--vbr-quality", "6", "--bits", "float"]);
    const { channels } = await readSound(output);
    assert.ok(sameBits(firstChannel(channels), compressRoundtrip(clip, options)));
    await runCli(["encode", input, mp3, "--vbr-quality", "6"]);
    assert.deepEqual(new Uint8Array(readFileSync(mp3)), encodeMp3(clip, options));
  }));

test("errors are one line and have their exit code", () =>
  withFolder(async (folder) => {
    const noAudio = join(folder, "bad.wav");
    writeFileSync(noAudio, "no audio");
    const short = join(folder, "short.wav");
    writeWav(short, [makeSignal(100, RATE)], RATE);
    const wrong: [string[], number, RegExp][] = [
      [["roundtrip", short, "x.wav"], 2, /give one of --bitrate/],
      [["roundtrip", short, "x.wav", "--bitrate", "33"], 2, /Allowed choices are 8, 16/],
      [["roundtrip", short, "x.aac", "--bitrate", "32"], 2, /should end in \.wav or \.flac/],
      [
        ["roundtrip", join(folder, "none.wav"), "x.wav", "--bitrate", "32"],
        3,
        /there is no such file/,
      ],
      [
        ["roundtrip", noAudio, "x.wav", "--bitrate", "32"],
        3,
        /not a WAV, AIFF, FLAC, Ogg or MP3 file/,
      ],
      [["info", short, noAudio], 1, /bad\.wav: not a WAV/],
      [["dance"], 2, /unknown command 'dance'/],
    ];
    for (const [args, exitCode, message] of wrong) {
      const { code, stderr } = await runCli(args);
      assert.equal(code, exitCode, args.join(" "));
      assert.match(stderr, message);
      assert.doesNotMatch(stderr, /^ +at /m);
    }
  }));

test("every command has help with examples, and the version is the package's", async () => {
  const packages = ["package.json", "deno.json"].map((name) => readJsonFile(name)["version"]);
  assert.deepEqual(packages, [VERSION, VERSION]);
  for (const command of ["roundtrip", "dataset", "merge", "encode", "decode", "info"]) {
    const { code, stdout } = await runCli([command, "--help"]);
    assert.equal(code, 0);
    assert.match(stdout.toString(), new RegExp(`Examples?:\n  \\$ mp3-augment ${command}`));
  }
});

function readJsonFile(name: string): Record<string, unknown> {
  return JSON.parse(readFileSync(projectPath(name), "utf8"));
}
