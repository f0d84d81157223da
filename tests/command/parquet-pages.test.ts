/** A column chunk's pages: what is read of them hyparquet reads, too, and what is written it reads. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { writeFileSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import * as nodeZlib from "node:zlib";
import { parquetReadObjects } from "hyparquet";
import { deserializeTCompactProtocol } from "hyparquet/src/thrift.js";
import { ByteWriter } from "hyparquet-writer/src/bytewriter.js";
import { deltaByteArray, deltaLengthByteArray } from "hyparquet-writer/src/delta.js";
import { snappyCompress } from "hyparquet-writer/src/snappy.js";
import { type Cell, readFooter, readRange } from "../../cli/parquet/format.ts";
import { readCells, unzstd } from "../../cli/parquet/read-pages.ts";
import { type Field, get, make, type Struct, structBytes, TYPE } from "../../cli/parquet/thrift.ts";
import { writeCells } from "../../cli/parquet/write-pages.ts";
import { withFolder } from "./cli.ts";
import { withFooter } from "./parquet.ts";
import {
  fileOf,
  hybrid,
  type Made,
  type Packing,
  pageOf,
  plain,
  storedZstd,
  uint32,
  widthOf,
} from "./parquet-made.ts";
import { test } from "../harness.ts";
import { randomNumbers } from "../signals.ts";

/** Zstandard is in newer runtimes. */
const zlib = nodeZlib as typeof nodeZlib & { zstdCompressSync?: (bytes: Uint8Array) => Buffer };

/** What we read of a file's only column. */
async function cellsIn(folder: string, bytes: Buffer): Promise<Cell[]> {
  const path = join(folder, "file");
  writeFileSync(path, bytes);
  const file = await open(path);
  try {
    const { leaves: [leaf], groups: [group] } = await readFooter(file, bytes.length);
    const [chunk] = get.structs(group ?? new Map(), 1);
    assert.ok(leaf && chunk && group);
    const cells: Cell[] = [];
    for await (const cell of readCells(file, chunk, leaf, get.number(group, 3) ?? NaN)) {
      cells.push(cell);
    }
    return cells;
  } finally {
    await file.close();
  }
}

/** What hyparquet reads of it. */
async function theirCells(bytes: Buffer, depth: number): Promise<Cell[]> {
  const compressors = { GZIP: (packed: Uint8Array) => new Uint8Array(zlib.gunzipSync(packed)) };
  const file = new Uint8Array(bytes).buffer;
  const rows = await parquetReadObjects({ file, utf8: false, compressors });
  return rows.map((row) => {
    let value: unknown = row["n0"];
    let level = value === null || value === undefined ? 0 : 1;
    for (let i = 1; i < depth && level === i; i++) {
      value = (value as Record<string, unknown>)[`n${i}`];
      if (value !== null && value !== undefined) level++;
    }
    return level < depth ? { level } : { level: depth, bytes: value as Uint8Array };
  });
}

/** Cells as texts that are easily compared. */
function textsOf(cells: readonly Cell[]): string[] {
  return cells.map(({ level, bytes }) => `${level} ${bytes && Buffer.from(bytes).toString("hex")}`);
}

function byDelta(write: typeof deltaByteArray, values: readonly Uint8Array[]): Uint8Array {
  const writer = new ByteWriter();
  write(writer, [...values]);
  return writer.getBytes();
}

/** Pages of such cells, 150 in each, in this encoding. */
function pagesOf(
  cells: readonly Cell[],
  depth: number,
  version: 1 | 2,
  encoding: number,
  packing: Packing,
) {
  const isDictionary = encoding === 2 || encoding === 8;
  const entries = new Map<string, number>();
  for (const { bytes } of cells) {
    const key = bytes && Buffer.from(bytes).toString("hex");
    if (key !== undefined && !entries.has(key)) entries.set(key, entries.size);
  }
  // hyparquet knows no packed bits of no width.
  const width = Math.max(packing === "runs" ? 0 : 1, widthOf(entries.size - 1));
  const encoded = (values: Uint8Array[]) => {
    if (encoding === 0) return plain(values);
    if (encoding === 6) return byDelta(deltaLengthByteArray, values);
    if (encoding === 7) return byDelta(deltaByteArray, values);
    const indices = values.map((bytes) =>
      entries.get(Buffer.from(bytes).toString("hex")) as number
    );
    return Buffer.concat([Buffer.of(width), hybrid(indices, width, packing)]);
  };
  const pages: Buffer[] = [];
  if (isDictionary) {
    const values = plain([...entries.keys()].map((hex) => Buffer.from(hex, "hex")));
    pages.push(
      pageOf({
        count: entries.size,
        encoding: encoding === 2 ? 2 : 0,
        values,
        pack: zlib.gzipSync,
      }),
    );
  }
  for (let start = 0; start < cells.length; start += 150) {
    const part = cells.slice(start, start + 150);
    const levels = hybrid(part.map(({ level }) => level), widthOf(depth), packing);
    pages.push(pageOf({
      ...{ version, encoding, count: part.length, pack: zlib.gzipSync },
      nullCount: part.filter(({ bytes }) => !bytes).length,
      ...(depth > 0 && { levels }),
      values: encoded(part.flatMap(({ bytes }) => bytes ? [bytes] : [])),
    }));
  }
  return pages;
}

function randomCells(count: number, depth: number, kinds: number, seed: number): Cell[] {
  const random = randomNumbers(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const values = Array.from(
    { length: kinds },
    (_, i) => Buffer.concat([Buffer.from(`${i} `), Buffer.alloc(below(40), below(256))]),
  );
  let level = depth;
  return Array.from({ length: count }, (_, i) => {
    if (random() < (i < count / 2 ? 0.1 : 0.6)) level = below(depth + 1); // long runs and short ones
    return level < depth ? { level } : { level, bytes: values[below(kinds)] as Uint8Array };
  });
}

test("pages of both versions, of every encoding, with levels as runs and as bits", () =>
  withFolder(async (folder) => {
    let seed = 0;
    for (const depth of [0, 1, 3, 4]) {
      for (const encoding of [0, 2, 6, 7, 8]) {
        for (const packing of ["runs", "packed", "mixed"] as const) {
          for (const version of [1, 2] as const) {
            const name = `depth ${depth}, encoding ${encoding}, ${packing}, version ${version}`;
            const kinds = [1, 2, 9, 2000][++seed % 4] as number;
            const cells = randomCells(400, depth, kinds, seed);
            const bytes = fileOf(pagesOf(cells, depth, version, encoding, packing), 400, depth, 2);
            assert.deepEqual(
              textsOf(await theirCells(bytes, depth)),
              textsOf(cells),
              `hyparquet: ${name}`,
            );
            assert.deepEqual(textsOf(await cellsIn(folder, bytes)), textsOf(cells), name);
          }
        }
      }
    }
  }));

test("levels are found behind others, and a body that isn't compressed is taken as it is", () =>
  withFolder(async (folder) => {
    const values = plain([Buffer.from("one"), Buffer.from("two")]);
    const page = pageOf({
      ...{ version: 2, encoding: 0, count: 3, nullCount: 1, values },
      ...{ levels: hybrid([1, 0, 1], 1, "runs"), repetition: hybrid([0, 0, 0], 1, "runs") },
    });
    for (const codec of [0, 2]) { // the page says that it isn't, whatever the column says
      const bytes = fileOf([page], 3, 1, codec);
      const wanted = ["1 6f6e65", "0 undefined", "1 74776f"];
      assert.deepEqual(textsOf(await theirCells(bytes, 1)), wanted);
      assert.deepEqual(textsOf(await cellsIn(folder, bytes)), wanted);
    }
  }));

test("a dictionary may be empty; pages of other types are left out", () =>
  withFolder(async (folder) => {
    const values = plain([Buffer.from("one"), Buffer.from("two")]);
    const dictionary = pageOf({ count: 2, encoding: 0, values });
    const indices = { version: 1, encoding: 8, count: 2, values: Buffer.of(1, 3, 2) } as const;
    const other = pageOf({
      count: 1,
      encoding: 0,
      isIndex: true,
      values: plain([Buffer.from("other")]),
    });
    const cells = await cellsIn(folder, fileOf([dictionary, other, pageOf(indices)], 2, 0));
    assert.deepEqual(textsOf(cells), ["0 6f6e65", "0 74776f"]);
    const none = pageOf({ count: 0, encoding: 0, values: Buffer.of() });
    const bytes = fileOf([none, pageOf({ version: 1, encoding: 0, count: 2, values })], 2, 0);
    for (const found of [await cellsIn(folder, bytes), await theirCells(bytes, 0)]) {
      assert.deepEqual(textsOf(found), ["0 6f6e65", "0 74776f"]);
    }
  }));

test("runs of any length, and headers of any length", () =>
  withFolder(async (folder) => {
    for (const length of [1, 63, 64, 8191, 8192, 20_000]) {
      const levels = [...Array(length).fill(0), 1, ...Array(length).fill(0)];
      const page = pageOf({
        ...{ version: 1, encoding: 0, count: levels.length, values: plain([Buffer.from("x")]) },
        levels: hybrid(levels, 1, "runs"),
      });
      const cells = await cellsIn(folder, fileOf([page], levels.length, 1));
      assert.deepEqual(cells.map(({ level }) => level), levels);
      assert.equal(cells.filter(({ bytes }) => bytes).length, 1);
    }
    for (const more of [4000, 4096, 70_000, 2_000_000]) {
      const values = plain([Buffer.from("x")]);
      const page = pageOf({ version: 1, encoding: 0, count: 1, values, more });
      const bytes = fileOf([page, page], 2, 0);
      assert.deepEqual(textsOf(await theirCells(bytes, 0)), ["0 78", "0 78"]);
      assert.deepEqual(textsOf(await cellsIn(folder, bytes)), ["0 78", "0 78"]);
    }
  }));

test("a damaged page is told, with what is wrong: nothing is made up", () =>
  withFolder(async (folder) => {
    const values = plain([Buffer.from("one"), Buffer.from("two")]);
    const good: Made = { version: 1, encoding: 0, count: 2, values };
    const levels = hybrid([1, 1], 1, "runs");
    const dictionary = pageOf({ count: 2, encoding: 0, values });
    const indices = (...bytes: number[]) =>
      pageOf({ version: 1, encoding: 8, count: 2, values: Buffer.from(bytes) });
    const cases: [name: string, pages: Buffer[], depth: number, reason: RegExp][] = [
      [
        "more values than rows",
        [pageOf({ ...good, count: 3 })],
        0,
        /more values than there are rows/,
      ],
      ["too few values", [pageOf({ ...good, values: values.subarray(0, 7) })], 0, /is damaged: ./],
      ["a value of no end", [pageOf({ ...good, values: values.subarray(0, 13) })], 0, /no end/],
      ["no second page", [pageOf({ ...good, count: 1 })], 0, /is damaged: ./],
      [
        "an encoding that isn't read",
        [pageOf({ ...good, encoding: 9 })],
        0,
        /encoding 9 isn't read/,
      ],
      ["no dictionary", [indices(1, 4, 0)], 0, /a value is missing/],
      ["an index that it hasn't", [dictionary, indices(2, 4, 2)], 0, /a value is missing/],
      ["no indices", [dictionary, indices(1)], 0, /indices were cut short/],
      ["bits alone", [pageOf({ ...good, levels, levelEncoding: 4 })], 1, /its levels aren't RLE/],
      ["levels cut short", [pageOf({ ...good, levels: levels.subarray(0, 1) })], 1, /cut short/],
    ];
    for (const [name, pages, depth, reason] of cases) {
      const read = cellsIn(folder, fileOf(pages, 2, depth));
      await assert.rejects(read, (error: Error) => {
        assert.match(error.message, /^the column n0 is damaged: /, name);
        assert.match(error.message, reason, name);
        return true;
      });
    }
    assert.deepEqual(textsOf(await cellsIn(folder, fileOf([dictionary, indices(1, 4, 1)], 2, 0))), [
      ...["0 74776f", "0 74776f"],
    ]);
    for (const packedSize of [-1, values.length + 1]) {
      const endless = cellsIn(folder, fileOf([pageOf({ ...good, packedSize })], 2, 0));
      await assert.rejects(endless, /^Error: the column n0 is damaged: a page has no end$/);
    }
    const nested = cellsIn(folder, fileOf([pageOf({ ...good, levels: Buffer.of(4) })], 2, 2));
    await assert.rejects(nested, /^Error: the column n0\.n1 is damaged: /);
    const packed = (codec: number) => cellsIn(folder, fileOf([pageOf(good)], 2, 0, codec));
    const advice = ": use Snappy, gzip, Brotli or ZSTD";
    const names: [number, string][] = [[3, "LZO"], [5, "LZ4"], [7, "LZ4_RAW"], [8, "codec 8"]];
    for (const [codec, name] of names) {
      await assert.rejects(packed(codec), {
        message: `the column n0 is compressed as ${name}${advice}`,
      });
    }
    const fewer = withFooter(fileOf([pageOf(good)], 2, 0), (footer) => {
      const [group = new Map()] = get.structs(footer, 4);
      get.struct(get.structs(group, 1)[0] ?? new Map(), 3)?.set(5, make.i64(1));
    });
    await assert.rejects(cellsIn(folder, fewer), /it has not a value for each row/);
  }));

/** A column's only page, with a value; `byteSize` is what it says that it holds. */
interface Page {
  readonly body: Buffer;
  readonly codec?: number;
  readonly byteSize?: number;
  readonly checksum?: number;
}

/** What is read of such a column. */
async function readPage(folder: string, given: Page): Promise<string | undefined> {
  const { body, codec = 0, byteSize = body.length, checksum } = given;
  const page = new Map([
    [1, make.i32(0)],
    [2, make.i32(byteSize)],
    [3, make.i32(body.length)],
    ...(checksum === undefined ? [] : [[4, make.i32(checksum)] as const]),
    [5, make.struct([[1, make.i32(1)], [2, make.i32(0)]])],
  ]);
  const bytes = Buffer.concat([Buffer.from("PAR1"), structBytes(page), body]);
  const meta = make.struct([
    [4, make.i32(codec)],
    [5, make.i64(1)],
    [7, make.i64(bytes.length - 4)],
    [9, make.i64(4)],
  ]);
  const leaf = { path: ["audio"], element: new Map(), maxLevel: 0, isRepeated: false };
  const path = join(folder, "page");
  writeFileSync(path, bytes);
  const file = await open(path);
  try {
    for await (const { bytes } of readCells(file, new Map([[3, meta]]), leaf, 1)) {
      return Buffer.from(bytes ?? []).toString();
    }
    return undefined;
  } finally {
    await file.close();
  }
}

test("Zstandard where the runtime has none: whole blocks, and no more than is said", () => {
  const bytes = Buffer.from(Float64Array.from({ length: 40_000 }, (_, i) => Math.sqrt(i)).buffer);
  for (const pack of [storedZstd, ...(zlib.zstdCompressSync ? [zlib.zstdCompressSync] : [])]) {
    const packed = new Uint8Array(pack(bytes));
    assert.deepEqual(Buffer.from(unzstd(packed, bytes.length)), bytes);
    assert.equal(unzstd(packed, bytes.length + 1).length, bytes.length);
    for (const less of [1000, bytes.length - 1]) {
      assert.throws(() => unzstd(packed, less), { message: "a page's size is wrong" });
    }
  }
});

test("a page whose bytes have changed since its checksum was made is damaged", () =>
  withFolder(async (folder) => {
    const body = Buffer.from("\x05\0\0\0audio", "latin1");
    const checksum = 0x72c19069 | 0; // CRC-32 of the body
    assert.equal(await readPage(folder, { body, checksum }), "audio");
    body.write("A", body.length - 5);
    const read = readPage(folder, { body, checksum });
    await assert.rejects(read, /column audio is damaged: a page's bytes .* checksum/);
  }));

test("a page can't take more memory than it says, nor say what nobody believes", () =>
  withFolder(async (folder) => {
    const huge = Buffer.concat([Buffer.from("\x05\0\0\0audio", "latin1"), Buffer.alloc(5e6)]);
    const packed: [number, Buffer | undefined][] = [
      [2, zlib.gzipSync(huge)],
      [4, zlib.brotliCompressSync(huge)],
      [6, zlib.zstdCompressSync?.(huge)],
    ];
    for (const [codec, body] of packed) {
      if (body === undefined) continue; // this runtime has no Zstandard
      const whole = await readPage(folder, { body, codec, byteSize: huge.length });
      assert.equal(whole, "audio");
      await assert.rejects(readPage(folder, { body, codec, byteSize: 9 }), ({ message }) => {
        assert.match(message, /audio is damaged/);
        assert.doesNotMatch(message, /another size/); // which would be seen when all is in memory
        return true;
      });
      await assert.rejects(
        readPage(folder, { body, codec, byteSize: 2 ** 30 }),
        /a page of \d+ bytes says that it holds 1073741824/,
      );
    }
  }));

test("a page may hold 256 MiB, or 64 times what is in the file; Snappy no more than that", () =>
  withFolder(async (folder) => {
    const another = /damaged: a page has another size than it says/;
    const bodies: [size: number, most: number][] = [[9, 2 ** 28], [5e6, 64 * 5e6]];
    for (const [size, most] of bodies) {
      const body = Buffer.alloc(size);
      await assert.rejects(readPage(folder, { body, byteSize: most }), another);
      await assert.rejects(readPage(folder, { body, byteSize: most + 1 }), {
        message: `the column audio is damaged: a page of ${size} bytes says that it holds ${
          most + 1
        }`,
      });
    }
    const negative = readPage(folder, { body: Buffer.alloc(9), byteSize: -1 });
    await assert.rejects(negative, /damaged: a page of 9 bytes says that it holds -1/);
    const value = plain([Buffer.alloc(5000, "sound")]);
    const body = Buffer.from(snappyCompress(value));
    const read = await readPage(folder, { body, codec: 1, byteSize: value.length });
    assert.equal(read, "sound".repeat(1000));
    const snappy = (byteSize: number) => readPage(folder, { body, codec: 1, byteSize });
    await assert.rejects(snappy(64 * body.length + 1), /damaged: a page's size is wrong/);
    await assert.rejects(
      snappy(64 * body.length),
      (error: Error) => !/size is wrong/.test(error.message),
    );
    // Of nulls alone there may be nothing, which is nothing when it is unpacked, too.
    const levels = hybrid([0, 0], 1, "runs");
    const values = Buffer.of();
    for (const encoding of [0, 6, 7, 8]) {
      const page = { version: 2, encoding, count: 2, nullCount: 2, levels, values } as const;
      const bytes = fileOf([pageOf({ ...page, pack: () => values })], 2, 1, 2);
      assert.deepEqual(textsOf(await cellsIn(folder, bytes)), Array(2).fill("0 undefined"));
    }
  }));

test("a new column tells how many of its values are missing, and where its pages are", async () => {
  const cells = async function* () {
    for (let i = 0; i < 30_000; i++) {
      yield i % 3 ? { level: 1, bytes: Uint8Array.of(i & 255) } : { level: 0 };
    }
  };
  const writing = writeCells(cells(), 1);
  const lengths: number[] = [];
  let next = await writing.next();
  for (; !next.done; next = await writing.next()) lengths.push(next.value.length);
  const [first = 0, second = 0] = lengths;
  assert.deepEqual(next.value, {
    pages: [
      { offset: 0, byteSize: first, firstRow: 0 },
      { offset: first, byteSize: second, firstRow: 20_000 },
    ],
    byteSize: first + second,
    rowCount: 30_000,
    nullCount: 10_000,
  });
});

async function written(cells: readonly Cell[], depth: number) {
  const each = async function* () {
    yield* cells;
  };
  const writing = writeCells(each(), depth);
  const pages: Buffer[] = [];
  let next = await writing.next();
  for (; !next.done; next = await writing.next()) pages.push(Buffer.from(next.value));
  return { pages, sum: next.value };
}

test("what is written hyparquet reads, at any depth; a page has about a megabyte, or many rows", async () => {
  for (const depth of [0, 1, 2, 4]) {
    const cells = randomCells(20_500, depth, 20, depth);
    const { pages, sum } = await written(cells, depth);
    assert.deepEqual(sum.pages.map(({ firstRow }) => firstRow), [0, 20_000]);
    assert.equal(sum.byteSize, Buffer.concat(pages).length);
    for (const [index, page] of pages.entries()) {
      const view = new DataView(page.buffer, page.byteOffset, page.length);
      const reader = { view, offset: 0 };
      const header = deserializeTCompactProtocol(reader);
      const bodySize = page.length - reader.offset;
      // A page of values of the first version; PLAIN, and levels of either kind as RLE.
      const count = index === 0 ? 20_000 : 500;
      assert.deepEqual(header, {
        ...{ field_1: 0, field_2: bodySize, field_3: bodySize },
        field_5: { field_1: count, field_2: 0, field_3: 3, field_4: 3 },
      });
    }
    assert.deepEqual(
      textsOf(await theirCells(fileOf(pages, 20_500, depth), depth)),
      textsOf(cells),
    );
  }
  const sizes = [2 ** 19, 2 ** 19, 1, 2 ** 20, 2 ** 20 - 1, 1, 5];
  const { sum } = await written(sizes.map((size) => ({ level: 0, bytes: Buffer.alloc(size) })), 0);
  assert.deepEqual(sum.pages.map(({ firstRow }) => firstRow), [0, 2, 4, 6]);
  const none = await written([], 1);
  assert.deepEqual([none.pages.length, none.sum.pages.length, none.sum.rowCount], [1, 1, 0]);
  assert.deepEqual(await theirCells(fileOf(none.pages, 0, 1), 1), []);
});

const FOOTLESS = /^the Parquet file ends without a footer: it was cut short$/;

/** A file that is read some bytes at a time. */
function slowFile(bytes: Buffer): FileHandle {
  const read = (into: Uint8Array, at: number, byteSize: number, from: number) => {
    const piece = bytes.subarray(from, from + Math.min(3, byteSize));
    into.set(piece, at);
    return Promise.resolve({ bytesRead: piece.length });
  };
  return { read } as unknown as FileHandle;
}

test("bytes may come in pieces; a schema without columns has none", async () => {
  const file = slowFile(Buffer.from("0123456789"));
  const text = async (offset: number, byteSize: number) =>
    Buffer.from(await readRange(file, { offset, byteSize })).toString();
  assert.equal(await text(1, 8), "12345678");
  assert.equal(await text(0, 10), "0123456789");
  assert.equal(await text(4, 0), "");
  await assert.rejects(text(4, 7), /the file ends within its columns/);
  const bytes = withFooter(fileOf([], 0, 0), (footer) => {
    const root: Struct = new Map([[4, make.text("root")]]);
    footer.set(2, make.list(TYPE.struct, [root])).set(4, make.list(TYPE.struct, []));
  });
  const { leaves, groups } = await readFooter(slowFile(bytes), bytes.length);
  assert.deepEqual([leaves, groups], [[], []]);
});

test("a footer that isn't true of its file is damaged, and says where", () =>
  withFolder(async (folder) => {
    const page = pageOf({ version: 1, encoding: 0, count: 1, values: plain([Buffer.from("one")]) });
    const good = fileOf([page], 1, 0);
    const end = 4 + page.length; // where pages end and the footer begins
    assert.equal((await cellsIn(folder, good)).length, 1);
    const group = (change: (group: Struct) => void) =>
      withFooter(good, (footer) => change(get.structs(footer, 4)[0] as Struct));
    const chunk = (id: number, field: Field) =>
      group((group) => get.structs(group, 1)[0]?.set(id, field));
    const meta = (...fields: [number, Field][]) =>
      group((group) => {
        const of = get.struct(get.structs(group, 1)[0] as Struct, 3) as Struct;
        for (const [id, field] of fields) of.set(id, field);
      });
    const element = (index: number, id: number, field: Field) =>
      withFooter(good, (footer) => get.structs(footer, 2)[index]?.set(id, field));
    const index = (at: number, size: number, extent: [number, number]) =>
      group((group) => {
        const of = get.structs(group, 1)[0] as Struct;
        of.set(at, make.i64(extent[0])).set(size, make.i32(extent[1]));
      });
    const outside = /the Parquet file's footer is damaged: column n0 lies outside of the file/;
    const cases: [name: string, file: Buffer, reason: RegExp][] = [
      ["encrypted", withFooter(good, (footer) => footer.set(8, make.i32(1))), /: it is encrypted/],
      ["rows", withFooter(good, (footer) => footer.set(3, make.i64(2))), /its rows don't add up/],
      ["rows", group((group) => group.set(3, make.i64(0))), /its rows don't add up/],
      ["rows", group((group) => group.delete(3)), /its rows don't add up/],
      [
        "columns",
        group((group) => group.set(1, make.list(TYPE.struct, []))),
        /group lacks columns/,
      ],
      ["elsewhere", chunk(1, make.text("other")), /column n0 is in another file/],
      ["secret", chunk(8, make.i32(1)), /column n0 is encrypted/],
      ["silent", chunk(3, make.i32(1)), /a column chunk says nothing of itself/],
      ["long", meta([7, make.i64(page.length + 1)]), outside],
      ["before", meta([9, make.i64(3)]), outside],
      ["behind", meta([9, make.i64(5)]), outside],
      ["negative", meta([7, make.i64(-1)]), outside],
      ["no size", meta([7, make.text("")]), outside],
      ["no place", meta([9, make.i64(0)]), outside],
      ["dictionary", meta([11, make.i64(3)]), outside],
      ["filter", meta([14, make.i64(end)], [15, make.i32(1)]), outside],
      ["pages", index(4, 5, [end, 1]), outside],
      ["values", index(6, 7, [3, 1]), outside],
      ["childless", element(0, 5, make.i32(0)), /its schema has parts that lead nowhere/],
      ["children", element(0, 5, make.i32(2)), /its schema ends early/],
      [
        "endless",
        Buffer.concat([good.subarray(0, -8), uint32(good.length), good.subarray(-4)]),
        FOOTLESS,
      ],
      [
        "on itself",
        Buffer.concat([good.subarray(0, -8), uint32(good.length - 11), good.subarray(-4)]),
        FOOTLESS,
      ],
      ["empty", Buffer.concat([good.subarray(0, -8), uint32(0), good.subarray(-4)]), FOOTLESS],
      ["short", Buffer.from("PAR1"), FOOTLESS],
      ["shorter", Buffer.from("PAR"), /it is no Parquet file/],
      [
        "secret",
        Buffer.concat([Buffer.from("PARE"), good.subarray(4)]),
        /an encrypted Parquet file/,
      ],
    ];
    for (const [name, file, reason] of cases) {
      await assert.rejects(cellsIn(folder, file), (error: Error) => {
        assert.match(error.message, reason, name);
        return true;
      });
    }
    // An empty file's footer begins at once, and the root's repetition means nothing.
    assert.deepEqual(await cellsIn(folder, fileOf([], 0, 0)), []);
    for (const repetition of [1, 2]) {
      assert.equal((await cellsIn(folder, element(0, 3, make.i32(repetition)))).length, 1);
    }
    // At the very ends all is right.
    for (
      const file of [
        meta([14, make.i64(end - 1)], [15, make.i32(1)]),
        index(4, 5, [4, page.length]),
      ]
    ) {
      assert.equal((await cellsIn(folder, file)).length, 1);
    }
  }));
