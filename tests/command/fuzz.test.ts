/**
 * The command's own readers on damaged input: each gives data that make sense or an error in words, in
 * bounded time. Among the tests the seed is always the same; with MP3_AUGMENT_FUZZ_SECONDS, by which
 * `npm run fuzz:command` goes on for longer, it is a new one, which is printed and
 * MP3_AUGMENT_FUZZ_SEED repeats.
 */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { readFileSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import fc from "fast-check";
import { pack } from "tar-stream";
import { parseAiffHeader } from "../../cli/audio/aiff.ts";
import { createFlacWriter } from "../../cli/audio/flac.ts";
import { type Block, decodeBytes, peakOf, readBlocks } from "../../cli/audio/read.ts";
import { parseWavHeader, wavBytes, wavHeader } from "../../cli/audio/wav.ts";
import { isRecord, Journal, readLines } from "../../cli/dataset/journal.ts";
import { parseSourceList } from "../../cli/dataset/lists.ts";
import { augmentStream } from "../../cli/dataset/pipe.ts";
import type { Settings } from "../../cli/dataset/settings.ts";
import { readPlan } from "../../cli/dataset/state.ts";
import { readMembers } from "../../cli/dataset/tar.ts";
import { CliError } from "../../cli/errors.ts";
import { findAudioColumn } from "../../cli/parquet/audio-column.ts";
import { readFooter } from "../../cli/parquet/format.ts";
import { checkColumns, rewriteParquet } from "../../cli/parquet/rewrite.ts";
import { withFolder } from "./cli.ts";
import { parquetOf, wav } from "./parquet.ts";
import { test } from "../harness.ts";
import { makeSignal } from "../signals.ts";

/** Of all properties together; they share it. */
const { MP3_AUGMENT_FUZZ_SECONDS: seconds, MP3_AUGMENT_FUZZ_SEED: given } = process.env;
const SECONDS = Number(seconds ?? 12);
const SEED = Number(given ?? (seconds === undefined ? 1 : Date.now() % 2 ** 31));
if (seconds !== undefined) console.log(`fuzz: seed ${SEED}`);
const PROPERTY_COUNT = 9;
const SLOWEST_MS = 5000;
const RATE = 16000;

/** Holds a property for this spec's share of the time. */
async function hold<T>(values: fc.Arbitrary<T>, body: (value: T) => Promise<void>): Promise<void> {
  const property = fc.asyncProperty(values, async (value) => {
    const startMs = performance.now();
    await body(value);
    assert.ok(performance.now() - startMs < SLOWEST_MS, "it takes too long");
  });
  const interruptAfterTimeLimit = 1000 * SECONDS / PROPERTY_COUNT;
  await fc.assert(property, {
    seed: SEED,
    numRuns: 1e9,
    interruptAfterTimeLimit,
    markInterruptAsFailure: false,
  });
}

/** Files as they should be, and what becomes of them: bytes changed, cut out, put in, cut off. */
function damaged(...files: Uint8Array[]): fc.Arbitrary<Buffer> {
  const edit = fc.record({
    at: fc.oneof(fc.nat({ max: 100 }), fc.nat({ max: 1 << 16 })),
    remove: fc.oneof(fc.constant(0), fc.nat({ max: 40 })),
    insert: fc.oneof(
      fc.uint8Array({ maxLength: 8 }),
      fc.constantFrom(...["ffffffff", "00000000", "7fffffff", "80000000", "ffff", "0000"])
        .map((hex) => Uint8Array.from(Buffer.from(hex, "hex"))),
    ),
    isReplacing: fc.boolean(),
  });
  return fc.record({
    file: fc.constantFrom(...files),
    edits: fc.array(edit, { maxLength: 5 }),
    keep: fc.oneof(fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true })),
  }).map(({ file, edits, keep }) => {
    let bytes = Buffer.from(file);
    for (const { at, remove, insert, isReplacing } of edits) {
      const from = at % (bytes.length + 1);
      const to = from + (isReplacing ? insert.length : remove);
      bytes = Buffer.concat([bytes.subarray(0, from), insert, bytes.subarray(to)]);
    }
    return bytes.subarray(0, Math.ceil(keep * bytes.length));
  });
}

/** An error in words, not one of the language's own about undefined values and array lengths. */
function assertInWords(error: unknown): void {
  assert.ok(error instanceof Error, String(error));
  const isOwn = ["TypeError", "RangeError", "ReferenceError", "AssertionError"].includes(
    error.name,
  );
  assert.ok(!isOwn, `${error.stack}`);
  assert.ok(error.message.length > 0 && error.message.length < 2000);
}

function assertClip(
  { channels, sampleRate }: Pick<Block, "channels" | "sampleRate">,
  room: number,
) {
  assert.ok(Number.isInteger(sampleRate) && sampleRate > 0, `${sampleRate} Hz`);
  assert.ok(channels.length > 0);
  for (const channel of channels) {
    assert.equal(channel.length, channels[0]?.length);
    assert.ok(channel.length <= room, `${channel.length} samples of ${room} bytes`);
    peakOf(channel);
  }
}

/** Whole and block by block a file gives the same, or is refused both times. */
async function readBothWays(path: string, bytes: Uint8Array, samplesPerByte: number) {
  const whole = await decodeBytes(bytes).catch((error) => void assertInWords(error));
  if (whole) assertClip(whole, samplesPerByte * bytes.length + 5000);
  writeFileSync(path, bytes);
  let count = 0;
  try {
    for await (const block of readBlocks(path)) {
      assertClip(block, samplesPerByte * bytes.length + 5000);
      count += block.channels[0]?.length ?? 0;
    }
  } catch (error) {
    return assertInWords(error);
  }
  if (whole) assert.equal(count, whole.channels[0]?.length);
}

function makeWav(format: "16" | "24" | "float", frameCount = 300): Buffer {
  const clip = [makeSignal(frameCount, RATE), makeSignal(frameCount, RATE, 2)];
  return Buffer.concat([wavHeader(RATE, 2, format, frameCount), wavBytes(clip, format)]);
}

test("fuzz: WAV", () =>
  withFolder(async (folder) => {
    const eight = makeWav("16");
    eight.writeUInt16LE(8, 34);
    eight.writeUInt16LE(2, 32);
    const files = [makeWav("16"), makeWav("24"), makeWav("float"), eight];
    await hold(damaged(...files), async (bytes) => {
      const header = tryTo(() => parseWavHeader(bytes));
      if (header) assert.ok(header.dataOffset >= 12 && header.dataByteSize >= 0);
      await readBothWays(join(folder, "a.wav"), bytes, 8);
    });
  }));

/** What a function gives; an error must be in words. */
function tryTo<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    assertInWords(error);
    return undefined;
  }
}

function makeAiff(type: "AIFF" | "AIFC", compression: string): Buffer {
  const common = Buffer.from("0002" + "0000000a" + "0010" + "400cfa00000000000000", "hex");
  const compressed = type === "AIFC"
    ? Buffer.concat([common, Buffer.from(`${compression}\0\0`)])
    : common;
  const chunk = (id: string, body: Buffer) => {
    const size = Buffer.alloc(4);
    size.writeUInt32BE(body.length);
    return Buffer.concat([Buffer.from(id), size, body]);
  };
  const samples = Buffer.alloc(8 + 40, 3).fill(0, 0, 8);
  return chunk(
    "FORM",
    Buffer.concat([Buffer.from(type), chunk("COMM", compressed), chunk("SSND", samples)]),
  );
}

test("fuzz: AIFF", () =>
  withFolder(async (folder) => {
    const files = [
      makeAiff("AIFF", ""),
      ...["sowt", "ulaw", "fl32"].map((name) => makeAiff("AIFC", name)),
    ];
    for (const file of files.slice(0, 2)) {
      assert.equal((await decodeBytes(file)).channels[0]?.length, 10);
    }
    await hold(damaged(...files), async (bytes) => {
      const header = tryTo(() => parseAiffHeader(bytes));
      if (header) assert.ok(header.dataOffset >= 12 && header.dataByteSize >= 0);
      await readBothWays(join(folder, "a.aiff"), bytes, 8);
    });
  }));

test("fuzz: FLAC", () =>
  withFolder(async (folder) => {
    const writer = await createFlacWriter(RATE, 1, "16", 3000);
    const start = writer.write([makeSignal(3000, RATE)]);
    const file = Buffer.concat([start, writer.finish()]);
    writer.free();
    await hold(damaged(file), async (bytes) => {
      await readBothWays(join(folder, "a.flac"), bytes, 65536);
    });
  }));

async function makeTar(): Promise<Buffer> {
  const tar = pack();
  tar.entry({ name: "a.wav" }, makeWav("16", 20));
  tar.entry({ name: `${"long/".repeat(30)}ä.json` }, "{}");
  tar.entry({ name: "b.wav", type: "link", linkname: "a.wav" });
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

test("fuzz: tar streams", async () => {
  const settings: Settings = {
    compression: { p: 0 },
    channelGroups: "pairs",
    copies: 1,
    seed: 0,
    format: { container: "wav", samples: "16" },
  };
  await hold(damaged(await makeTar()), async (bytes) => {
    const input = async function* () {
      for (let at = 0; at < bytes.length; at += 700) yield bytes.subarray(at, at + 700);
    };
    const { pieces, result } = augmentStream(input(), { name: "a", settings, onDone: () => {} });
    let byteSize = 0;
    try {
      for await (const piece of pieces) byteSize += piece.length;
      assert.ok(result().doneCount <= 3); // as many samples as went in
    } catch (error) {
      assertInWords(error);
    }
    assert.ok(byteSize >= 512); // the end of a tar, or what tells that there is none
  });
});

test("fuzz: tar", () =>
  withFolder(async (folder) => {
    const path = join(folder, "a.tar");
    await hold(damaged(await makeTar()), async (bytes) => {
      writeFileSync(path, bytes);
      try {
        for await (const { name, bytes: member } of readMembers(path)) {
          assert.equal(typeof name, "string");
          assert.ok(member.length <= bytes.length);
        }
      } catch (error) {
        assertInWords(error);
      }
    });
  }));

test("fuzz: lists", async () => {
  const line = fc.oneof(
    fc.record({ path: fc.string({ unit: "binary" }), n: fc.jsonValue() }).map((value) =>
      JSON.stringify(value)
    ),
    fc.json(),
    fc.string({ unit: "binary" }),
    fc.constantFrom("\ufeff", "", "null", '"', '{"path":"a"}'),
  );
  const text = fc.array(line, { maxLength: 6 }).map((lines) => lines.join("\n"));
  await hold(fc.tuple(text, fc.constantFrom("a.jsonl", "a.csv")), async ([text, name]) => {
    try {
      for (const { path, metadata } of await parseSourceList(text, name, "path")) {
        assert.ok(typeof path === "string" && path !== "");
        assert.equal(typeof metadata, "object");
      }
    } catch (error) {
      assertInWords(error);
      assert.ok(error instanceof CliError);
    }
  });
});

test("fuzz: Parquet", () =>
  withFolder(async (folder) => {
    const rows = Array.from({ length: 6 }, (_, i) => ({ bytes: wav(i, 200), path: `${i}.wav` }));
    const info = { audio: { _type: "Audio" } };
    const files = [parquetOf(rows), parquetOf([null, ...rows], { features: info })];
    const path = join(folder, "a.parquet");
    const change = async function* (input: AsyncIterable<{ bytes: Uint8Array | undefined }>) {
      for await (const { bytes } of input) yield { ...(bytes && { bytes }), drawn: "{}" };
    };
    await hold(damaged(...files), async (bytes) => {
      writeFileSync(path, bytes);
      const file = await open(path);
      try {
        const footer = await readFooter(file, bytes.length);
        const column = findAudioColumn(footer);
        if (column === undefined) return;
        checkColumns(footer);
        const options = { column, copies: 1, version: "0", change };
        let byteSize = 0;
        for await (const piece of rewriteParquet(file, footer, options)) byteSize += piece.length;
        assert.ok(byteSize > 12);
      } catch (error) {
        assertInWords(error);
      } finally {
        await file.close();
      }
    });
  }));

const OUTPUT = { path: "a.wav", byteSize: 3, sha256: "00" };
const RECORDS = [
  { unit: "a.wav", outputs: [OUTPUT], rows: [{ source: "a.wav", output: "a.wav" }] },
  { unit: "b.wav", begins: ["b.wav"], partial: ".mp3-augment-0123456789ab.partial" },
  { unit: "b.wav", outputs: [], rows: [], failures: [{ source: "b.wav", reason: "bad" }] },
  { unit: "ä\n.wav", outputs: [OUTPUT, OUTPUT], rows: [] },
];

test("fuzz: journal", () =>
  withFolder(async (folder) => {
    const file = Buffer.from(RECORDS.map((record) => `${JSON.stringify(record)}\n`).join(""));
    const path = join(folder, "journal.jsonl");
    await hold(damaged(file, Buffer.from("")), async (bytes) => {
      writeFileSync(path, bytes);
      const records: string[] = [];
      let byteSize = 0;
      for await (const { line, place } of readLines(path)) {
        byteSize += place.byteSize;
        if (isRecord(line)) records.push(line.unit);
      }
      assert.ok(byteSize <= bytes.length);
      const journal = await Journal.open(path);
      assert.equal(readFileSync(path).length, byteSize); // what is no line is cut off, and no more
      for (const unit of records) {
        assert.equal(journal.get(unit)?.unit, unit);
        assert.ok(journal.outputsOf(unit).every((output) => typeof output === "string"));
      }
      journal.add({ unit: "new", outputs: [], rows: [] });
      await journal.settle(["new", ...new Set(records)]);
      const again = await Journal.open(path);
      for (const unit of ["new", ...records]) assert.ok(again.get(unit));
      again.close();
    });
  }));

test("fuzz: manifest and plan", () =>
  withFolder(async (folder) => {
    const set = { units: 3, sha256: "00" };
    const plan = Buffer.from(JSON.stringify({ whole: set, part: set }));
    const row = Buffer.from('{"source":"a.wav","output":"a.wav","copy":0,"applied":true}\n');
    const [planFile, manifest] = [join(folder, ".mp3-augment/plan.json"), join(folder, "m.jsonl")];
    const journal = await Journal.open(join(folder, ".mp3-augment/journal.jsonl"));
    journal.close(); // which has made the folder
    await hold(fc.tuple(damaged(plan), damaged(row)), async ([planBytes, rowBytes]) => {
      writeFileSync(planFile, planBytes);
      const found = await readPlan(folder, { index: 0, count: 1 });
      if (found) assert.equal(typeof found.whole.units, "number");
      writeFileSync(manifest, rowBytes);
      for await (const { line } of readLines(manifest)) assert.ok(!isRecord(line));
      // A manifest is a list of sources too.
      await parseSourceList(rowBytes.toString(), "m.jsonl", "output").catch(assertInWords);
    });
  }));
