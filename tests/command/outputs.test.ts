/** Where single files are written: devices, pipes, links, descriptors, terminals, other names. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { haltBy, replaceFile, takeWaitedMs, waitingFor, writeLines } from "../../cli/files.ts";
import { cliCommand, inTerminal, runCli, startCli, waitFor, withFolder, writeWav } from "./cli.ts";
import { test } from "../harness.ts";
import { makeSignal } from "../signals.ts";

const RATE = 16000;
const BITRATE = ["--bitrate", "32"];

function makeClip(path: string): void {
  writeWav(path, [makeSignal(8000, RATE)], RATE);
}

/** Runs a line of bash in which "$@" is the command. */
function bash(script: string, cwd: string) {
  const { status, stdout, stderr } = spawnSync("bash", ["-c", script, "bash", ...cliCommand()], {
    cwd,
    timeout: 60_000,
  });
  return { code: status, stdout, stderr: stderr.toString() };
}

const hasBash = process.platform !== "win32" && spawnSync("bash", ["-c", "true"]).status === 0;

test("standard output on a full disk ends with 3, not as if a reader had gone", () =>
  withFolder((folder) => {
    if (process.platform !== "linux" || !hasBash) return Promise.resolve();
    makeClip(join(folder, "in.wav"));
    spawnSync("tar", ["-cf", "in.tar", "in.wav"], { cwd: folder });
    for (
      const [line, told] of [
        ['"$@" encode --bitrate 32 in.wav -', "error: standard output: the disk is full\n"],
        ['"$@" dataset - - --quiet < in.tar', "error: standard output: the disk is full\n"],
        ['"$@" info in.wav', "the disk is full\n"],
      ] as const
    ) {
      const { code, stderr } = bash(`${line} > /dev/full`, folder);
      assert.equal(code, 3, line);
      assert.ok(stderr.endsWith(told), stderr);
      assert.equal(stderr.match(/error/g)?.length, 1, stderr);
    }
    return Promise.resolve();
  }));

test("devices, pipes and descriptors are written in place, and links are followed", () =>
  withFolder(async (folder) => {
    if (!hasBash) return;
    makeClip(join(folder, "in.wav"));
    const expected = (await runCli(["encode", join(folder, "in.wav"), "-", ...BITRATE])).stdout;
    assert.ok(expected.length > 500);
    const encode = '"$@" encode --bitrate 32 in.wav';
    const full = bash(`${encode} /dev/full`, folder);
    assert.equal(full.code, 3);
    assert.match(full.stderr, /error: \/dev\/full: the disk is full/);
    assert.equal(bash("test -c /dev/full", folder).code, 0);
    assert.equal(bash(`${encode} /dev/null`, folder).code, 0);
    assert.equal(bash("test -c /dev/null", folder).code, 0);
    for (
      const [line, file] of [
        [`${encode} /dev/stdout > a.mp3`, "a.mp3"],
        [`${encode} /dev/stdout | cat > b.mp3`, "b.mp3"],
        [`${encode} /dev/fd/3 3> c.mp3`, "c.mp3"],
        [
          `${encode} >(cat > d.mp3; touch d.done); until [ -e d.done ]; do sleep 0.01; done`,
          "d.mp3",
        ],
        [`mkfifo fifo; cat fifo > e.mp3 & ${encode} fifo; wait; [ -p fifo ]`, "e.mp3"],
        [`cat in.wav | "$@" encode --bitrate 32 /dev/stdin f.mp3`, "f.mp3"],
        [`"$@" encode --bitrate 32 <(cat in.wav) g.mp3`, "g.mp3"],
        [
          `: > real.mp3; chmod 640 real.mp3; ln -s real.mp3 link.mp3; ${encode} link.mp3`,
          "real.mp3",
        ],
        [`ln -s new.mp3 dangling.mp3; ${encode} dangling.mp3`, "new.mp3"],
      ] as const
    ) {
      const { code, stderr } = bash(line, folder);
      assert.equal(code, 0, `${line}: ${stderr}`);
      assert.deepEqual(readFileSync(join(folder, file)), expected, line);
    }
    assert.ok(lstatSync(join(folder, "link.mp3")).isSymbolicLink());
    assert.equal(statSync(join(folder, "real.mp3")).mode & 0o777, 0o640);
    bash(`printf x > log; ${encode} /dev/fd/3 3>> log`, folder);
    assert.equal(readFileSync(join(folder, "log")).length, expected.length + 1); // behind what is there
    assert.deepEqual(readdirSync(folder).filter((name) => name.includes("partial")), []);
    const closed = bash(`${encode} >(exec 0<&-; true); sleep 0.1`, folder);
    assert.ok([0, 141].includes(closed.code ?? -1), closed.stderr);
  }));

test("a file that replaces another is on the disk before it takes the name", () =>
  withFolder((folder) => {
    const options = ["-f", "-q", "-e", "trace=fsync,rename,renameat,renameat2", "-o", "calls"];
    const traced = () => {
      const args = [...options, ...cliCommand(), "encode", "in.wav", "out.mp3", ...BITRATE];
      return spawnSync("strace", args, { cwd: folder, timeout: 60_000 }).status === 0
        ? readFileSync(join(folder, "calls"), "utf8").split("\n")
        : undefined;
    };
    makeClip(join(folder, "in.wav"));
    if (process.platform !== "linux" || !traced()) {
      console.log("skipped: strace is not there, or may not look");
      return Promise.resolve();
    }
    const calls = traced() ?? [];
    const renamed = calls.findIndex((line) => /rename.*\.partial", .*out\.mp3"/.test(line));
    assert.ok(renamed > 0, calls.join("\n"));
    const thread = calls[renamed]?.split(" ")[0] as string;
    const own = calls.slice(0, renamed).filter((line) => line.startsWith(`${thread} `));
    assert.match(own.at(-1) ?? "", /fsync\(\d+\) += 0$/);
    return Promise.resolve();
  }));

test("an output that is its own source is refused, whatever it is called", () =>
  withFolder(async (folder) => {
    const clip = join(folder, "a.wav");
    makeClip(clip);
    symlinkSync("a.wav", join(folder, "link.wav"));
    linkSync(clip, join(folder, "hard.wav"));
    mkdirSync(join(folder, "folder.wav"));
    const before = readFileSync(clip);
    for (const name of ["a.wav", "link.wav", "hard.wav"]) {
      const output = join(folder, name);
      for (
        const args of [
          ["roundtrip", clip, output, ...BITRATE],
          ["roundtrip", clip, output, ...BITRATE, "--force"],
          ["decode", clip, output],
          ["encode", clip, output, ...BITRATE, "--force"],
          ["report", clip, "--output", output, "--force"],
        ]
      ) {
        const { code, stderr } = await runCli(args);
        assert.equal(code, 2, stderr);
        assert.match(stderr, /is the same file as .*name another one/);
        assert.deepEqual(readFileSync(clip), before);
      }
    }
    const inside = await runCli(["decode", clip, join(folder, "folder.wav")]);
    assert.equal(inside.code, 2);
    assert.match(inside.stderr, /it is a folder/);
    if (!hasBash) return;
    const redirected = bash('"$@" roundtrip --bitrate 32 - a.wav < a.wav', folder);
    assert.equal(redirected.code, 2, redirected.stderr);
    assert.match(redirected.stderr, /the same file as what standard input reads/);
    assert.deepEqual(readFileSync(clip), before);
  }));

test("two writers of one file: it is whole, one's or the other's; Ctrl-C leaves nothing", () =>
  withFolder(async (folder) => {
    const [clip, output] = [join(folder, "in.wav"), join(folder, "out.wav")];
    writeWav(clip, [makeSignal(3_000_000, 44100), makeSignal(3_000_000, 44100, 2)], 44100);
    const made = await Promise.all(["8", "64"].map(async (bitrate, i) => {
      const alone = join(folder, `alone${i}.wav`);
      for (const path of [alone, output]) {
        const args = ["roundtrip", clip, path, "--bitrate", bitrate];
        assert.equal((await runCli(args)).code, 0);
      }
      return readFileSync(alone);
    }));
    const together = readFileSync(output);
    assert.ok(made.some((bytes) => bytes.equals(together)));
    const args = ["roundtrip", clip, output, "--bitrate", "64", "--quality", "0"];
    const { child, outcome } = startCli(args);
    const isGrowing = () => readdirSync(folder).some((name) => name.endsWith(".partial"));
    await waitFor(isGrowing);
    child.kill("SIGINT");
    assert.equal((await outcome).code, 130);
    assert.deepEqual(readdirSync(folder).sort(), ["alone0.wav", "alone1.wav", "in.wav", "out.wav"]);
    assert.ok(readFileSync(output).equals(together));
  }));

test("a name of another format is refused without --force", () =>
  withFolder(async (folder) => {
    const clip = join(folder, "a.wav");
    makeClip(clip);
    writeFileSync(join(folder, "out.wav"), "mine");
    const cases: [string[], RegExp][] = [
      [
        ["encode", clip, join(folder, "out.wav"), ...BITRATE],
        /hold MP3, but its name ends in \.wav/,
      ],
      [["encode", clip, join(folder, "out.FLAC"), ...BITRATE], /ends in \.flac: call it \.mp3/],
      [["decode", clip, join(folder, "out.mp3"), "--format", "wav"], /hold WAV, .* in \.mp3/],
      [["roundtrip", clip, join(folder, "out.wav"), "--format", "flac", ...BITRATE], /hold FLAC/],
      [["report", clip, "--output", join(folder, "out.wav")], /would hold a page/],
    ];
    for (const [args, message] of cases) {
      const { code, stderr } = await runCli(args);
      assert.equal(code, 2, stderr);
      assert.match(stderr, message);
    }
    assert.equal(readFileSync(join(folder, "out.wav"), "utf8"), "mine");
    const forced = await runCli(
      ["encode", clip, join(folder, "out.wav"), ...BITRATE, "--force", "--json"],
    );
    assert.equal(forced.code, 0, forced.stderr);
    assert.notEqual(readFileSync(join(folder, "out.wav"), "latin1").slice(0, 4), "mine");
    assert.equal((await runCli(["encode", clip, join(folder, "bytes"), ...BITRATE])).code, 0);
  }));

test("a page that nobody named replaces a report and nothing else", () =>
  withFolder((folder) => {
    if (!hasBash) return Promise.resolve();
    makeClip(join(folder, "a.wav"));
    writeFileSync(join(folder, "report.html"), "<h1>mine</h1>");
    const report = (flags = "") => bash(`"$@" report a.wav --bitrates 32 ${flags}`, folder);
    const { code, stderr } = report();
    assert.equal(code, 2);
    assert.match(stderr, /report\.html is there and is no report: give --output FILE, or --force/);
    assert.equal(readFileSync(join(folder, "report.html"), "utf8"), "<h1>mine</h1>");
    assert.equal(report("--force").code, 0);
    assert.equal(report().code, 0); // its own
    return Promise.resolve();
  }));

test("audio isn't sent to a terminal", () =>
  withFolder((folder) => {
    makeClip(join(folder, "a.wav"));
    const quoted = cliCommand().map((part) => `'${part}'`).join(" ");
    const run = (flags: string) =>
      inTerminal(`${quoted} encode a.wav - --bitrate 32 ${flags}`, folder);
    const refused = run("");
    if (!refused) return Promise.resolve();
    assert.equal(refused.status, 2);
    assert.match(refused.text, /standard output is a terminal/);
    const forced = run("--force");
    assert.equal(forced?.status, 0);
    assert.ok((forced?.text.length ?? 0) > 500);
    return Promise.resolve();
  }));

test("a file that grows: whole or not at all, in order, with the mode that files have here", () =>
  withFolder(async (folder) => {
    const path = (name: string) => join(folder, name);
    const lines = Array.from({ length: 2501 }, (_, i) => i % 2 ? `${i}\n` : Buffer.from(`${i}\n`));
    const { byteSize, sha256 } = await writeLines(path("new/sub/lines"), lines);
    const written = readFileSync(path("new/sub/lines"));
    assert.equal(written.toString(), lines.map(String).join(""));
    assert.deepEqual([byteSize, sha256], [
      written.length,
      createHash("sha256").update(written).digest("hex"),
    ]);
    assert.equal((await writeLines(path("none"), [])).byteSize, 0);
    writeFileSync(path("usual"), "");
    const modeOf = (name: string) => statSync(path(name)).mode;
    assert.equal(modeOf("new/sub/lines"), modeOf("usual"));
    // What an earlier process left under a name that the caller owns goes; a stranger's stays.
    writeFileSync(path("mine.partial"), "a longer text than the new one");
    await replaceFile(path("a"), (file) => {
      file.write(Buffer.from("12345"));
      file.write(Buffer.from("AB"), 1);
      assert.ok(readdirSync(folder).includes("mine.partial"));
      assert.ok(!readdirSync(folder).includes("a"));
      return Promise.resolve();
    }, { partial: "mine.partial" });
    assert.equal(readFileSync(path("a"), "utf8"), "1AB45");
    const before = readdirSync(folder).sort();
    const fails = replaceFile(path("a"), () => Promise.reject(new Error("no")));
    await assert.rejects(fails, /^Error: no$/);
    const halt = new Int32Array(1);
    haltBy(halt);
    const halted = replaceFile(path("a"), (file) => {
      file.write(Buffer.from("new"));
      halt[0] = 1;
      return Promise.resolve();
    });
    await assert.rejects(halted, /the process is ending/);
    await assert.rejects(writeLines(path("b"), ["x"]), /the process is ending/);
    halt[0] = 0;
    assert.deepEqual(readdirSync(folder).sort(), before);
    assert.equal(readFileSync(path("a"), "utf8"), "1AB45");
    mkdirSync(path("folder"));
    await assert.rejects(writeLines(path("folder"), ["x"]), /^Error: it is a folder$/);
  }));

test("how long a thread waits for the file system is counted, and taken once", () => {
  takeWaitedMs();
  const begin = performance.now();
  const busy = () => {
    while (performance.now() - begin < 20);
    return 7;
  };
  assert.equal(waitingFor(busy), 7);
  assert.throws(() => waitingFor(() => assert.fail("it failed")), /it failed/);
  const waitedMs = takeWaitedMs();
  assert.ok(waitedMs >= 19 && waitedMs <= performance.now() - begin, `${waitedMs} ms`);
  assert.equal(takeWaitedMs(), 0);
});
