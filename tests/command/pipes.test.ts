/** `dataset - -`: a tar stream in, a tar stream out, by real processes and pipes. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { spawnSync } from "node:child_process";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { pack } from "tar-stream";
import { cliCommand, readTree, runCli, startCli, withFolder, writeWav } from "./cli.ts";
import { test } from "../harness.ts";
import { makeSignal } from "../signals.ts";

const RATE = 16000;

/** A folder with a shard of so many samples at `in/train/a.tar`. */
async function makeShard(folder: string, count: number): Promise<string> {
  const clips = join(folder, "clips");
  for (let i = 0; i < count; i++) {
    writeWav(join(clips, `c${i}.wav`), [makeSignal(3000 + 100 * i, RATE, i)], RATE);
  }
  writeFileSync(join(clips, "c0.wav.txt"), "not a list");
  const made = await runCli(["dataset", clips, join(folder, "in/train"), "--tar", `${count}`]);
  assert.equal(made.code, 0, made.stderr);
  return join(folder, "in/train/000000.tar");
}

interface Member {
  name: string;
  type?: "file" | "link" | "symlink" | "directory";
  linkname?: string;
  bytes?: Uint8Array;
}

async function tarOf(members: readonly Member[]): Promise<Buffer> {
  const tar = pack();
  for (const { bytes, ...header } of members) tar.entry(header, Buffer.from(bytes ?? ""));
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

test("a tar stream gives what the run on files gives, whatever the environment says of shards", () =>
  withFolder(async (folder) => {
    const shard = await makeShard(folder, 5);
    const args = ["--copies", "2", "--seed", "3", "--p", "0.7"];
    const out = join(folder, "out");
    const onFiles = await runCli(["dataset", join(folder, "in"), out, ...args, "--json"]);
    assert.equal(onFiles.code, 0, onFiles.stderr);
    const { audioSeconds: wantedSeconds } = JSON.parse(onFiles.stdout.toString());
    const expected = readTree(out)[join("train", "000000.tar")];
    const [program = "", ...first] = cliCommand();
    const line = `set -o pipefail; cat ${shard} | "$@" | cat > ${join(folder, "piped.tar")}`;
    const pipe = ["dataset", "-", "-", ...args, "--name", "train/000000.tar"];
    const env = { ...globalThis.process.env, JOB_COMPLETION_INDEX: "0", SLURM_ARRAY_TASK_ID: "9" };
    const { status, stderr } = spawnSync("bash", ["-c", line, "-", program, ...first, ...pipe], {
      env,
      encoding: "utf8",
    });
    assert.equal(status, 0, stderr);
    assert.equal(readFileSync(join(folder, "piped.tar"), "base64"), expected);
    assert.match(stderr, /^5 samples, /);
    const { code } = await runCli([...pipe, "--no-shard"], { stdin: readFileSync(shard) });
    assert.equal(code, 0); // which says what is so already
    const other = await runCli([...pipe.slice(0, -1), "train/000001.tar", "--json"], {
      stdin: readFileSync(shard),
    });
    assert.notEqual(other.stdout.toString("base64"), expected); // other draws
    const told = JSON.parse(other.stderr.split("\n").at(-2) ?? "");
    const { files, failed, manifest, audioSeconds } = told;
    assert.deepEqual([files, failed, manifest], [5, 0, null]);
    assert.ok(Math.abs(audioSeconds / wantedSeconds - 1) < 1e-9, `${audioSeconds}`);
  }));

test("samples that a stream can't give are told, all others are there", () =>
  withFolder(async (folder) => {
    const good = readFileSync(await makeShard(folder, 1)).subarray(512, 512 + 6044);
    const stdin = await tarOf([
      { name: "x/", type: "directory" },
      { name: "x/._a.wav", bytes: Buffer.from("attributes of macOS") },
      { name: "x/a.wav", bytes: good },
      { name: "x/a.copy.wav", type: "link", linkname: "x/a.wav" },
      { name: "x/a.json", type: "symlink", linkname: "b.json" },
      { name: "b.wav", bytes: good },
      { name: "b.left.wav", type: "symlink", linkname: "b.wav" },
      { name: "b.txt", bytes: Buffer.from("b") },
      { name: "c.wav", bytes: Buffer.from("no sound") },
      { name: "d.wav", bytes: good },
      { name: "d.wav", bytes: good },
      { name: "b.late", bytes: Buffer.from("late") },
      { name: "e.wav", bytes: good },
      { name: "e.m4a", bytes: Buffer.from("not read") },
    ]);
    const { code, stderr, stdout } = await runCli(["dataset", "-", "-", "--p", "0"], { stdin });
    assert.equal(code, 1);
    assert.deepEqual(stderr.split("\n").filter((line) => line.startsWith("failed: ")), [
      "failed: -/x/a.json: x/a.json links to b.json, which is not before it in its sample: " +
      "a stream can't go back",
      "failed: -/c.wav: not a WAV, AIFF, FLAC, Ogg or MP3 file",
      "failed: -/d.wav: the tar file has two members of this name",
      "failed: -/b.late: members of b came before: in a stream they must lie side by side",
    ]);
    assert.match(stderr, /1 file skipped: \.m4a 1/);
    const path = join(folder, "out.tar");
    writeFileSync(path, stdout);
    const listed = spawnSync("tar", ["-tf", path], { encoding: "utf8" });
    assert.equal(
      listed.stdout.replaceAll(/\S+\.augment\.json\n/g, ""),
      "b.wav\nb.left.wav\nb.txt\ne.wav\ne.m4a\n",
    );
  }));

test("a stream that was cut short, is empty or no tar ends with 3 and no whole tar", () =>
  withFolder(async (folder) => {
    const shard = readFileSync(await makeShard(folder, 4));
    const end = shard.length - 1024;
    const silence = await tarOf([{ name: "a.txt", bytes: new Uint8Array(1024) }]);
    const cases: [Uint8Array, RegExp][] = [
      [shard.subarray(0, 9000), /standard input was cut short: after 9000 bytes no end of a tar/],
      [shard.subarray(0, end), /standard input was cut short/], // between two members
      [silence.subarray(0, 1536), /standard input was cut short/], // whose zeros are no end
      [new Uint8Array(), /standard input is empty/],
      [gzipSync(shard), /no tar stream but gzip: put gzip -dc in front/],
      [Buffer.from("PAR1...."), /no tar stream but Parquet/],
      [Buffer.alloc(1024, "x"), /standard input was cut short|is no whole tar stream/],
    ];
    for (const [stdin, message] of cases) {
      const { code, stderr, stdout } = await runCli(["dataset", "-", "-", "--json"], { stdin });
      assert.equal(code, 3, stderr);
      assert.match(stderr, message);
      const [error] = stderr.split("\n").filter((line) => line.startsWith("{"));
      assert.equal(JSON.parse(error ?? "").exitCode, 3);
      const path = join(folder, "out.tar");
      writeFileSync(path, stdout);
      assert.ok(statSync(path).size > 0);
      assert.notEqual(spawnSync("tar", ["-xOf", path]).status, 0, "tar takes it for whole");
    }
  }));

test("a reader that goes away ends it with 141, which is told", () =>
  withFolder(async (folder) => {
    const shard = readFileSync(await makeShard(folder, 30));
    const { child, outcome } = startCli(["dataset", "-", "-", "--p", "0"]);
    child.stdin?.on("error", () => {}); // it reads no more either
    child.stdout?.once("data", () => child.stdout?.destroy());
    for (let i = 0; i < 4; i++) child.stdin?.write(shard.subarray(0, shard.length - 1024));
    child.stdin?.end(Buffer.alloc(1024));
    const { code, stderr } = await outcome;
    assert.equal(code, 141, stderr);
    assert.match(stderr, /standard output was closed before the tar stream was complete/);
  }));

test("streams and files aren't mixed, and options without a meaning are refused", async () => {
  const of = async (...args: string[]) => {
    const { code, stderr, stdout } = await runCli(["dataset", ...args], { stdin: Buffer.from("") });
    assert.equal(code, 2, stderr);
    assert.equal(stdout.length, 0);
    return stderr;
  };
  assert.match(await of("-", "out"), /from standard input to standard output: .*dataset - -/);
  assert.match(await of("in", "-"), /from standard input to standard output/);
  assert.match(await of("-", "-", "--shard", "0/2"), /--shard has no meaning for a tar stream/);
  assert.match(await of("-", "-", "--path-column", "a"), /--path-column has no meaning/);
  assert.match(await of("in", "out", "--name", "a"), /--name is for tar streams/);
  assert.match(await of("-", "-", "--nam", "a"), /Did you mean --name\?/);
});
