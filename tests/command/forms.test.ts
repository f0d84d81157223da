/** The same in every command: what audio it takes, what flags are called, and what colours mean. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { painted } from "../../cli/tell.ts";
import { wavBytes, wavHeader } from "../../cli/audio/wav.ts";
import { decodeMp3, encodeMp3 } from "../../mod.ts";
import { resample } from "../../transform.ts";
import { as16Bits, cliCommand, runCli, withFolder, writeWav } from "./cli.ts";
import { projectPath, runtimeName, test } from "../harness.ts";
import { makeSignal } from "../signals.ts";

const BITRATE = ["--bitrate", "64"];

async function run(...args: string[]) {
  const outcome = await runCli(args);
  assert.equal(outcome.code, 0, outcome.stderr);
  return { ...outcome, stdout: outcome.stdout.toString() };
}

const bytesOf = (path: string) => new Uint8Array(readFileSync(path));

test("encode resamples what MP3 has no rate for, short and long", () =>
  withFolder(async (folder) => {
    const [input, mp3] = [join(folder, "in.wav"), join(folder, "out.mp3")];
    for (const frameCount of [9001, 2_300_000]) {
      const clip = as16Bits(makeSignal(frameCount, 96000));
      writeWav(input, [clip], 96000);
      const result = JSON.parse((await run("encode", input, mp3, ...BITRATE, "--json")).stdout);
      assert.deepEqual([result.sampleRate, result.codedSampleRate], [96000, 48000]);
      const half = resample(clip, 96000, 48000);
      const options = { sampleRate: 48000, bitrateKbps: 64 };
      assert.deepEqual(bytesOf(mp3), encodeMp3(half, options));
      assert.equal(decodeMp3(bytesOf(mp3)).channelData[0]?.length, Math.ceil(frameCount / 2));
    }
  }));

test("encode writes one file for each pair of channels, or for each channel", () =>
  withFolder(async (folder) => {
    const [input, mp3] = [join(folder, "in.wav"), join(folder, "out.mp3")];
    const channels = [0, 1, 2].map((i) => as16Bits(makeSignal(5000, 16000, i)));
    writeWav(input, channels, 16000);
    const options = { sampleRate: 16000, bitrateKbps: 64 };
    const encode = (...groups: Float32Array[]) => encodeMp3(groups, options);
    const [a, b, c] = channels as [Float32Array, Float32Array, Float32Array];
    const { stdout } = await run("encode", input, mp3, ...BITRATE, "--json");
    const outputs: string[] = JSON.parse(stdout).outputs;
    assert.deepEqual(outputs, [join(folder, "out-0.mp3"), join(folder, "out-1.mp3")]);
    assert.deepEqual(bytesOf(outputs[0] as string), encode(a, b));
    assert.deepEqual(bytesOf(outputs[1] as string), encode(c));
    assert.ok(!existsSync(mp3));
    const again = await runCli(["encode", input, mp3, ...BITRATE]);
    assert.equal(again.code, 2);
    assert.match(again.stderr, /2 files are made, and .*out-0\.mp3, which you haven't named/);
    await run("encode", input, mp3, ...BITRATE, "--channel-groups", "singles", "--force");
    assert.deepEqual(
      [0, 1, 2].map((index) => bytesOf(join(folder, `out-${index}.mp3`))),
      [encode(a), encode(b), encode(c)],
    );
    const piped = await runCli(["encode", input, "-", ...BITRATE]);
    assert.equal(piped.code, 2);
    assert.match(piped.stderr, /two channels.*makes 2 files: name OUT\.mp3.*OUT-1\.mp3/);
  }));

test("info tells the bits of a sample, and the length to two decimals", () =>
  withFolder(async (folder) => {
    const clip = as16Bits(makeSignal(8000, 16000));
    const path = (name: string) => join(folder, name);
    const cases: [string, string, number | null, string | null][] = [];
    for (const format of ["16", "24", "float"] as const) {
      const file = path(`${format}.wav`);
      const bits = format === "float" ? 32 : Number(format);
      writeFileSync(file, wavHeader(16000, 1, format, clip.length));
      writeFileSync(file, wavBytes([clip], format), { flag: "a" });
      const type = format === "float" ? "float" : "integer";
      cases.push([file, `wav, ${bits} bits${format === "float" ? " float" : ""}, `, bits, type]);
    }
    const long = path("long.wav");
    writeWav(long, [new Float32Array(125.37 * 16000)], 16000);
    cases.push([long, "wav, 16 bits, 16000 Hz, 1 channel, 2:05.37 min (", 16, "integer"]);
    await run("decode", path("24.wav"), path("a.flac"), "--bits", "24");
    cases.push([path("a.flac"), "flac, 24 bits, 16000 Hz, 1 channel, 0.50 s (", 24, "integer"]);
    await run("encode", path("16.wav"), path("a.mp3"), ...BITRATE);
    cases.push([path("a.mp3"), "mp3, 16000 Hz, 1 channel, 0.50 s (", null, null]);
    const files = cases.map(([file]) => file);
    const lines = (await run("info", ...files)).stdout.trim().split("\n");
    const objects = (await run("info", "--json", ...files)).stdout.trim().split("\n");
    cases.forEach(([file, text, bits, type], index) => {
      assert.ok(lines[index]?.startsWith(`${file}: ${text}`), `${lines[index]}`);
      assert.match(lines[index] ?? "", /, \d+\.\d\d kbps/);
      const { bitsPerSample, sampleType } = JSON.parse(objects[index] as string);
      assert.deepEqual([bitsPerSample, sampleType], [bits, type]);
    });
  }));

const COMMANDS = ["roundtrip", "dataset", "merge", "encode", "decode", "info", "report"];

/** The flags of a command, with what they take. */
async function flagsOf(command: string): Promise<[string, string][]> {
  const { stdout } = await run(command, "--help");
  const [options = ""] = stdout.slice(stdout.indexOf("\nOptions:")).split("\nExample");
  return [...options.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)(?: (<[^>]+>))?/gm)]
    .map(([, flag = "", takes = ""]): [string, string] => [flag, takes]);
}

test("a flag takes the same in every command; what takes a list is a plural", async () => {
  const takenBy = new Map<string, string>();
  for (const command of COMMANDS) {
    const flags = await flagsOf(command);
    assert.ok(flags.length >= 2, command);
    for (const [flag, takes] of flags) {
      assert.equal(takes, takenBy.get(flag) ?? takes, `${command} ${flag}`);
      takenBy.set(flag, takes);
    }
  }
  for (const [flag, takes] of takenBy) {
    if (/list|,/.test(takes)) assert.match(flag, /s$/, `${flag} ${takes}`);
    const singular = flag.replace(/ies$/, "y").replace(/s$/, "");
    const isList = singular !== flag && takenBy.has(singular);
    if (isList && flag !== "--shards") assert.match(takes, /list|,/, `${flag} ${takes}`);
  }
  assert.ok(takenBy.has("--bitrate") && takenBy.has("--reservoirs"));
});

test("the manual names no flag that isn't there", async () => {
  const flags = new Set((await Promise.all(COMMANDS.map(flagsOf))).flat().map(([flag]) => flag));
  const manual = readFileSync(projectPath("docs/cli.md"), "utf8");
  for (const [flag] of manual.matchAll(/--[a-z][\w-]+/g)) {
    assert.ok(flags.has(flag) || flag === "--help", flag);
  }
});

test("colours: none in a pipe or with NO_COLOR, always with FORCE_COLOR", async () => {
  const stderrOf = async (env: Record<string, string>, ...args: string[]) => {
    const all = { NO_COLOR: "", FORCE_COLOR: "", ...env };
    return (await runCli(args, { env: all })).stderr;
  };
  const red = "\x1b[1;31merror:\x1b[0m ";
  for (const args of [["info", "/nowhere.wav"], ["nothing"], ["decode", "/nowhere.wav", "x.wav"]]) {
    assert.match(await stderrOf({}, ...args), /^error: /);
    assert.ok((await stderrOf({ FORCE_COLOR: "1" }, ...args)).startsWith(red), `${args}`);
    assert.match(await stderrOf({ FORCE_COLOR: "1", NO_COLOR: "1" }, ...args), /^error: /);
  }
  assert.match(await stderrOf({ FORCE_COLOR: "0" }, "nothing"), /^error: /);
});

test("colours: a terminal has them, but for a dumb one and who forbids them", () => {
  const variables = ["NO_COLOR", "FORCE_COLOR", "TERM"] as const;
  const before = variables.map((name) => process.env[name]);
  const { isTTY } = process.stderr;
  const set = (name: string, value: string | undefined) => {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  };
  const cases: [terminal: boolean, term: string | undefined, no?: string, force?: string][] = [
    [true, "xterm"],
    [true, undefined],
    [true, "dumb"],
    [false, "xterm"],
    [true, "xterm", "1"],
    [true, "xterm", "", "false"],
    [false, "dumb", "", "1"],
  ];
  try {
    const shown = cases.map(([terminal, term, no, force]) => {
      Object.defineProperty(process.stderr, "isTTY", { value: terminal, configurable: true });
      [no, force, term].forEach((value, i) => set(variables[i] as string, value));
      return ["error: a error: b", "warning: c", "an error: d"].map(painted);
    });
    const plain = ["error: a error: b", "warning: c", "an error: d"];
    const coloured = [
      ...["\x1b[1;31merror:\x1b[0m a error: b", "\x1b[1;33mwarning:\x1b[0m c", "an error: d"],
    ];
    assert.deepEqual(shown, [coloured, coloured, plain, plain, plain, plain, coloured]);
  } finally {
    Object.defineProperty(process.stderr, "isTTY", { value: isTTY, configurable: true });
    before.forEach((value, i) => set(variables[i] as string, value));
  }
});

// Deno finds packages by where the script is, and tells no such thing.
const testOfWarnings = runtimeName === "Deno" ? () => {} : test;
testOfWarnings(
  "that a runtime's FFI is experimental is not told to people; other warnings are",
  () =>
    withFolder((folder) => {
      const [program = "", ...args] = cliCommand();
      const main = pathToFileURL(args.pop() as string).href;
      const script = join(folder, "warns.mjs");
      writeFileSync(
        script,
        `import process from "node:process";
      await import(${JSON.stringify(main)});
      process.emitWarning("FFI is experimental");
      process.emitWarning("another, of FFI too");`,
      );
      const { stderr, status } = spawnSync(program, [...args, script, "--version"]);
      assert.equal(status, 0);
      assert.match(`${stderr}`, /another, of FFI too/);
      assert.doesNotMatch(`${stderr}`, /FFI is experimental/);
      return Promise.resolve();
    }),
);
