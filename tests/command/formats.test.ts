/** One recording in the formats that others have written it in. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { decodeBytes, detectContainer, readBlocks, readFileInto } from "../../cli/audio/read.ts";
import { Scratch } from "../../cli/audio/scratch.ts";
import { openSource, sourceOfBytes } from "../../cli/audio/source.ts";
import { type Storage, wavBytes, wavHeader } from "../../cli/audio/wav.ts";
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
    if (name === "lena.ogg" || name === "lena.opus") {
      const decode = (await import(`@audio/decode-${container}`)).default;
      const { channelData } = await decode(new Uint8Array(readFileSync(pathOf(name))));
      assert.ok(sameBits(channelData[0], samples), name);
    }
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

test("what a file is, is told by its first bytes", () => {
  const ogg = readFileSync(pathOf("lena.ogg"));
  ogg.write("OpusHead", 130); // behind the first page
  const opus = readFileSync(pathOf("lena.opus"));
  const kinds: [Uint8Array | string | number[], ReturnType<typeof detectContainer>][] = [
    [ogg, "vorbis"],
    [ogg.subarray(0, 40), "vorbis"],
    ["OggS", "vorbis"],
    [opus, "opus"],
    [opus.subarray(0, 40), "opus"],
    ["fLaC", "flac"],
    ["RIFF    WAVE", "wav"],
    ["RF64    WAVE", "wav"],
    ["BW64    WAVE", "wav"],
    ["RIFF    AVI ", undefined],
    ["RIFX    WAVE", undefined],
    ["FORM    AIFF", "aiff"],
    ["FORM    AIFC", "aiff"],
    ["FORM    8SVX", undefined],
    ["LIST    AIFF", undefined],
    ["ID3", "mp3"],
    ["ID", undefined],
    ["", undefined],
    [[0xff], undefined],
    // A frame's 11 bits, two of the version, two of the layer: III is 01.
    ...[0xe2, 0xe3, 0xf2, 0xf3, 0xfa, 0xfb].map((byte): [number[], "mp3"] => [[0xff, byte], "mp3"]),
    [[0xff, 0xc2], undefined],
    [[0xfe, 0xfb], undefined],
  ];
  for (const other of [0xe0, 0xf0, 0xf1, 0xf4, 0xfc, 0xfd, 0xfe, 0xff]) {
    kinds.push([[0xff, other], undefined]);
  }
  for (const [head, container] of kinds) {
    const bytes = typeof head === "string" ? Buffer.from(head) : Uint8Array.from(head);
    assert.equal(detectContainer(bytes), container, `${[...bytes.subarray(0, 16)]}`);
  }
});

test("files without samples, or cut off, are refused in memory and on the disk", () =>
  withFolder(async (folder) => {
    const path = join(folder, "a");
    const [wav, flac] = [readFileSync(pathOf("lena.wav")), readFileSync(pathOf("lena.flac"))];
    const float = readFileSync(pathOf("audacity/lena-32.wav"));
    const isCut = /the file ends after \d+ of \d+ (bytes of samples|frames)/;
    const isEmpty = /the file holds no audio that can be decoded/;
    const empty = wavHeader(48000, 1, "16", 0), emptyFloat = wavHeader(48000, 1, "float", 0);
    const cases: [Uint8Array, RegExp][] = [
      [wav.subarray(0, 500_000), isCut],
      [wav.subarray(0, -2), isCut],
      [float.subarray(0, 500_000), isCut],
      [flac.subarray(0, 400_000), isCut],
      [empty, isEmpty],
      [emptyFloat, isEmpty],
      [flac.subarray(0, 60), isEmpty],
      [Buffer.from("nothing of the kind"), /not a WAV, AIFF, FLAC, Ogg or MP3 file/],
    ];
    for (const [bytes, message] of cases) {
      writeFileSync(path, bytes);
      await assert.rejects(sourceOfBytes(bytes), message, `${message} ${bytes.length}`);
      if (message !== isEmpty) await assert.rejects(readInBlocks(path), message);
      else assert.equal((await readInBlocks(path)).samples.length, 0);
    }
    writeFileSync(path, "1234567");
    assert.deepEqual(Buffer.from(readFileInto(path, 9, new Scratch())), Buffer.from("1234567"));
  }));

test("a sample frame that is the first of a block counts, and what is behind the samples doesn't", () =>
  withFolder(async (folder) => {
    const path = join(folder, "a.wav");
    const blockByteSize = 1 << 18;
    for (const frameCount of [-1, 0, 1].map((more) => (2 * blockByteSize - 44) / 4 + more)) {
      const samples = Float32Array.from({ length: frameCount }, (_, i) => i / frameCount);
      const file = [wavHeader(48000, 1, "float", frameCount), wavBytes([samples], "float")];
      writeFileSync(path, Buffer.concat([...file, Buffer.alloc(3 * blockByteSize, 1)]));
      assert.ok(sameBits((await readInBlocks(path)).samples, samples), `${frameCount}`);
    }
  }));

test("files are closed, whether they are read to their end or not", () =>
  withFolder(async (folder) => {
    if (process.platform !== "linux") return;
    const [short, long] = [join(folder, "a.wav"), join(folder, "b.flac")];
    writeFileSync(short, readFileSync(pathOf("lena.wav")));
    writeFileSync(long, readFileSync(pathOf("lena.flac")));
    for (let i = 0; i < 10; i++) {
      await openSource(short);
      for await (const _ of readBlocks(long)) break;
    }
    const opened = String(execFileSync("ls", ["-l", `/proc/${process.pid}/fd`]));
    const left = opened.split("\n").filter((line) => line.includes(folder));
    assert.ok(left.length <= 2, left.join("\n"));
  }));
