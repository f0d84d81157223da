/** Sound files as they are opened: in memory or from the disk, the same is known of them. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import {
  appendFileSync,
  closeSync,
  openSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { encodeMp3 } from "../../mod.ts";
import { codeSource, type Coding } from "../../cli/audio/code.ts";
import { pump } from "../../cli/audio/pump.ts";
import { Scratch } from "../../cli/audio/scratch.ts";
import { openSource } from "../../cli/audio/source.ts";
import { type SampleFormat, wavBytes, wavHeader } from "../../cli/audio/wav.ts";
import { waitFor, withFolder } from "./cli.ts";
import { test } from "../harness.ts";
import { makeSignal, sameBits } from "../signals.ts";
import { testWithin } from "../within.ts";

const RATE = 48000;
/** More than 4 MB of WAV, which is what a file in memory may have. */
const LONG = 2_200_000;

function writeFile(path: string, channels: readonly Float32Array[], format: SampleFormat): void {
  const header = wavHeader(RATE, channels.length, format, channels[0]?.length ?? 0);
  writeFileSync(path, Buffer.concat([header, wavBytes(channels, format)]));
}

test("the peak is the loudest of all blocks, wherever it is, and of each channel", () =>
  withFolder(async (folder) => {
    const path = join(folder, "a.wav");
    const cases = [["16", 0], ["16", LONG - 1], ["24", LONG >> 1], ["float", LONG - 1]] as const;
    for (const [format, at] of cases) {
      const channels = [1, 2].map(() => new Float32Array(LONG).fill(0.125));
      (channels[0] as Float32Array)[at] = -0.75;
      (channels[1] as Float32Array)[LONG - 1 - at] = 0.5;
      writeFile(path, channels, format);
      const source = await openSource(path);
      assert.deepEqual(source.peaks, [0.75, 0.5], `${format}, ${at}`);
      assert.deepEqual([source.clip, source.frameCount], [undefined, LONG]);
    }
  }));

test("a long file's blocks are its samples, twice", () =>
  withFolder(async (folder) => {
    const path = join(folder, "a.wav");
    const channels = [makeSignal(LONG, RATE, 1), makeSignal(LONG, RATE, 2)];
    writeFile(path, channels, "float");
    const source = await openSource(path);
    for (let i = 0; i < 2; i++) {
      const found = [new Float32Array(LONG), new Float32Array(LONG)];
      let at = 0;
      for await (const block of source.blocks()) {
        block.forEach((samples, channel) => found[channel]?.set(samples, at));
        at += block[0]?.length ?? 0;
      }
      assert.equal(at, LONG);
      found.forEach((samples, i) => assert.ok(sameBits(samples, channels[i] as Float32Array)));
    }
  }));

test("uncompressed files of up to 4 MiB are kept in memory, others of up to 256 KiB", () =>
  withFolder(async (folder) => {
    const wav = Buffer.from(wavHeader(RATE, 1, "float", 1000));
    const bytes = Buffer.concat([wav, wavBytes([makeSignal(1000, RATE)], "float")]);
    const largest: [string, number][] = [["a.bin", 2 ** 18], ["a.wav.x", 2 ** 18]];
    for (const name of ["wav", "WAV", "aif", "aiff", "aifc"]) largest.push([`a.${name}`, 2 ** 22]);
    for (const [name, byteSize] of largest) {
      const path = join(folder, name);
      writeFileSync(path, bytes);
      for (const size of [byteSize, byteSize + 1]) {
        truncateSync(path, size); // what follows the samples is none of them
        const { clip, frameCount } = await openSource(path);
        assert.deepEqual([clip !== undefined, frameCount], [size === byteSize, 1000], name);
      }
    }
  }));

test("chunks before the samples may be as long as 32 MiB, pictures say", () =>
  withFolder(async (folder) => {
    const path = join(folder, "a.wav");
    const samples = [makeSignal(1000, RATE)];
    const header = wavHeader(RATE, 1, "float", 1000);
    for (const [chunkByteSize, isRead] of [[1 << 23, true], [1 << 26, false]] as const) {
      const head = Buffer.concat([header.subarray(0, 12), Buffer.from("PICT\0\0\0\0")]);
      head.writeUInt32LE(chunkByteSize, 16);
      writeFileSync(path, head);
      truncateSync(path, head.length + chunkByteSize);
      appendFileSync(path, Buffer.concat([header.subarray(12), wavBytes(samples, "float")]));
      const opening = openSource(path);
      if (isRead) assert.equal((await opening).frameCount, 1000);
      else await assert.rejects(opening, /the file ends before its samples/);
    }
  }));

test("a sample that is no number is an error in any block", () =>
  withFolder(async (folder) => {
    const path = join(folder, "a.wav");
    for (const [length, at] of [[1000, 7], [LONG, LONG - 1]] as const) {
      for (const wrong of [NaN, Infinity, -Infinity]) {
        const samples = new Float32Array(length).fill(0.1);
        samples[at] = wrong;
        writeFile(path, [samples], "float");
        await assert.rejects(openSource(path), /a sample is NaN or infinite/, `${length} ${at}`);
      }
    }
  }));

test("a long MP3 file is known as a short one is", () =>
  withFolder(async (folder) => {
    const path = join(folder, "a.mp3");
    for (const seconds of [2, 40]) {
      const clip = makeSignal(seconds * RATE, RATE);
      writeFileSync(path, encodeMp3(clip, { sampleRate: RATE, bitrateKbps: 64 }));
      const source = await openSource(path);
      assert.equal(source.clip === undefined, seconds === 40);
      const { container, sampleRate, channelCount, frameCount, mp3 } = source;
      assert.deepEqual([container, sampleRate, channelCount], ["mp3", RATE, 1]);
      assert.deepEqual([frameCount, mp3?.sampleCount, mp3?.encoder], [
        clip.length,
        clip.length,
        "LAME3.100",
      ]);
      let peak = 0, count = 0;
      for await (const [samples = new Float32Array(0)] of source.blocks()) {
        for (const sample of samples) peak = Math.max(peak, Math.abs(sample));
        count += samples.length;
      }
      assert.deepEqual([source.peaks, count], [[peak], clip.length]);
    }
  }));

test("a short file that changes while it is read is refused", () =>
  withFolder(async (folder) => {
    const path = join(folder, "a.wav");
    class Slow extends Scratch {
      override file(byteSize: number): Uint8Array {
        appendFileSync(path, "more");
        return super.file(byteSize);
      }
    }
    writeFile(path, [makeSignal(1000, RATE)], "16");
    await assert.rejects(
      openSource(path, { scratch: new Slow() }),
      /was changed while it was read/,
    );
  }));

test("a long file that changes, in either reading, is refused; also one that hides it", () =>
  withFolder(async (folder) => {
    const path = join(folder, "a.wav");
    const day = new Date(2020, 1, 1);
    const write = (frameCount: number) => {
      writeFile(path, [new Float32Array(LONG)], "16");
      const file = openSync(path, "r+");
      writeSync(file, wavHeader(RATE, 1, "16", frameCount), 0, 44, 0);
      closeSync(file);
      utimesSync(path, day, day);
    };
    const touch = () => utimesSync(path, day, new Date(2021, 1, 1));
    const read = async (source: Awaited<ReturnType<typeof openSource>>, onBlock?: () => void) => {
      let count = 0;
      for await (const [samples] of source.blocks()) {
        count += samples?.length ?? 0;
        onBlock?.();
      }
      return count;
    };
    const changed = /the file was changed while it was read/;
    write(LONG);
    const signal = { throwIfAborted: touch } as AbortSignal;
    await assert.rejects(openSource(path, { signal }), changed);
    write(LONG);
    const source = await openSource(path);
    assert.equal(await read(source), LONG);
    for (const frameCount of [LONG - 1, LONG - 100_000]) {
      write(frameCount); // of the same size and age, with fewer samples
      await assert.rejects(read(source), /the file gave other samples when it was read again/);
      const short = await openSource(path);
      write(LONG); // and with more
      await assert.rejects(read(short), /the file gave other samples when it was read again/);
    }
    await assert.rejects(read(source, touch), changed);
  }));

test("an abort ends a long file on its way, coded or not", () =>
  withFolder(async (folder) => {
    const path = join(folder, "a.wav");
    writeFile(path, [makeSignal(LONG, RATE)], "16");
    const source = await openSource(path);
    const coding: Coding = {
      bitrateKbps: 64,
      quality: 9,
      stereoMode: "stereo",
      bitReservoir: false,
      preserveDelay: false,
      preserveLevel: false,
    };
    for (const wanted of [undefined, coding]) {
      const controller = new AbortController();
      const options = { channelGroups: "pairs", isLastUse: true } as const;
      const { signal } = controller;
      const { blocks } = await codeSource(source, wanted, { ...options, signal });
      let count = 0;
      await assert.rejects(async () => {
        for await (const [samples] of blocks) {
          controller.abort("enough");
          count += samples?.length ?? 0;
        }
      }, (reason) => reason === "enough");
      assert.ok(count > 0 && count < LONG, `${count} samples came`);
    }
  }));

testWithin(
  10,
  "through a stream: all comes out, an error of either side too, and an end of the reader's",
  async () => {
    let isOver = false;
    async function* input(count: number, error?: Error) {
      try {
        for (let i = 0; i < count; i++) yield i;
        if (error) throw error;
      } finally {
        isOver = true;
      }
    }
    const all: number[] = [];
    for await (const value of pump(input(100), new TransformStream())) all.push(value as number);
    assert.deepEqual([all, isOver], [Array.from({ length: 100 }, (_, i) => i), true]);
    const wrong = new Error("wrong");
    const failing = {
      input: [input(3, wrong), new TransformStream()],
      transform: [input(3), new TransformStream({ transform: () => Promise.reject(wrong) })],
      flush: [input(3), new TransformStream({ flush: () => Promise.reject(wrong) })],
    } as const;
    for (const [name, [given, stream]] of Object.entries(failing)) {
      isOver = false;
      await assert.rejects(
        async () => {
          for await (const _ of pump(given, stream));
        },
        (error) => error === wrong,
        name,
      );
      await waitFor(() => isOver);
    }
    isOver = false;
    for await (const _ of pump(input(Infinity), new TransformStream())) break;
    await waitFor(() => isOver);
  },
);
