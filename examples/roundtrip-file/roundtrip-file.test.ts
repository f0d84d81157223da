// The executable for this machine, as its users run it.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from "node:fs";

import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import decodeWav from "@audio/decode-wav";
import { needTool, root, run } from "../../scripts/tools.mjs";
import { hostExecutable } from "../../scripts/release/executables.ts";
import { build } from "./build.ts";

const NOBODY = 65534;
const folder = mkdtempSync(join(tmpdir(), "mp3-augment-example-"));
const program = join(folder, process.platform === "win32" ? "program.exe" : "program");
after(() => rmSync(folder, { recursive: true }));

before(async () => {
  const built = await build(hostExecutable);
  assert.ok(built);
  copyFileSync(built, program);
  chmodSync(program, 0o755);
  const input = fileURLToPath(new URL("lena.wav", import.meta.resolve("audio-lena")));
  copyFileSync(input, join(folder, "in.wav"));
  if (process.getuid?.() === 0) chownSync(folder, NOBODY, NOBODY);
});

/**
 * In a folder of its own, with no environment and, where this test may choose, as a user who owns
 * nothing else.
 */
function runAlone(args: string[], env: Record<string, string> = {}) {
  const user = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
  const { SystemRoot } = process.env;
  const needed = { HOME: folder, LOCALAPPDATA: folder, ...(SystemRoot ? { SystemRoot } : {}) };
  const { status, stdout, stderr } = spawnSync(program, args, {
    cwd: folder,
    env: { ...needed, ...env },
    encoding: "utf8",
    ...user,
  });
  return { status, stdout, stderr };
}

test("the executable needs nothing but itself, and leaves its output and one cache", async () => {
  const { status, stdout, stderr } = runAlone(["in.wav", "out.wav", "32"]);
  assert.equal(stderr, "");
  assert.equal(status, 0);
  assert.match(stdout, /^out\.wav: 12\.27 s, 1 channel\(s\) at 32 kbps/);
  const expected = join(folder, "expected.wav");
  const source = join(root, "examples", "roundtrip-file", "main.ts");
  const { code, output } = await run(
    needTool("bun"),
    ["run", source, join(folder, "in.wav"), expected, "32"],
  );
  assert.equal(code, 0, output);
  assert.deepEqual(readFileSync(join(folder, "out.wav")), readFileSync(expected));
  const left = readdirSync(folder).filter((name) => !/^(program.*|.*\.wav)$/.test(name));
  assert.equal(left.length, 1, left.join());
  const clip = decodeWav(readFileSync(join(folder, "out.wav")));
  const original = decodeWav(readFileSync(join(folder, "in.wav")));
  assert.equal(clip.channelData[0]?.length, original.channelData[0]?.length);
});

test("MP3_AUGMENT_LIB takes the place of the libraries inside", () => {
  const { status, stderr } = runAlone(["in.wav", "out2.wav", "32"], { MP3_AUGMENT_LIB: folder });
  assert.equal(status, 1);
  assert.match(stderr, /LIBRARY_NOT_FOUND/);
  assert.match(stderr, /MP3_AUGMENT_LIB/);
});

test("without a folder for the cache it says what to do", () => {
  const { status, stderr } = runAlone(["in.wav", "out2.wav", "32"], {
    HOME: "",
    LOCALAPPDATA: "",
  });
  assert.equal(status, 1);
  assert.match(stderr, /MP3_AUGMENT_LIB/);
});

test("what can't be done gets one line", () => {
  for (
    const [args, message] of [
      [[], /^error: usage: /],
      [["none.wav", "out3.wav", "32"], /^error: .*none\.wav/],
      [["in.wav", "out3.wav", "x"], /^error: .*bitrateKbps.*\(UNSUPPORTED_BITRATE\)/],
    ] as [string[], RegExp][]
  ) {
    const { status, stderr } = runAlone(args);
    assert.equal(status, 1);
    assert.match(stderr, message);
    assert.equal(stderr.trim().split("\n").length, 1, stderr);
  }
});

test("a target that isn't one is refused", async () => {
  await assert.rejects(build("bun-amiga"), /bun-amiga is none of all, bun-linux-x64/);
});
