// The command as one file, in a folder of its own.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { needTool, root, run } from "./tools.mjs";

const folder = mkdtempSync(join(tmpdir(), "mp3-augment-compile-"));
const program = join(folder, "mp3-augment.exe");
after(() => rmSync(folder, { recursive: true }));

before(async () => {
  const script = join(root, "scripts", "compile.ts");
  const { code, output } = await run(process.execPath, [script, "--outfile", program]);
  assert.equal(code, 0, output);
  const input = fileURLToPath(new URL("lena.wav", import.meta.resolve("audio-lena")));
  copyFileSync(input, join(folder, "in.wav"));
});

function runAlone(
  args: string[],
  env: Record<string, string> = { HOME: folder, LOCALAPPDATA: folder },
) {
  const { SystemRoot } = process.env;
  const needed = SystemRoot ? { SystemRoot } : {};
  return spawnSync(program, args, { cwd: folder, env: { ...needed, ...env }, encoding: "utf8" });
}

test("the executable does what the command does", async () => {
  const { status, stderr } = runAlone(["roundtrip", "in.wav", "out.wav", "--bitrate", "32"]);
  assert.equal(status, 0, stderr);
  const expected = join(folder, "expected.wav");
  const command = [join(root, "cli/main.ts"), "roundtrip", join(folder, "in.wav"), expected];
  const { code, output } = await run(needTool("bun"), [...command, "--bitrate", "32"]);
  assert.equal(code, 0, output);
  assert.deepEqual(readFileSync(join(folder, "out.wav")), readFileSync(expected));
});

test("threads of a data set's run start in the executable", () => {
  mkdirSync(join(folder, "in"));
  for (const name of ["a", "b", "c"]) {
    copyFileSync(join(folder, "in.wav"), join(folder, "in", `${name}.wav`));
  }
  const { status, stderr } = runAlone(["dataset", "in", "out", "--p", "1", "--threads", "2"]);
  assert.equal(status, 0, stderr);
  assert.match(stderr, /^3 files, /, "nothing is said before that: such as that no thread starts");
});

test("without a place for the libraries it says what to do", () => {
  const { status, stderr } = runAlone(["info", "in.wav"], {});
  assert.equal(status, 3);
  assert.match(stderr, /^error: .*MP3_AUGMENT_LIB/);
});

test("a platform that there is none for is refused", async () => {
  const script = join(root, "scripts", "compile.ts");
  const { code, output } = await run(process.execPath, [script, "--target", "bun-amiga"]);
  assert.equal(code, 1);
  assert.match(output, /bun-amiga is none of bun-linux-x64/);
});
