/** What a run may write: never a source, and nothing that it doesn't know. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  linkSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { sameNames } from "../../cli/dataset/claim.ts";
import { findTwins } from "../../cli/dataset/twins.ts";
import { look, lookNow } from "../../cli/paths.ts";
import { readJsonLines, readTree, runCli, startCli, waitFor, withFolder, writeWav } from "./cli.ts";
import { test } from "../harness.ts";
import { makeSignal } from "../signals.ts";

const RATE = 16000;

function makeClips(folder: string, ...names: string[]): void {
  names.forEach((name, i) => writeWav(join(folder, name), [makeSignal(3000 + i, RATE, i)], RATE));
}

test("dataset never overwrites its own sources, however they are named", () =>
  withFolder(async (folder) => {
    const clips = join(folder, "clips");
    makeClips(clips, "a.wav", "b.wav", "sub/c.wav", "c.wav", "nest/nest/x.wav");
    writeFileSync(join(clips, "list.csv"), "path\na.wav\nb.wav\n");
    writeFileSync(join(folder, "list.jsonl"), '{"path":"a.wav"}\n{"path":"sub/c.wav"}\n');
    symlinkSync(clips, join(folder, "link"));
    mkdirSync(join(folder, "hard"));
    linkSync(join(clips, "a.wav"), join(folder, "hard/a.wav"));
    const packed = join(folder, "packed");
    assert.equal((await runCli(["dataset", join(clips, "sub"), packed, "--tar", "9"])).code, 0);
    rmSync(join(packed, ".mp3-augment"), { recursive: true });
    rmSync(join(packed, "manifest.jsonl"));
    const trees = () => [clips, packed, join(folder, "hard")].map((path) => readTree(path));
    const before = trees();
    const cases: [string[], RegExp][] = [
      [[join(clips, "list.csv"), clips], /overwrite 2 files of its own sources \(a\.wav, b\.wav\)/],
      [[join(clips, "a.wav"), clips], /overwrite a file of its own sources \(a\.wav\)/],
      [[join(packed, "000000.tar"), packed], /overwrite a file of its own sources \(000000\.tar\)/],
      [[clips, join(folder, "link")], /is inside of/],
      [[join(folder, "link"), join(clips, "new")], /is inside of/],
      [[join(folder, "list.jsonl"), clips, "--root", clips], /overwrite 2 files of its own/],
      [[join(clips, "a.wav"), join(folder, "hard")], /overwrite a file of its own sources/],
      [[join(clips, "nest"), clips], /x\.wav is inside of .*nest: it would become a source/],
      [[join(clips, "sub"), clips], /holds a file that no run .* recorded \(c\.wav\).*--force/],
    ];
    for (const [args, message] of cases) {
      for (const force of [[], ["--force"]]) {
        if (force.length > 0 && /--force/.test(message.source)) continue;
        const { code, stderr } = await runCli(["dataset", ...args, ...force]);
        assert.equal(code, 2, `${args}: ${stderr}`);
        assert.match(stderr, message);
      }
      assert.deepEqual(trees(), before, `${args}`);
    }
  }));

test("files that no run has recorded are kept, and replaced only by --force", () =>
  withFolder(async (folder) => {
    const [source, target] = [join(folder, "in"), join(folder, "out")];
    makeClips(source, "a.wav", "b.wav", "c.wav", "d.wav", "e.wav");
    makeClips(target, "a.wav", "b.wav", "c.wav", "d.wav");
    writeFileSync(join(target, "manifest.jsonl"), "mine\n");
    const before = readTree(target);
    const refused = await runCli(["dataset", source, target, "--p", "1"]);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /4 files that no run .* \(a\.wav, b\.wav, c\.wav, …\)/);
    assert.deepEqual(readTree(target), before);
    const forced = await runCli(["dataset", source, target, "--p", "1", "--force"]);
    assert.equal(forced.code, 0, forced.stderr);
    const made = readTree(target);
    assert.notEqual(made["a.wav"], before["a.wav"]);
    // Now they are known: the run goes on, also without its journal, by the manifest.
    rmSync(join(target, "a.wav"));
    truncateSync(join(target, ".mp3-augment/journal.jsonl"), 0);
    const again = await runCli(["dataset", source, target, "--p", "1"]);
    assert.equal(again.code, 0, again.stderr);
    assert.deepEqual(readTree(target), made);
    // A file that comes between two runs is somebody's.
    makeClips(source, "new.wav");
    makeClips(target, "new.wav");
    const foreign = await runCli(["dataset", source, target, "--p", "1"]);
    assert.equal(foreign.code, 2);
    assert.match(foreign.stderr, /\(new\.wav\)/);
    rmSync(join(folder, "out"), { recursive: true });
    mkdirSync(target);
    writeFileSync(join(target, "manifest.jsonl"), "mine\n");
    const manifest = await runCli(["dataset", source, target]);
    assert.match(manifest.stderr, /\(manifest\.jsonl\)/);
    assert.equal(readFileSync(join(target, "manifest.jsonl"), "utf8"), "mine\n");
  }));

test("names that some file systems take for the same are found", () => {
  assert.deepEqual(sameNames(["b.wav", "x/A.wav", "x/a.wav"]), ["x/A.wav", "x/a.wav"]);
  assert.deepEqual(sameNames(["\u00e4.wav", "a\u0308.wav"]), ["\u00e4.wav", "a\u0308.wav"]);
  assert.equal(sameNames(["a.wav", "a/a.wav", "b.wav"]), undefined);
  // Two different ones of the same hash, and two that are the same.
  const texts = [["costarring"], ["liquid", "x"], ["x"], ["y", "y"]];
  const twins = findTwins(texts, (each) => each);
  assert.deepEqual([...twins], [["x", [texts[1], texts[2]]], ["y", [texts[3], texts[3]]]]);
});

test("a long source that changes while it is read again is a failed file without output", () =>
  withFolder(async (folder) => {
    const [source, target] = [join(folder, "in"), join(folder, "out")];
    const long = join(source, "long.wav");
    writeWav(long, [makeSignal(60 * 44100, 44100), makeSignal(60 * 44100, 44100)], 44100);
    makeClips(source, "short.wav");
    for (const change of ["shorter", "touched"]) {
      const { outcome } = startCli(
        ["dataset", source, target, "--json", "--quiet", "--p", "1", "--quality", "0"],
      );
      // Both copies of the file are read by the time that an output grows.
      await waitFor(() => growingSize(target) > 100_000);
      if (change === "shorter") truncateSync(long, statSync(long).size / 2);
      else writeFileSync(long, readFileSync(long));
      const { code, stdout, stderr } = await outcome;
      assert.equal(code, 1, stderr);
      const { failures } = JSON.parse(stdout.toString());
      assert.equal(failures.length, 1);
      assert.equal(failures[0].source, "long.wav");
      assert.match(failures[0].reason, /changed|ends after|gave/);
      assert.deepEqual(
        Object.keys(readTree(target)).filter((name) => !name.startsWith(".mp3-augment/")).sort(),
        ["manifest.jsonl", "short.wav"],
      );
      assert.equal(readJsonLines(join(target, "manifest.jsonl")).length, 1);
      rmSync(target, { recursive: true });
      writeWav(long, [makeSignal(60 * 44100, 44100), makeSignal(60 * 44100, 44100)], 44100);
    }
  }));

/** How much of the longest file is written that isn't whole yet. */
function growingSize(folder: string): number {
  try {
    const names = Object.keys(readTree(folder)).filter((name) => name.endsWith(".partial"));
    return Math.max(0, ...names.map((name) => statSync(join(folder, name)).size));
  } catch {
    return 0; // a folder that isn't there yet, or a file that has just got its name
  }
}

test("what a path is: files, folders, pipes and devices", () =>
  withFolder(async (folder) => {
    const [file, pipe] = [join(folder, "file"), join(folder, "pipe")];
    writeFileSync(file, "12345");
    execFileSync("mkfifo", [pipe]);
    const paths = [file, folder, pipe, "/dev/null", join(folder, "none"), join(file, "below")];
    const kinds = ["file", "folder", "pipe", "device", undefined, undefined];
    assert.deepEqual(paths.map((path) => lookNow(path)?.kind), kinds);
    assert.deepEqual(await Promise.all(paths.map(look)), paths.map(lookNow));
    assert.equal(lookNow(file)?.byteSize, 5);
  }));
