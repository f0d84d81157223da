import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execPath } from "node:process";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import encodeWav from "@audio/encode-wav";
import decode from "audio-decode";
import { root, run } from "../scripts/tools.mjs";

const folder = mkdtempSync(join(tmpdir(), "mp3-augment-demo-test-"));
after(() => rmSync(folder, { recursive: true }));

function demo(...args: string[]) {
  return run(execPath, [join(root, "demo", "main.ts"), ...args]);
}

async function writeTone(name: string, sampleRate: number, channelCount: number) {
  const encoder = await encodeWav({ sampleRate });
  encoder.encode(
    Array.from(
      { length: channelCount },
      (_, channel) =>
        Float32Array.from(
          { length: 20000 },
          (_, i) => 0.4 * Math.sin(0.03 * i * (1 + channel)),
        ),
    ),
  );
  const path = join(folder, name);
  writeFileSync(path, encoder.flush());
  return path;
}

function rowsOf(output: string) {
  return output.split("\n").filter((line) => /^\| (Deno|Bun) /.test(line));
}

test("the recording comes back aligned, in both runtimes, and as WAV files", async () => {
  const { code, output } = await demo();
  assert.equal(code, 0, output);
  const rows = rowsOf(output);
  assert.equal(rows.length, 8);
  for (const row of rows) {
    const [, , , , offset, correlation] = row.split("|").map((cell) => cell.trim());
    assert.equal(offset, "0", row);
    assert.ok(Number(correlation) > 0.99, row);
  }
  assert.match(output, /same samples, bit for bit/);
  const wav = readFileSync(join(root, "demo", "out", "lena.128k.bun.wav"));
  const { channelData, sampleRate } = await decode(wav);
  assert.equal(sampleRate, 44100);
  assert.equal(channelData[0]?.length, 541184);
});

for (const format of ["wav", "flac", "ogg", "mp3"]) {
  test(`${format} is taken`, async () => {
    const path = fileURLToPath(
      new URL(`lena.${format}`, import.meta.resolve("audio-lena")),
    );
    const { code, output } = await demo(path);
    assert.equal(code, 0, output);
    assert.equal(rowsOf(output).length, 8);
  });
}

test("of six channels the first two are taken, with a note", async () => {
  const { code, output } = await demo(
    await writeTone("six channels.wav", 48000, 6),
  );
  assert.equal(code, 0, output);
  assert.match(output, /stereo, 48000 Hz/);
  assert.match(output, /Note: .*6 channels.*first two/);
});

test("what can't be taken gets a plain message", async () => {
  const junk = join(folder, "junk.wav");
  writeFileSync(junk, "not audio at all, whatever the name says");
  const inputs: [string, RegExp][] = [
    [
      await writeTone("fast.wav", 96000, 1),
      /^error: fast\.wav has a sample rate of 96000 Hz.*resample/,
    ],
    [junk, /^error: junk\.wav can't be decoded/],
    [join(folder, "missing.wav"), /^error: .*missing\.wav doesn't exist/],
    [folder, /^error: .* is not a file/],
    ["--help", /^error: usage: npm run demo/],
  ];
  for (const [input, message] of inputs) {
    const { code, output } = await demo(input);
    assert.equal(code, 1);
    assert.match(output, message);
    assert.equal(output.trim().split("\n").length, 1, output);
  }
});
