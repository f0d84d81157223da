/** Parquet shards: the audio column is another one, all others are what they were. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import * as nodeZlib from "node:zlib";
import { decompress as decompressZstd } from "fzstd";
import { parquetMetadata } from "hyparquet";
import { readJsonLines, readTree, runCli, startCli, waitFor, withFolder } from "./cli.ts";
import { withMember } from "../../cli/parquet/schema.ts";
import { type Field, get, make, readStruct, structBytes, TYPE } from "../../cli/parquet/thrift.ts";
import { type Audio, parquetOf, rowsOf, wav } from "./parquet.ts";
import { storedZstd } from "./parquet-made.ts";
import { test } from "../harness.ts";

/** Zstandard is in newer runtimes. */
const zlib = nodeZlib as typeof nodeZlib & { zstdCompressSync?: (bytes: Uint8Array) => Buffer };

const FEATURES = { 7: { _type: "Value" }, audio: { sampling_rate: 16000, _type: "Audio" } };

function audioOf(i: number, frameCount = 2000): Audio {
  return { bytes: wav(i, frameCount), path: `x/c${i}.flac` };
}

const sha256 = (bytes: unknown) => createHash("sha256").update(bytes as Uint8Array).digest("hex");

function metadataOf(path: string) {
  return parquetMetadata(new Uint8Array(readFileSync(path)).buffer);
}

interface Read {
  audio: { bytes: Uint8Array; path: string } | null;
  augment: string | null;
}

/** Runs `dataset`, which must end with this code; gives its summary. */
async function dataset(args: readonly string[], expected = 0) {
  const { code, stdout, stderr } = await runCli(["dataset", "--json", "--quiet", ...args]);
  assert.equal(code, expected, stderr);
  return JSON.parse(stdout.toString());
}

test("rows in, rows out: nulls, other columns, the schema, Hugging Face's features, two copies", () =>
  withFolder(async (folder) => {
    const rows: (Audio | null)[] = Array.from({ length: 10 }, (_, i) => audioOf(i));
    rows[3] = null;
    rows[4] = { bytes: undefined, path: undefined };
    rows[5] = { bytes: wav(5), path: undefined };
    const [source, target] = [join(folder, "in/train"), join(folder, "out")];
    mkdirSync(source, { recursive: true });
    const input = join(source, "a.parquet");
    writeFileSync(input, parquetOf(rows, { features: FEATURES }));
    const args = [join(folder, "in"), target, "--copies", "2", "--p", "0.6", "--seed", "4"];
    const summary = await dataset(args);
    assert.deepEqual([summary.files, summary.failed], [1, 0]);
    const path = join(target, "train/a.parquet");
    const [before, after] = [await rowsOf(input), await rowsOf(path)];
    // Row groups of 4, 4 and 2 rows, each of them once for each copy.
    const order = [[0, 4], [4, 8], [8, 10]].flatMap(([from = 0, to = 0]) => {
      const group = Array.from({ length: to - from }, (_, i) => from + i);
      return [...group.map((row) => [row, 0]), ...group.map((row) => [row, 1])];
    }) as [number, number][];
    assert.equal(after.length, 20);
    const manifest = readJsonLines(join(target, "manifest.jsonl"));
    const byRow = new Map(manifest.map((line) => [line["row"], line]));
    assert.equal(byRow.size, 16);
    let appliedCount = 0;
    for (const [outputRow, [row, copy]] of order.entries()) {
      const { audio, augment, ...others } = after[outputRow] as unknown as Read;
      const { audio: old, ...oldOthers } = before[row] as unknown as Read;
      assert.deepEqual(others, oldOthers);
      if (!old?.bytes) {
        assert.deepEqual([audio, augment], [old, null]);
        continue;
      }
      const line = byRow.get(outputRow) as Record<string, unknown>;
      assert.equal(line["source"], `train/a.parquet/${row}`);
      assert.deepEqual([line["copy"], line["output"]], [copy, "train/a.parquet"]);
      assert.equal(line["sha256"], sha256(audio?.bytes));
      assert.deepEqual(line["parameters"], JSON.parse(augment ?? "null"));
      assert.equal(augment === null, sha256(old.bytes) === line["sha256"]);
      assert.equal(audio?.path, row === 5 ? null : `x/c${row}-${copy}.wav`);
      if (augment) appliedCount++;
    }
    assert.ok(appliedCount > 2 && appliedCount < 14);
    const [old, now] = [metadataOf(input), metadataOf(path)];
    assert.deepEqual(now.schema.slice(1, -1), old.schema.slice(1));
    assert.equal(now.schema.at(-1)?.name, "augment");
    assert.deepEqual(now.row_groups.map(({ num_rows }) => Number(num_rows)), [4, 4, 4, 4, 2, 2]);
    const features = now.key_value_metadata?.find(({ key }) => key === "huggingface")?.value;
    const added = { augment: { dtype: "string", _type: "Value" } };
    assert.deepEqual(JSON.parse(features ?? ""), { info: { features: { ...FEATURES, ...added } } });
    // What it has made is augmented again: the column is there once.
    await dataset([path, join(folder, "again"), "--seed", "5"]);
    const again = metadataOf(join(folder, "again/a.parquet"));
    assert.equal(again.schema.filter(({ name }) => name === "augment").length, 1);
    assert.equal((await runCli(["merge", target])).code, 0);
  }));

test("Thrift's compact protocol, byte for byte, and back", () => {
  const bytesOf = (fields: [number, Field][]) => [...structBytes(new Map(fields))];
  const list = (count: number) => make.list(TYPE.i32, Array.from({ length: count }, (_, i) => i));
  const zigzag = (count: number) =>
    Array.from({ length: count }, (_, i) => 2 * i).flatMap((n) =>
      n < 128 ? [n] : [n & 127 | 128, n >> 7]
    );
  const cases: [fields: [number, Field][], bytes: number[]][] = [
    [[], [0]],
    [[[1, make.i32(1)], [16, make.i32(-1)]], [0x15, 2, 0xf5, 1, 0]], // 15 on
    [[[1, make.i32(1)], [17, make.i32(-2)]], [0x15, 2, 0x05, 34, 3, 0]], // 16 on: a number
    [[[2, make.i32(64)], [1, make.i32(63)]], [0x15, 126, 0x15, 128, 1, 0]],
    [[[1, list(14)]], [0x19, 0xe5, ...zigzag(14), 0]],
    [[[1, list(15)]], [0x19, 0xf5, 15, ...zigzag(15), 0]],
    [[[1, list(130)]], [0x19, 0xf5, 130, 1, ...zigzag(130), 0]],
    [[[1, make.text("ä")], [3, make.struct([[1, make.i64(-64)]])]], [
      ...[0x18, 2, 0xc3, 0xa4, 0x2c, 0x16, 127, 0, 0],
    ]],
    [[[1, { type: TYPE.true, value: true }], [2, { type: TYPE.true, value: false }]], [
      ...[0x11, 0x12, 0],
    ]],
    [[[1, { type: TYPE.i8, value: -2 }], [2, { type: TYPE.i16, value: -2 }]], [
      ...[0x13, 0xfe, 0x14, 3, 0],
    ]],
    [[[1, make.i64(2 ** 53)]], [0x16, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20, 0]],
  ];
  for (const [fields, bytes] of cases) {
    assert.deepEqual(bytesOf(fields), bytes);
    const { struct, end } = readStruct(Uint8Array.from([9, ...bytes, 9]), 1);
    assert.equal(end, bytes.length + 1);
    assert.deepEqual([...structBytes(struct)], bytes);
    for (const [id, { value }] of fields) {
      if (typeof value === "number") assert.equal(struct.get(id)?.value, value);
    }
    for (let size = 0; size < bytes.length; size++) {
      assert.throws(() => readStruct(Uint8Array.from(bytes.slice(0, size))), RangeError);
    }
  }
  const least = -(2n ** 63n), most = 2n ** 63n - 1n;
  for (const value of [least, most, -1n, 0n]) {
    const bytes = structBytes(new Map([[1, { type: TYPE.i64, value }]]));
    assert.equal(readStruct(bytes).struct.get(1)?.value, value);
  }
  const nested = (depth: number) =>
    Uint8Array.from([...new Array(depth).fill(0x1c), ...new Array(depth + 1).fill(0)]);
  assert.equal(readStruct(nested(33)).end, 67);
  assert.throws(() => readStruct(nested(34)), /too deep/);
  const long = [0x16, ...new Array(10).fill(0x80), 1, 0];
  assert.throws(() => readStruct(Uint8Array.from(long)), /too long/);
  const last = (byte: number) => [0x16, ...new Array(9).fill(0xff), byte, 0]; // bits from 63 on
  assert.equal(readStruct(Uint8Array.from(last(1))).struct.get(1)?.value, least);
  for (const byte of [2, 3]) {
    assert.throws(() => readStruct(Uint8Array.from(last(byte))), /a number that is too long/);
  }
  assert.throws(() => readStruct(Uint8Array.of(0x1b, 0, 0)), /type 11/);
});

/** Looks at where the indexes of a file say that pages are: there one begins that is so long. */
function countPlaces(path: string): number {
  const bytes = new Uint8Array(readFileSync(path));
  let count = 0;
  for (const { offset_index_offset: at } of metadataOf(path).row_groups.flatMap((g) => g.columns)) {
    if (!at) continue;
    for (const place of get.structs(readStruct(bytes, Number(at)).struct, 1)) {
      const offset = get.number(place, 1) ?? NaN;
      const { struct, end } = readStruct(bytes, offset);
      assert.equal(get.number(place, 2), end - offset + (get.number(struct, 3) ?? NaN));
      count++;
    }
  }
  return count;
}

test("audio in several pages, with a dictionary and without, is that in one page", () =>
  withFolder(async (folder) => {
    const rows = (kinds: number) =>
      Array.from({ length: 12 }, (_, i) => i % 5 === 3 ? null : audioOf(i % kinds, 700));
    for (const kinds of [12, 2]) {
      const outputs: unknown[] = [];
      for (const pageSize of [undefined, 1, 3000]) {
        const source = join(folder, `${kinds}-${pageSize}`);
        mkdirSync(source);
        const file = parquetOf(rows(kinds), { rowGroupSize: 7, ...(pageSize && { pageSize }) });
        writeFileSync(join(source, "a.parquet"), file);
        const target = join(folder, `out-${kinds}-${pageSize}`);
        await dataset([source, target, "--p", "1", "--seed", "6"]);
        outputs.push(await rowsOf(join(target, "a.parquet")));
        const [old, now] = [source, target].map((place) =>
          metadataOf(join(place, "a.parquet")).row_groups[0]?.columns.filter((column) =>
            column.offset_index_offset
          ).map(({ meta_data: meta }) => meta?.path_in_schema.join("."))
        );
        assert.ok(old?.every((name) => now?.includes(name)), `${old} and now ${now}`);
        if (pageSize === 1) assert.ok(old?.includes("time"), `${old}`);
        const placeCount = countPlaces(join(target, "a.parquet"));
        if (pageSize === 1) assert.ok(placeCount > 0);
      }
      assert.deepEqual(outputs[1], outputs[0]);
      assert.deepEqual(outputs[2], outputs[0]);
      assert.equal((outputs[0] as Read[]).filter(({ augment }) => augment !== null).length, 10);
    }
  }));

test("Zstandard: by the runtime, or where it has none by fzstd; gzip and Brotli", () =>
  withFolder(async (folder) => {
    const rows = Array.from({ length: 5 }, (_, i) => audioOf(i));
    const plain = join(folder, "in/plain.parquet");
    mkdirSync(join(folder, "in"));
    writeFileSync(plain, parquetOf(rows));
    const zstd = zlib.zstdCompressSync ?? storedZstd;
    const codecs = {
      ZSTD: (bytes: Uint8Array) => new Uint8Array(zstd(bytes)),
      GZIP: (bytes: Uint8Array) => new Uint8Array(zlib.gzipSync(bytes)),
      BROTLI: (bytes: Uint8Array) => new Uint8Array(zlib.brotliCompressSync(bytes)),
    };
    for (const [codec, compress] of Object.entries(codecs)) {
      const bytes = parquetOf(rows, { codec: codec as keyof typeof codecs, compress });
      writeFileSync(join(folder, `in/${codec}.parquet`), bytes);
    }
    await dataset([join(folder, "in"), join(folder, "out"), "--p", "0"]);
    const wanted = rows.map(({ bytes }) => sha256(bytes));
    for (const name of ["plain", ...Object.keys(codecs)]) {
      const found = await rowsOf(
        join(folder, "out", `${name}.parquet`),
        codecsOf(),
      ) as unknown as Read[];
      assert.deepEqual(found.map(({ audio }) => sha256(audio?.bytes)), wanted, name);
    }
  }));

/** What hyparquet reads the other columns by. */
function codecsOf() {
  return {
    ZSTD: (bytes: Uint8Array) => decompressZstd(bytes),
    GZIP: (bytes: Uint8Array) => new Uint8Array(zlib.gunzipSync(bytes)),
    BROTLI: (bytes: Uint8Array) => new Uint8Array(zlib.brotliDecompressSync(bytes)),
  };
}

test("a member more in a JSON text changes nothing else of it", () => {
  const put = (text: string, ...keys: string[]) => withMember(text, keys, '"n": 1');
  const features =
    '{"a": [{"info": {"features": {}}}], "info":{"features":{"1":{"x":"}"}, "0": 1.0} }}';
  assert.equal(put(features, "info", "features"), features.replace("1.0}", '1.0, "n": 1}'));
  assert.equal(
    put('{"info": {"features": {}}}', "info", "features"),
    '{"info": {"features": {"n": 1}}}',
  );
  assert.equal(
    put('{"type":"struct","fields":[{"a":[]}]}', "fields"),
    '{"type":"struct","fields":[{"a":[]}, "n": 1]}',
  );
  for (const other of ["", "{}", '{"info": 3}', '["info", {"features": {}}]']) {
    assert.equal(put(other, "info", "features"), other);
  }
});

test("a row whose audio can't be read keeps it and says why; the next run tries it again", () =>
  withFolder(async (folder) => {
    const input = join(folder, "a.parquet");
    const bad = { bytes: Buffer.from("no sound"), path: "bad.flac" };
    const far = { bytes: undefined, path: "elsewhere.wav" };
    writeFileSync(input, parquetOf([audioOf(0), bad, far, audioOf(3)]));
    for (let i = 0; i < 2; i++) {
      const { failures, done } = await dataset([input, join(folder, "out")], 1);
      assert.equal(done, 1);
      assert.deepEqual(failures.map(({ source }: { source: string }) => source), [
        "a.parquet/1",
        "a.parquet/2",
      ]);
      assert.match(failures[1].reason, /no bytes, but a path alone: elsewhere\.wav/);
    }
    const twice = await dataset([input, join(folder, "twice"), "--copies", "2"], 1);
    assert.equal(twice.failures.length, 2); // of the source's rows, not of the copies
    const rows = await rowsOf(join(folder, "out/a.parquet")) as unknown as Read[];
    assert.equal(Buffer.from(rows[1]?.audio?.bytes ?? []).toString(), "no sound");
    assert.equal(rows[1]?.audio?.path, "bad.flac");
    assert.match(JSON.parse(rows[1]?.augment ?? "").error, /not a WAV/);
    assert.equal(rows[2]?.audio?.path, "elsewhere.wav");
    assert.equal(rows[3]?.audio?.path, "x/c3.wav");
  }));

test("which column holds the audio: one that looks like it, Hugging Face's word, or --audio-column", () =>
  withFolder(async (folder) => {
    const input = join(folder, "in/a.parquet");
    mkdirSync(join(folder, "in"));
    let runCount = 0;
    const run = async (options: Parameters<typeof parquetOf>[1], ...args: string[]) => {
      writeFileSync(input, parquetOf([audioOf(0), audioOf(1)], options));
      const out = join(folder, `out${runCount++}`);
      const outcome = await runCli(["dataset", input, out, "--p", "1", ...args]);
      return { ...outcome, path: join(out, "a.parquet") };
    };
    const isCoded = async (path: string, name: string) => {
      const [row] = await rowsOf(path) as unknown as Record<string, { path: string }>[];
      return row?.[name]?.path.endsWith(".wav");
    };
    const names = ["picture", "sound"];
    const untold = await run({ names });
    assert.equal(untold.code, 1);
    assert.match(
      untold.stderr,
      /several columns may hold the audio \(picture, sound\): --audio-col/,
    );
    const features = { picture: { _type: "Image" }, sound: { _type: "Audio" } };
    const told = await run({ names, features });
    assert.deepEqual([told.code, await isCoded(told.path, "sound")], [0, true]);
    assert.equal(await isCoded(told.path, "picture"), false);
    const named = await run({ names, features }, "--audio-column", "picture");
    assert.deepEqual([named.code, await isCoded(named.path, "picture")], [0, true]);
    const wrong = await run({}, "--audio-column", "sond");
    assert.equal(wrong.code, 1);
    assert.match(
      wrong.stderr,
      /column "sond" holds no bytes.* \(it has id, audio, text, time, score\)/,
    );
    const foreign = await run({ extra: { augment: ["mine", "too"] } });
    assert.match(foreign.stderr, /has a column "augment" already, which isn't this command's/);
    // A table of something else beside the audio is left out and counted; alone it is an error.
    const none = await run({ names: [] });
    assert.equal(none.code, 1);
    assert.match(none.stderr, /no column holds audio/);
    const { skipped } = await dataset([join(folder, "in"), join(folder, "folder")]);
    assert.deepEqual(skipped, { ".parquet without audio": 1 });
  }));

test("damaged Parquet files are failed files with a reason, the others are done", () =>
  withFolder(async (folder) => {
    const source = join(folder, "in");
    mkdirSync(source);
    const good = parquetOf(Array.from({ length: 8 }, (_, i) => audioOf(i)));
    const encrypted = Buffer.from(good);
    encrypted.write("PARE", good.length - 4);
    const flipped = Buffer.from(good);
    flipped.fill(0xff, 3000, 20_000);
    const files: Record<string, [Buffer, RegExp]> = {
      cut: [good.subarray(0, 20_000), /ends without a footer: it was cut short/],
      empty: [Buffer.alloc(0), /is no Parquet file/],
      text: [Buffer.from("id,audio\n1,2\n"), /is no Parquet file/],
      encrypted: [encrypted, /encrypted Parquet file/],
      flipped: [flipped, /the column audio\.\w+ is damaged/],
      front: [good.subarray(1000), /is no Parquet file/],
      inside: [Buffer.concat([good.subarray(0, 9000), good.subarray(12_000)]), /damaged/],
    };
    for (const [name, [bytes]] of Object.entries(files)) {
      writeFileSync(join(source, `${name}.parquet`), bytes);
    }
    writeFileSync(join(source, "good.parquet"), good);
    const { failures, done } = await dataset([source, join(folder, "out")], 1);
    assert.equal(done, 1);
    const reasons = new Map<string, string>(
      failures.map(({ source, reason }: Record<string, string>) => [source, reason]),
    );
    for (const [name, [, reason]] of Object.entries(files)) {
      assert.match(reasons.get(`${name}.parquet`) ?? "", reason, name);
    }
    const left = Object.keys(readTree(join(folder, "out")))
      .filter((name) => /parquet|partial/.test(name));
    assert.deepEqual(left, ["good.parquet"]);
  }));

test("Parquet: killed and resumed it is an undisturbed run; no source or foreign file is lost", () =>
  withFolder(async (folder) => {
    const [source, whole, target] = ["in", "whole", "out"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    mkdirSync(source);
    for (let i = 0; i < 6; i++) {
      const rows = Array.from({ length: 8 }, (_, row) => audioOf(8 * i + row, 20_000));
      writeFileSync(join(source, `${i}.parquet`), parquetOf(rows));
    }
    const args = ["--p", "1", "--quality", "0", "--threads", "1"];
    await dataset([source, whole, ...args]);
    const journal = join(target, ".mp3-augment/journal.jsonl");
    const { child, outcome } = startCli(["dataset", source, target, "--quiet", ...args]);
    await waitFor(() => {
      try {
        return readFileSync(journal, "utf8").split("\n").length > 3; // the second is under way
      } catch {
        return false;
      }
    });
    child.kill("SIGKILL");
    assert.equal((await outcome).code, 137);
    await dataset([source, target, ...args]);
    assert.deepEqual(readTree(target), readTree(whole));
    const own = await runCli(["dataset", join(source, "0.parquet"), source]);
    assert.equal(own.code, 2);
    assert.match(own.stderr, /overwrite a file of its own sources \(0\.parquet\)/);
    mkdirSync(join(folder, "foreign"));
    writeFileSync(join(folder, "foreign/3.parquet"), "mine");
    const foreign = await runCli(["dataset", source, join(folder, "foreign")]);
    assert.equal(foreign.code, 2);
    assert.match(foreign.stderr, /no run of this command has recorded \(3\.parquet\)/);
  }));

test("Parquet on a full disk: the run ends with 3, nothing is cut short, and it goes on later", () =>
  withFolder(async (folder) => {
    if (process.platform !== "linux" || process.getuid?.() !== 0) return; // only root may mount
    const [source, disk] = [join(folder, "in"), join(folder, "disk")];
    mkdirSync(source);
    for (let i = 0; i < 4; i++) {
      writeFileSync(
        join(source, `${i}.parquet`),
        parquetOf([audioOf(0, 30_000), audioOf(1, 30_000)]),
      );
    }
    mkdirSync(disk);
    const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=300k", "tmpfs", disk]);
    if (mounted.status !== 0) return; // a container without the right
    try {
      const args = ["dataset", source, join(disk, "out"), "--quiet", "--threads", "1"];
      const { code, stderr } = await runCli(args);
      assert.equal(code, 3);
      assert.match(stderr, /the disk is full/);
      assert.ok(!Object.keys(readTree(disk)).some((name) => name.endsWith(".partial")));
      spawnSync("mount", ["-o", "remount,size=4m", disk]);
      assert.equal((await runCli(args)).code, 0);
      assert.equal(readJsonLines(join(disk, "out/manifest.jsonl")).length, 8);
    } finally {
      spawnSync("umount", [disk]);
    }
  }));
