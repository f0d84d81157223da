/** WebDataset shards: names stay unique, keys together, and nothing vanishes. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Header, pack } from "tar-stream";
import { readMembers } from "../../cli/dataset/tar.ts";
import { indexTar } from "../../cli/dataset/tar-index.ts";
import { wavBytes, wavHeader } from "../../cli/audio/wav.ts";
import { readJsonLines, runCli, withFolder, writeWav } from "./cli.ts";
import { test } from "../harness.ts";
import { makeSignal } from "../signals.ts";

const RATE = 16000;

function wav(seed: number): Buffer {
  const clip = [makeSignal(2000, RATE, seed)];
  return Buffer.concat([wavHeader(RATE, 1, "16", 2000), wavBytes(clip, "16")]);
}

/** Writes a tar file of these members; without bytes they are what their header says. */
async function writeTar(
  path: string,
  members: readonly (Partial<Header> & { name: string; bytes?: Uint8Array | string })[],
): Promise<void> {
  const tar = pack();
  for (const { bytes, ...header } of members) tar.entry(header, Buffer.from(bytes ?? ""));
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar) chunks.push(chunk as Buffer);
  writeFileSync(path, Buffer.concat(chunks));
}

async function namesOf(path: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of readMembers(path)) names.push(name);
  return names;
}

function keyOf(name: string): string {
  return name.replace(/\..*/, "");
}

/** Fails unless names are unique and the members of each key side by side. */
function assertWellFormed(names: readonly string[]): void {
  assert.equal(new Set(names).size, names.length, names.join());
  const keys = names.map(keyOf).filter((key, index, all) => key !== all[index - 1]);
  assert.equal(new Set(keys).size, keys.length, names.join());
}

test("--tar: names that would be the same get a hash behind", () =>
  withFolder(async (folder) => {
    const [source, target] = [join(folder, "in"), join(folder, "out")];
    const names = ["a.wav", "a.b.wav", "a_b.wav", "c.wav"];
    names.forEach((name, i) => writeWav(join(source, name), [makeSignal(1000, RATE, i)], RATE));
    const flac = ["decode", join(source, "a.wav"), join(source, "a.flac")];
    assert.equal((await runCli(flac)).code, 0);
    for (const copies of ["1", "2"]) {
      const out = target + copies;
      const args = ["dataset", source, out, "--tar", "9", "--copies", copies];
      assert.equal((await runCli(args)).code, 0);
      const members = await namesOf(join(out, "000000.tar"));
      assert.equal(members.length, 10 * Number(copies));
      assertWellFormed(members);
      assert.ok(members.includes(copies === "1" ? "c.wav" : "c-1.wav"));
      const rows = readJsonLines(join(out, "manifest.jsonl"));
      assert.deepEqual(
        [...new Set(rows.map(({ source }) => source))].sort(),
        [...names, "a.flac"].sort(),
      );
      assert.ok(rows.every(({ member }) => members.includes(member as string)));
    }
  }));

test("a shard's keys come together, links become copies, what can't be kept is reported", () =>
  withFolder(async (folder) => {
    const source = join(folder, "odd.tar");
    await writeTar(source, [
      { name: "x/._a.wav", bytes: "attributes of macOS" },
      { name: "x/a.wav", bytes: wav(1) },
      { name: "x/._b.wav", bytes: "attributes of macOS" },
      { name: "x/b.wav", bytes: wav(2) },
      { name: "x/a.json", bytes: '{"late":1}' },
      { name: "c.wav", type: "link", linkname: "x/b.wav" },
      { name: "c.txt", bytes: "c" },
      { name: "x/d.wav", type: "symlink", linkname: "../c.wav" },
      { name: "e.wav", type: "symlink", linkname: "nowhere.wav" },
      { name: "f.wav", bytes: wav(3) },
      { name: "f.wav", bytes: wav(4) },
      { name: "g.wav", bytes: wav(5) },
      { name: "g.pipe", type: "fifo" },
      { name: "h.left.wav", bytes: wav(6) },
      { name: "h.right.wav", bytes: wav(7) },
      { name: "i.wav", bytes: wav(8) },
      { name: "i.m4a", bytes: "not read" },
      { name: "loop.wav", type: "symlink", linkname: "loop.wav" },
    ]);
    const target = join(folder, "out");
    const { code, stdout } = await runCli(["dataset", source, target, "--json", "--quiet"]);
    assert.equal(code, 1);
    const { failures, skipped } = JSON.parse(stdout.toString());
    assert.deepEqual(skipped, { ".m4a": 1 });
    const reasons = failures.map(({ source, reason }: Record<string, string>) =>
      `${source}: ${reason}`
    );
    assert.deepEqual(reasons.sort(), [
      "odd.tar/e.wav: e.wav links to nowhere.wav, which is not in the tar file",
      "odd.tar/f.wav: the tar file has two members of this name",
      "odd.tar/g.pipe: g.pipe is a fifo, not a file",
      "odd.tar/loop.wav: loop.wav: its links lead in a circle",
    ]);
    const members = await namesOf(join(target, "odd.tar"));
    assertWellFormed(members);
    assert.deepEqual(members.filter((name) => !name.endsWith(".augment.json")), [
      "x/a.wav",
      "x/a.json",
      "x/b.wav",
      "c.wav",
      "c.txt",
      "x/d.wav",
      "h.left.wav",
      "h.right.wav",
      "i.wav",
      "i.m4a",
    ]);
    const strict = ["dataset", source, join(folder, "strict"), "--strict"];
    assert.equal((await runCli(strict)).code, 1);
  }));

test("sound members that differ only in their extension keep it", () =>
  withFolder(async (folder) => {
    const source = join(folder, "two.tar");
    await writeTar(source, [{ name: "a.wav", bytes: wav(1) }, { name: "a.aiff", bytes: wav(2) }]);
    const target = join(folder, "out");
    assert.equal((await runCli(["dataset", source, target])).code, 0);
    assert.deepEqual(await namesOf(join(target, "two.tar")), [
      "a.wav.wav",
      "a.wav.augment.json",
      "a.aiff.wav",
      "a.aiff.augment.json",
    ]);
  }));

test("a tar file's members and where they are: links of both kinds, what is none of its data", () =>
  withFolder(async (folder) => {
    const path = join(folder, "a.tar");
    const long = `${"d/".repeat(60)}long.wav`;
    await writeTar(path, [
      { name: "x/", type: "directory" },
      { name: "x/a.wav", bytes: "first", mtime: new Date(5000) },
      { name: "x/hard.wav", type: "link", linkname: "x/a.wav" }, // from the top
      { name: "x/soft.wav", type: "symlink", linkname: "a.wav" }, // from where it is
      { name: "x/y/up.wav", type: "symlink", linkname: ".././hard.wav" },
      { name: "x/wrong.wav", type: "link", linkname: "a.wav" },
      { name: "._x/b.wav", bytes: "in a folder of that name" },
      { name: "x/._b.wav", bytes: "of macOS" },
      { name: "._c.wav", bytes: "of macOS" },
      { name: "x/d._e.wav", bytes: "" },
      { name: long, bytes: "long" },
    ]);
    const entries = await indexTar(path);
    const bytes = readFileSync(path);
    const shown = entries.map(({ name, place, problem }) => [
      name,
      problem ??
        bytes.toString("latin1", place?.offset, (place?.offset ?? 0) + (place?.byteSize ?? 0)),
    ]);
    assert.deepEqual(shown, [
      ["x/a.wav", "first"],
      ["x/hard.wav", "first"],
      ["x/soft.wav", "first"],
      ["x/y/up.wav", "first"],
      ["x/wrong.wav", "x/wrong.wav links to a.wav, which is not in the tar file"],
      ["._x/b.wav", "in a folder of that name"],
      ["x/d._e.wav", ""],
      [long, "long"],
    ]);
    assert.equal(entries[0]?.mtime.getTime(), 5000);
    // As many links as may lead on: the file behind them is the fortieth.
    for (const count of [39, 40]) {
      const chain = Array.from({ length: count }, (_, i) => ({
        ...{ name: `${i}.wav`, type: "symlink" as const, linkname: `${i + 1}.wav` },
      }));
      await writeTar(path, [...chain, { name: `${count}.wav`, bytes: "end" }]);
      const [first] = await indexTar(path);
      assert.equal(first?.problem, count < 40 ? undefined : "0.wav: its links lead in a circle");
    }
    await writeTar(path, [{ name: "a.wav", bytes: Buffer.alloc(512) }]);
    const whole = readFileSync(path);
    const cut = { message: /^it was cut short: after \d+ bytes no end of a tar came$/ };
    for (const size of [512, 1024, 1535]) {
      writeFileSync(path, whole.subarray(0, size));
      await assert.rejects(indexTar(path), size === 1024 ? cut : Error);
    }
    writeFileSync(path, whole.subarray(0, 1536)); // one block of zeros will do
    assert.equal((await indexTar(path)).length, 1);
    const other = Buffer.from(whole);
    other[1535] = 1;
    writeFileSync(path, other);
    await assert.rejects(indexTar(path));
    await assert.rejects(indexTar(join(folder, "none.tar")), { code: "ENOENT" });
  }));

test("a shard that ends between two members, or has none and no end, was cut short", () =>
  withFolder(async (folder) => {
    mkdirSync(join(folder, "in"));
    const path = join(folder, "in", "a.tar");
    await writeTar(path, [{ name: "a.wav", bytes: wav(1) }, { name: "a.txt", bytes: "said" }]);
    const whole = readFileSync(path);
    writeFileSync(path, whole.subarray(0, whole.indexOf("a.txt")));
    writeFileSync(join(folder, "in", "b.tar"), "");
    // What comes before a member of a long name is none itself.
    const long = join(folder, "in", "long.tar");
    await writeTar(long, [{ name: "a.wav", bytes: wav(1) }, { name: "ö".repeat(200), bytes: "" }]);
    const start = 512 + Math.ceil(wav(1).length / 512) * 512;
    writeFileSync(long, readFileSync(long).subarray(0, start + 1024));
    await writeTar(join(folder, "in", "none.tar"), []);
    await writeTar(join(folder, "in", "folder.tar"), [{ name: "a/", type: "directory" }]);
    const run = ["dataset", join(folder, "in"), join(folder, "out"), "--json"];
    const { code, stdout } = await runCli(run);
    assert.equal(code, 1);
    const { done, failures } = JSON.parse(stdout.toString());
    assert.equal(done, 2);
    assert.deepEqual(failures, [
      { source: "a.tar", reason: "it was cut short: after 4608 bytes no end of a tar came" },
      { source: "b.tar", reason: "it was cut short: after 0 bytes no end of a tar came" },
      { source: "long.tar", reason: "it was cut short: after 5632 bytes no end of a tar came" },
    ]);
    writeFileSync(path, whole);
    await runCli(run);
    assert.deepEqual(await namesOf(join(folder, "out", "a.tar")), [
      "a.wav",
      "a.augment.json",
      "a.txt",
    ]);
  }));

test("sparse members of GNU tar are refused, the others are done", () =>
  withFolder(async (folder) => {
    if (!/GNU tar/.test(String(spawnSync("tar", ["--version"]).stdout))) return;
    writeFileSync(join(folder, "good.wav"), wav(1));
    for (const [format, extents] of [["gnu", 2], ["gnu", 9], ["posix", 2]] as const) {
      const holes = Buffer.alloc(extents << 18);
      const file = join(folder, "sparse.wav");
      writeFileSync(file, "");
      const header = wavHeader(RATE, 1, "16", (holes.length - 44) / 2);
      header.forEach((byte, i) => holes[i] = byte);
      for (let i = 0; i < extents; i++) holes[(i << 18) + 100] = 1;
      writeFileSync(file, holes);
      spawnSync("fallocate", ["--dig-holes", file]);
      const path = join(folder, `${format}${extents}.tar`);
      const args = ["-C", folder, "--sparse", `--format=${format}`, "-cf", path];
      assert.equal(spawnSync("tar", [...args, "good.wav", "sparse.wav"]).status, 0);
      if (readFileSync(path).length > holes.length) return; // a file system without holes
      const target = join(folder, `out-${format}${extents}`);
      const { code, stdout } = await runCli(["dataset", path, target, "--json", "--quiet"]);
      assert.equal(code, 1);
      const { failures } = JSON.parse(stdout.toString());
      assert.equal(failures.length, 1);
      assert.match(failures[0].reason, /sparse member: pack it again without --sparse/);
    }
  }));

test("a shard with a member that failed is tried again, a whole one isn't", () =>
  withFolder(async (folder) => {
    const [source, target] = [join(folder, "in"), join(folder, "out")];
    mkdirSync(source);
    await writeTar(join(source, "a.tar"), [{ name: "1.wav", bytes: wav(1) }]);
    await writeTar(join(source, "b.tar"), [
      { name: "1.wav", bytes: wav(1) },
      { name: "2.wav", bytes: "no audio" },
    ]);
    const run = async () => {
      const { code, stdout } = await runCli(["dataset", source, target, "--json", "--quiet"]);
      const { done, alreadyDone, failures } = JSON.parse(stdout.toString());
      return [code, done, alreadyDone, failures.length];
    };
    assert.deepEqual(await run(), [1, 2, 0, 1]);
    assert.deepEqual(await run(), [1, 1, 1, 1]);
    await writeTar(join(source, "b.tar"), [
      { name: "1.wav", bytes: wav(1) },
      { name: "2.wav", bytes: wav(2) },
    ]);
    assert.deepEqual(await run(), [0, 1, 1, 0]);
    assert.deepEqual(await run(), [0, 0, 2, 0]);
  }));
