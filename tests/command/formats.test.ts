/** One recording in the formats that others have written it in. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { decodeBytes, detectContainer, readBlocks } from "../../cli/audio/read.ts";
import { openSource } from "../../cli/audio/source.ts";
import type { Storage } from "../../cli/audio/wav.ts";
import { resample } from "../../transform.ts";
import { withFolder } from "./cli.ts";
import { projectPath, test } from "../harness.ts";
import { correlation, realAudio, sameBits } from "../signals.ts";

const pathOf = (name: string) => projectPath(`node_modules/audio-lena/${name}`);
const readSound = (name: string) => decodeBytes(readFileSync(pathOf(name)));

/** The first channel by blocks, and what they tell of how it is stored. */
async function readInBlocks(path: string) {
  const blocks: Float32Array[] = [];
  let storage: Storage | undefined;
  for await (const block of readBlocks(path)) {
    blocks.push((block.channels[0] as Float32Array).slice());
    storage = block.storage;
  }
  const samples = new Float32Array(blocks.reduce((sum, block) => sum + block.length, 0));
  blocks.reduce((at, block) => (samples.set(block, at), at + block.length), 0);
  return { samples, storage };
}

const integer = (bitsPerSample: number): Storage => ({ bitsPerSample, sampleType: "integer" });
const float = (bitsPerSample: number): Storage => ({ bitsPerSample, sampleType: "float" });
const law = (sampleType: "A-law" | "µ-law"): Storage => ({ bitsPerSample: 8, sampleType });

test("lossless files of several writers hold the same samples", async () => {
  const { channels: [expected] } = await readSound("lena.wav");
  const files: [string, string, Storage][] = [
    ["lena-24.aiff", "aiff", integer(24)],
    ["lena-32.aiff", "aiff", integer(32)],
    ["audacity/lena-32.wav", "wav", float(32)],
    ["audacity/lena-64.aiff", "aiff", float(64)],
    ["logic/lena-24.aif", "aiff", integer(24)],
    ["logic/lena-24.wav", "wav", integer(24)],
    ["logic/lena-32.aif", "aiff", float(32)],
  ];
  for (const [name, container, storage] of files) {
    const sound = await readSound(name);
    assert.deepEqual([sound.container, sound.sampleRate, sound.storage], [
      container,
      44100,
      storage,
    ]);
    assert.equal(sound.channels.length, 1);
    assert.ok(sameBits(sound.channels[0] as Float32Array, expected as Float32Array), name);
  }
});

test("lossy files are near the recording, of its length, and store no number of bits", async () => {
  const files: [string, string, number, number, Storage?][] = [
    ["lena.mp3", "mp3", 44100, 0.999999],
    ["lena.ogg", "vorbis", 44100, 0.999],
    ["lena.opus", "opus", 48000, 0.998],
    ["audacity/lena-a.aiff", "aiff", 44100, 0.9999, law("A-law")],
    ["audacity/lena-u.aiff", "aiff", 44100, 0.9999, law("µ-law")],
    ["lena-alaw.aiff", "aiff", 8000, 0.998, law("A-law")],
    ["lena-ulaw.aiff", "aiff", 8000, 0.998, law("µ-law")],
  ];
  for (const [name, container, rate, least, storage] of files) {
    const sound = await readSound(name);
    assert.deepEqual([sound.container, sound.sampleRate], [container, rate]);
    const samples = sound.channels[0] as Float32Array;
    const expected = resample(realAudio(), 44100, rate);
    assert.equal(samples.length, expected.length, name);
    assert.ok(correlation(samples, expected) > least, name);
    const blocks = await readInBlocks(pathOf(name));
    assert.ok(sameBits(blocks.samples, samples), name);
    assert.deepEqual([sound.storage, blocks.storage], [storage, storage], name);
  }
  for (const name of ["audacity/lena-gsm.aiff", "audacity/lena-24-dwvw.aiff"]) {
    await assert.rejects(readSound(name), /AIFF-C with the compression "(GSM |DWVW)" is not read/);
  }
});

test("long Ogg files of several parts are read in blocks, as in memory", () =>
  withFolder(async (folder) => {
    for (const name of ["lena.ogg", "lena.opus"]) {
      const part = readFileSync(pathOf(name));
      const file = Buffer.concat([part, part, part]);
      const path = join(folder, name);
      writeFileSync(path, file);
      const { clip, frameCount, storage } = await openSource(path);
      const { channels: [samples = new Float32Array(0)] } = await decodeBytes(file);
      const { channels: [once = new Float32Array(0)] } = await decodeBytes(part);
      assert.deepEqual([clip, frameCount, storage], [undefined, 3 * once.length, undefined]);
      assert.ok(sameBits((await readInBlocks(path)).samples, samples));
    }
  }));

test("what an Ogg file holds is told by its first page", () => {
  const file = readFileSync(pathOf("lena.ogg"));
  file.write("OpusHead", 130);
  assert.deepEqual([file, file.subarray(0, 40), Buffer.from("OggS")].map(detectContainer), [
    ...["vorbis", "vorbis", "vorbis"],
  ]);
  const opus = readFileSync(pathOf("lena.opus"));
  assert.deepEqual([opus, opus.subarray(0, 40)].map(detectContainer), ["opus", "opus"]);
});

test("files are closed, whether they are read to their end or not", () =>
  withFolder(async (folder) => {
    if (process.platform !== "linux") return;
    const [short, long] = [join(folder, "a.wav"), pathOf("lena.flac")];
    writeFileSync(short, readFileSync(pathOf("lena.wav")));
    const opened = () => readdirSync("/proc/self/fd", { withFileTypes: true }).length;
    await openSource(short);
    await openSource(long);
    const before = opened();
    for (let i = 0; i < 10; i++) {
      await openSource(short);
      for await (const _ of readBlocks(long)) break;
    }
    assert.ok(opened() <= before + 2, `${opened()} files are open, before ${before}`);
  }));
