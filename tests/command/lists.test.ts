/** Lists as people have them: in gzip, with the path deep inside, NeMo's and Lhotse's. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { readJsonLines, runCli, withFolder, writeWav } from "./cli.ts";
import { test } from "../harness.ts";
import { makeSignal } from "../signals.ts";

const RATE = 16000;

function makeClips(folder: string): void {
  for (const [seed, name] of ["a", "b", "c"].entries()) {
    writeWav(join(folder, `clips/${name}.wav`), [makeSignal(3000, RATE, seed)], RATE);
  }
}

function writeList(path: string, lines: readonly unknown[]): void {
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
  writeFileSync(path, path.endsWith(".gz") ? gzipSync(text) : text);
}

test("a list in gzip, with the path inside of objects and arrays, as Lhotse has it", () =>
  withFolder(async (folder) => {
    makeClips(folder);
    const cuts = ["a", "b"].map((id) => ({
      id,
      recording: { id, sources: [{ type: "file", source: `clips/${id}.wav` }] },
    }));
    const list = join(folder, "cuts.jsonl.gz");
    writeList(list, cuts);
    const out = join(folder, "out");
    const column = ["--path-column", "recording.sources.0.source"];
    const { code, stderr } = await runCli(["dataset", list, out, ...column]);
    assert.equal(code, 0, stderr);
    const rows = readJsonLines(join(out, "manifest.jsonl"));
    assert.deepEqual(rows.map(({ metadata }) => metadata), cuts); // the whole line, as it was
    assert.deepEqual(rows.map(({ source }) => source), ["clips/a.wav", "clips/b.wav"]);
    const deeper = await runCli([
      "dataset",
      list,
      out,
      "--path-column",
      "recording.sources.1.source",
    ]);
    assert.equal(deeper.code, 2);
    assert.match(deeper.stderr, /line 1 has no "recording\.sources\.1\.source" with a path/);
    writeFileSync(list, readFileSync(list).subarray(0, 40));
    const cut = await runCli(["dataset", list, out, ...column]);
    assert.equal(cut.code, 2);
    assert.match(cut.stderr, /cuts\.jsonl\.gz is no gzip file, or it was cut short/);
  }));

test("NeMo's manifests as they are: a field of that name goes before a way inside", () =>
  withFolder(async (folder) => {
    makeClips(folder);
    const lines = [
      { audio_filepath: join(folder, "clips/a.wav"), duration: 0.1, text: "one", offset: 0 },
      { audio_filepath: "clips/b.wav", duration: 0.1875, text: "zwei" },
      { audio_filepath: join(folder, "clips/a.wav"), duration: 0.0875, text: "two", offset: 0.1 },
    ];
    const list = join(folder, "train_manifest.json"); // JSON Lines, whatever its name says
    writeList(list, lines);
    const out = join(folder, "out");
    assert.equal((await runCli(["dataset", list, out])).code, 0);
    const rows = readJsonLines(join(out, "manifest.jsonl"));
    // Two utterances of one file: it is coded once, and each has its row.
    assert.deepEqual(rows.map(({ output }) => output), [
      "clips/a.wav",
      "clips/a.wav",
      "clips/b.wav",
    ]);
    assert.deepEqual(rows.map(({ metadata }) => metadata), [lines[0], lines[2], lines[1]]);
    const [first, second] = rows.map(({ metadata: _, ...row }) => row);
    assert.deepEqual(first, second);
    assert.equal((await runCli(["merge", out])).code, 0);
    const packed = await runCli(["dataset", list, join(folder, "shards"), "--tar", "9"]);
    assert.equal(packed.code, 2);
    assert.match(packed.stderr, /several lines list clips\/a\.wav/);
    writeList(list, [lines[1], lines[1]]);
    const twice = await runCli(["dataset", list, join(folder, "twice")]);
    assert.match(twice.stderr, /lists clips\/b\.wav twice/);
    writeList(list, [{ "a.b": "clips/c.wav", a: { b: "clips/b.wav" } }]);
    const named = join(folder, "named");
    assert.equal((await runCli(["dataset", list, named, "--path-column", "a.b"])).code, 0);
    assert.equal(readJsonLines(join(named, "manifest.jsonl"))[0]?.["output"], "clips/c.wav");
  }));

test("a CSV list with a byte order mark, as spreadsheets write it", () =>
  withFolder(async (folder) => {
    makeClips(folder);
    const list = join(folder, "list.csv");
    writeFileSync(list, '\ufeffpath,speaker\r\nclips/a.wav,"x, y"\r\n\r\nclips/b.wav,z\r\n');
    const out = join(folder, "out");
    const { code, stderr } = await runCli(["dataset", list, out]);
    assert.equal(code, 0, stderr);
    const rows = readJsonLines(join(out, "manifest.jsonl"));
    assert.deepEqual(rows.map(({ source }) => source), ["clips/a.wav", "clips/b.wav"]);
    const speakers = rows.map(({ metadata }) => (metadata as { speaker: string }).speaker);
    assert.deepEqual(speakers, ["x, y", "z"]);
  }));
