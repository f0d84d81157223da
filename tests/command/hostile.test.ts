/** Names, folders, limits and terminals that a run must live with. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { encodeMp3 } from "../../mod.ts";
import { printable } from "../../cli/errors.ts";
import { formatDuration, progressLine } from "../../cli/progress.ts";
import {
  cliCommand,
  inTerminal,
  readJsonLines,
  readTree,
  runCli,
  withFolder,
  writeWav,
} from "./cli.ts";
import { test } from "../harness.ts";
import { makeSignal } from "../signals.ts";

const RATE = 16000;
const isLinux = process.platform === "linux";

function makeClip(path: string, seed = 1): void {
  writeWav(path, [makeSignal(2000, RATE, seed)], RATE);
}

function bash(script: string, cwd: string, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync("bash", ["-c", script, "bash", ...args], {
    cwd,
    timeout: 120_000,
  });
  return { code: status, stdout: stdout.toString(), stderr: stderr.toString() };
}

test("names: not UTF-8, as long as they may be, with control characters, with links in the way", () =>
  withFolder(async (folder) => {
    if (!isLinux) return;
    const [source, target] = [join(folder, "in"), join(folder, "out")];
    makeClip(join(source, "good.wav"));
    makeClip(join(source, "ok\ufffd.wav")); // a name that only looks so
    makeClip(join(source, "red\x1b[31m\r.wav"));
    const long = "l".repeat(251) + ".wav";
    makeClip(join(source, long));
    const made = bash(`cp good.wav $'caf\\xe9.wav' && cp good.wav $'caf\\xe8.wav'`, source);
    assert.equal(made.code, 0, made.stderr);
    writeFileSync(join(source, "bad\x1b]0;x\x07.wav"), "no audio");
    const victim = join(folder, "victim");
    writeFileSync(victim, "mine");
    mkdirSync(target);
    symlinkSync(victim, join(target, ".good.wav.partial"));
    const { code, stdout, stderr } = await runCli(["dataset", source, target, "--json"]);
    assert.equal(code, 1, stderr);
    const { failures, done } = JSON.parse(stdout.toString());
    assert.equal(done, 4);
    assert.deepEqual(failures.map(({ reason }: { reason: string }) => reason), [
      "not a WAV, AIFF, FLAC, Ogg or MP3 file",
      "its name is not UTF-8, so that it can't be opened: rename it",
      "its name is not UTF-8, so that it can't be opened: rename it",
    ]);
    assert.match(stderr, /failed: bad\\x1b\]0;x\\x07\.wav: /);
    assert.ok(!stderr.includes("\x1b") && !stderr.includes("\x07"));
    assert.ok(existsSync(join(target, long)) && existsSync(join(target, "ok\ufffd.wav")));
    assert.equal(readFileSync(victim, "utf8"), "mine");
    // One byte more than the file system takes is a failed file.
    const flac = await runCli([
      "decode",
      join(source, "good.wav"),
      join(source, "g".repeat(250) + ".flac"),
    ]);
    assert.equal(flac.code, 0, flac.stderr);
    const again = await runCli(["dataset", source, `${target}2`, "--json", "--copies", "2"]);
    assert.match(again.stderr, /l+\.wav: its name is too long for the file system/);
    assert.equal(again.code, 1);
  }));

test("what is no sound file: other formats, pipes and folders are counted", () =>
  withFolder(async (folder) => {
    const [source, target] = [join(folder, "in"), join(folder, "out")];
    makeClip(join(source, "a.wav"));
    for (const name of ["b.m4a", "c.webm", "sub/d.M4A", "notes.txt", ".hidden.m4a"]) {
      mkdirSync(join(source, "sub"), { recursive: true });
      writeFileSync(join(source, name), "x");
    }
    const expected: Record<string, number> = { ".m4a": 2, ".webm": 1 };
    if (isLinux) {
      assert.equal(bash("mkfifo pipe.wav && ln -s sub linked", source).code, 0);
      Object.assign(expected, { "linked folder": 1, pipe: 1 });
    }
    const { code, stdout, stderr } = await runCli(["dataset", source, target, "--json"]);
    assert.equal(code, 0, stderr);
    const { skipped, files } = JSON.parse(stdout.toString());
    assert.equal(files, 1);
    assert.deepEqual(skipped, expected);
    assert.match(stderr, /[35] files skipped: \.m4a 2, \.webm 1/);
    assert.equal((await runCli(["dataset", source, target, "--strict"])).code, 1);
    if (!isLinux) return;
    writeFileSync(join(folder, "list.jsonl"), '{"path":"in/pipe.wav"}\n{"path":"in/a.wav"}\n');
    const listed = await runCli(["dataset", join(folder, "list.jsonl"), `${target}2`, "--json"]);
    assert.deepEqual(JSON.parse(listed.stdout.toString()).failures, [
      { source: "in/pipe.wav", reason: "it is a pipe, not a sound file" },
    ]);
    const alone = await runCli(["dataset", join(source, "pipe.wav"), `${target}3`]);
    assert.equal(alone.code, 2);
    assert.match(alone.stderr, /it is a pipe, not a file/);
  }));

test("outputs beside folders of their name, and names that are the command's own", () =>
  withFolder(async (folder) => {
    const source = join(folder, "in");
    makeClip(join(source, "x.wav/y.wav"));
    const flac = ["decode", join(source, "x.wav/y.wav"), join(source, "x.flac")];
    assert.equal((await runCli(flac)).code, 0);
    const { code, stderr } = await runCli(["dataset", source, join(folder, "out")]);
    assert.equal(code, 0, stderr);
    assert.deepEqual(
      readJsonLines(join(folder, "out/manifest.jsonl")).map(({ output }) => output),
      ["x.flac.wav", "x.wav/y.wav"],
    );
    for (const name of ["manifest.jsonl", "manifest-0-of-2.jsonl", ".mp3-augment"]) {
      const list = join(folder, "list.jsonl");
      makeClip(join(folder, name, "a.wav"));
      writeFileSync(list, JSON.stringify({ path: `${name}/a.wav` }));
      const refused = await runCli(["dataset", list, join(folder, "out2")]);
      assert.equal(refused.code, 2);
      assert.match(refused.stderr, /is this command's own: rename it/);
      assert.ok(!existsSync(join(folder, "out2")));
      rmSync(join(folder, name), { recursive: true });
    }
  }));

test("lists: a byte order mark is passed over, lines that are no objects are named", () =>
  withFolder(async (folder) => {
    makeClip(join(folder, "a.wav"));
    const list = join(folder, "list.jsonl");
    const run = (text: string) => {
      writeFileSync(list, text);
      return runCli(["dataset", list, join(folder, "out"), "--json"]);
    };
    assert.equal((await run('\ufeff{"path":"a.wav"}\n')).code, 0);
    for (const line of ["null", "3", '"a.wav"', '["a.wav"]', "{"]) {
      const { code, stderr, stdout } = await run(`{"path":"a.wav"}\n${line}\n`);
      assert.equal(code, 2, line);
      assert.match(stderr, /list\.jsonl: line 2 is no JSON object, such as/);
      assert.deepEqual(Object.keys(JSON.parse(stdout.toString())), ["error", "exitCode"]);
    }
    const { stderr } = await run('{"file":"a.wav","n":1}\n');
    assert.match(
      stderr,
      /line 1 has no "path" or "audio_filepath" with a path \(it has file, n\); --path-column/,
    );
  }));

test("lists: other encodings and columns of one name are refused, as some of it would be lost", () =>
  withFolder(async (folder) => {
    makeClip(join(folder, "a.wav"));
    const list = join(folder, "list.csv");
    const run = (text: Uint8Array) => {
      writeFileSync(list, text);
      return runCli(["dataset", list, join(folder, "out")]);
    };
    const latin = await run(Buffer.from("path,text\na.wav,caf\xe9\n", "latin1"));
    assert.equal(latin.code, 2);
    assert.match(latin.stderr, /list\.csv is not UTF-8/);
    const twice = await run(Buffer.from("path,text,text\na.wav,one,two\n"));
    assert.equal(twice.code, 2);
    assert.match(twice.stderr, /list\.csv: two columns are called "text": rename one/);
    assert.ok(!existsSync(join(folder, "out")));
    assert.equal((await run(Buffer.from("path,text,,\na.wav,café,,\n"))).code, 0);
  }));

test("links in DST: no two outputs become one file, and none a source", () =>
  withFolder(async (folder) => {
    if (!isLinux) return;
    const [source, target] = [join(folder, "in"), join(folder, "out")];
    for (const name of ["a", "b"]) makeClip(join(source, name, "x.wav"));
    mkdirSync(join(target, "b"), { recursive: true });
    symlinkSync("b", join(target, "a"));
    const run = () => runCli(["dataset", source, target, "--p", "0"]);
    const { code, stderr } = await run();
    assert.equal(code, 2);
    assert.match(stderr, /a\/x\.wav and b\/x\.wav would be one file, as links in .*out lead there/);
    assert.deepEqual(readdirSync(join(target, "b")), []);
    rmSync(join(target, "a"));
    mkdirSync(join(target, "a"));
    symlinkSync("../b/x.wav", join(target, "a", "x.wav"));
    assert.match((await run()).stderr, /a\/x\.wav and b\/x\.wav would be one file/);
    rmSync(join(target, "a"), { recursive: true });
    mkdirSync(join(source, "c"));
    symlinkSync(join(source, "c"), join(target, "a"));
    const inside = await run();
    assert.equal(inside.code, 2);
    assert.match(inside.stderr, /a\/x\.wav is inside of .*in: it would become a source/);
    assert.deepEqual(readdirSync(join(source, "c")), []);
  }));

test("few open files allowed: fewer are worked on, and nothing fails", () =>
  withFolder((folder) => {
    if (!isLinux) return Promise.resolve();
    const source = join(folder, "in");
    for (let i = 0; i < 40; i++) makeClip(join(source, `c${i}.wav`), i);
    for (const [limit, threads] of [[64, 200], [96, 200]]) {
      const out = join(folder, `out${limit}`);
      const line = `ulimit -n ${limit}; exec "$@" dataset in ${out} --threads ${threads} --json`;
      const { code, stdout, stderr } = bash(line, folder, ...cliCommand());
      assert.equal(code, 0, `${limit}: ${stderr}`);
      assert.deepEqual([JSON.parse(stdout).done, JSON.parse(stdout).failed], [40, 0]);
      assert.match(stderr, /only \d+ files at once, not 200: .*ulimit -n/);
    }
    assert.deepEqual(readTree(join(folder, "out64")), readTree(join(folder, "out96")));
    return Promise.resolve();
  }));

test("a full disk ends the run with what is done recorded, and nothing cut short", () =>
  withFolder(async (folder) => {
    if (!isLinux || process.getuid?.() !== 0) return; // only root may mount
    const [source, disk] = [join(folder, "in"), join(folder, "disk")];
    for (let i = 0; i < 12; i++) {
      writeWav(join(source, `c${i}.wav`), [makeSignal(30000, RATE, i)], RATE);
    }
    mkdirSync(disk);
    const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=400k", "tmpfs", disk]);
    if (mounted.status !== 0) return; // a container without the right
    try {
      const run = () => runCli(["dataset", source, join(disk, "out"), "--quiet", "--threads", "1"]);
      const { code, stderr } = await run();
      assert.equal(code, 3);
      assert.match(stderr, /the disk is full\. What is done is recorded: run it again to go on/);
      const left = Object.keys(readTree(disk));
      assert.ok(!left.some((name) => name.endsWith(".partial")), left.join());
      spawnSync("mount", ["-o", "remount,size=4m", disk]);
      assert.equal((await run()).code, 0);
      assert.equal(readJsonLines(join(disk, "out/manifest.jsonl")).length, 12);
    } finally {
      spawnSync("umount", [disk]);
    }
  }));

test("encode warns where LAME writes no tag, and says what was coded", () =>
  withFolder(async (folder) => {
    const [clip, mp3] = [join(folder, "a.wav"), join(folder, "a.mp3")];
    const samples = makeSignal(44100, 44100);
    writeWav(clip, [samples], 44100);
    const run = async (bitrate: string, ...flags: string[]) => {
      const outcome = await runCli(["encode", clip, mp3, "--bitrate", bitrate, "--json", ...flags]);
      assert.equal(outcome.code, 0, outcome.stderr);
      return { ...outcome, result: JSON.parse(outcome.stdout.toString()) };
    };
    const low = await run("8");
    assert.match(low.stderr, /^warning: .*a\.mp3: LAME writes no tag at this bitrate/);
    assert.equal(low.result.tag, false);
    assert.deepEqual(
      [low.result.parameters.bitrateKbps, low.result.parameters.codedBitrateKbps],
      [8, 32],
    );
    assert.equal((await run("8", "--no-tag")).stderr, "");
    const high = await run("128");
    assert.deepEqual([high.stderr, high.result.tag], ["", true]);
    assert.ok(encodeMp3(samples, { sampleRate: 44100, bitrateKbps: 128 }).length > 0);
    writeWav(clip, [makeSignal(2_300_000, 44100)], 44100);
    assert.equal((await run("128")).result.tag, true);
    assert.match((await run("8")).stderr, /LAME writes no tag/);
    const piped = await runCli(["encode", clip, "-", "--bitrate", "128"]);
    assert.match(piped.stderr, /^warning: standard output: a long file .* gets no tag/);
    const { stdout } = await runCli([
      "roundtrip",
      clip,
      join(folder, "o.wav"),
      "--bitrate",
      "8",
      "--json",
    ]);
    assert.equal(JSON.parse(stdout.toString()).parameters.codedBitrateKbps, 32);
  }));

test("errors name flags and commands that exist, and --json tells of every failure", () =>
  withFolder(async (folder) => {
    makeClip(join(folder, "in/a.wav"));
    const source = join(folder, "in");
    const wrong = await runCli([
      "dataset",
      source,
      join(folder, "o"),
      "--min-bitrate",
      "64",
      "--max-bitrate",
      "8",
      "--json",
    ]);
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /--m(in|ax)-bitrate/);
    assert.doesNotMatch(wrong.stderr, /BitrateKbps/);
    assert.match(JSON.parse(wrong.stdout.toString()).error, /can't be drawn/);
    const unknown = await runCli(["dance", "--json"]);
    assert.match(unknown.stderr, /the commands are roundtrip, dataset, merge, encode/);
    assert.equal(JSON.parse(unknown.stdout.toString()).exitCode, 2);
    const option = await runCli(["encode", "--json", "--nothing", "a", "b"]);
    assert.match(option.stderr, /see "mp3-augment encode --help"/);
    const none = await runCli([
      "encode",
      join(folder, "none.wav"),
      "-",
      "--bitrate",
      "32",
      "--json",
    ]);
    assert.equal(none.code, 3);
    assert.equal(none.stdout.length, 0); // where the MP3 file would be
    assert.match(none.stderr, /\{"error":".*there is no such file","exitCode":3\}/);
    const info = await runCli(["info", "--json", join(folder, "none.wav")]);
    assert.match(JSON.parse(info.stdout.toString()).error, /there is no such file/);
    const merge = await runCli(["merge", folder, "--json"]);
    assert.equal(JSON.parse(merge.stdout.toString()).exitCode, 3);
  }));

test("the progress line fits, with what matters first, and units are sensible", () => {
  const state = {
    done: 1234,
    total: 99999,
    failed: 7,
    secondsLeft: 3725,
    audioSeconds: 17,
    timesRealTime: 1878,
  };
  for (let columns = 1; columns < 200; columns++) {
    const line = progressLine(state, columns);
    assert.ok(line.length <= columns, `${columns}: ${line}`);
    if (columns >= 40) assert.match(line, /1234\/99999, 1:02 h left, 7 failed/);
    if (columns >= 100) assert.match(line, /^█*░+ .*1878 × real time, 17 s of audio$/);
  }
  const half = { ...state, done: 50, total: 100, failed: 0 };
  const unknown = { ...half, secondsLeft: undefined };
  const lines: [typeof unknown | typeof half, number, string][] = [
    [half, 3, "50/"],
    [half, 7, "50/100"],
    [half, 18, "██████░░░░░ 50/100"],
    [half, 29, "50/100, 1:02 h left"],
    [half, 30, "█████░░░░░ 50/100, 1:02 h left"],
    [
      { ...half, failed: 1 },
      60,
      "██████░░░░░░ 50/100, 1:02 h left, 1 failed, 1878 × real time",
    ],
    [{ ...unknown, total: 0 }, 80, `${"░".repeat(40)} 50, 1878 × real time, 17 s of audio`],
    [
      { ...unknown, done: 150 },
      200,
      `${"█".repeat(40)} 150/100, 1878 × real time, 17 s of audio`,
    ],
  ];
  for (const [given, columns, line] of lines) assert.equal(progressLine(given, columns), line);
  assert.deepEqual(
    [0, 0.004, 0.42, 5.25, 17, 125, 3725, 200_000].map(formatDuration),
    ["0 s", "0.00 s", "0.42 s", "5.3 s", "17 s", "2:05 min", "1:02 h", "56 h"],
  );
  assert.deepEqual(
    [0.994, 0.996, 9.94, 9.96, 59.4, 59.6, 3599.4, 3600, 35999, 36000].map(formatDuration),
    [
      "0.99 s",
      "1.0 s",
      "9.9 s",
      "10 s",
      "59 s",
      "1:00 min",
      "59:59 min",
      "1:00 h",
      "9:59 h",
      "10 h",
    ],
  );
  assert.equal(printable("a\x1b[31m\u202eb\n\x9b🎵"), "a\\x1b[31m\\u202eb\\x0a\\x9b🎵");
});

test("in a terminal the line is cleared at the end and on Ctrl-C", () =>
  withFolder((folder) => {
    const source = join(folder, "in");
    for (let i = 0; i < 60; i++) {
      writeWav(join(source, `c${i}.wav`), [makeSignal(60000, RATE, i)], RATE);
    }
    const [program = "", ...first] = cliCommand().map((part) => `'${part}'`);
    writeFileSync(
      join(folder, "run.sh"),
      `stty cols 50
${program} ${first.join(" ")} dataset in out --p 1 --quality 0 --threads 1 &
until grep -q rows out/.mp3-augment/journal.jsonl; do sleep 0.01; done 2>/dev/null
kill -INT $!
wait $!
`,
    );
    const terminal = inTerminal("bash run.sh", folder);
    if (!terminal) return Promise.resolve();
    const { text } = terminal;
    const at = text.indexOf("finishing the files");
    assert.ok(at > 0, text);
    // Before the words the bar's line is emptied: to its start, and cleared.
    // deno-lint-ignore no-control-regex -- what a terminal is sent
    assert.match(text.slice(0, at), /\x1b\[1G\x1b\[2K$/);
    // deno-lint-ignore no-control-regex -- what a terminal is sent
    const steering = /\x1b\[[?\d;]*[A-Za-z]|\x1b[78]/g;
    const lines = text.split(/(?:.\[1G|\r|\n)/).map((line) => line.replace(steering, ""));
    const bars = lines.filter((line) => line.includes("/60"));
    assert.ok(bars.length > 0);
    for (const bar of bars) assert.ok([...bar].length <= 50, bar);
    return Promise.resolve();
  }));

test("a killed run's half-written files are gone after the next one", () =>
  withFolder(async (folder) => {
    const [source, target] = [join(folder, "in"), join(folder, "out")];
    makeClip(join(source, "a.wav"));
    assert.equal((await runCli(["dataset", source, target])).code, 0);
    const whole = readTree(target);
    const partial = ".mp3-augment-0123456789ab.partial";
    rmSync(join(target, "a.wav"));
    rmSync(join(target, ".mp3-augment/journal.jsonl"));
    const begun = { unit: "a.wav", begins: ["a.wav"], partial };
    const escaping = { unit: "b.wav", begins: ["a.wav"], partial: "../../keep" };
    writeFileSync(
      join(target, ".mp3-augment/journal.jsonl"),
      [begun, escaping].map((line) => `${JSON.stringify(line)}\n`).join(""),
    );
    writeFileSync(join(target, partial), "half");
    writeFileSync(join(folder, "keep"), "mine");
    assert.equal((await runCli(["dataset", source, target])).code, 0);
    assert.deepEqual(readTree(target), whole);
    assert.ok(readdirSync(folder).includes("keep"));
    assert.ok(Buffer.from(whole["a.wav"] ?? "", "base64").length > 100);
  }));
