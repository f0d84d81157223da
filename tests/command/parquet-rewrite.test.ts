/** What a Parquet file's footer says, and where it says that things are: read by hyparquet. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { type ColumnChunk, parquetMetadata, parquetReadObjects, readOffsetIndex } from "hyparquet";
import { deserializeTCompactProtocol } from "hyparquet/src/thrift.js";
import { findAudioColumn } from "../../cli/parquet/audio-column.ts";
import { readFooter } from "../../cli/parquet/format.ts";
import { checkColumns, type NewRow, rewriteParquet, type Row } from "../../cli/parquet/rewrite.ts";
import { type Field, get, make, type Struct, TYPE } from "../../cli/parquet/thrift.ts";
import { withFolder } from "./cli.ts";
import { type Audio, parquetOf, withFooter } from "./parquet.ts";
import { test } from "../harness.ts";

const COLUMNS = { id: 0, bytes: 1, path: 2, text: 3, time: 4, score: 5, augment: 6 };
const UNKNOWN: [number, Field] = [99, make.text("from the future")];

/** Nothing is decoded here: any bytes will do. */
function audioOf(count: number): (Audio | null)[] {
  return Array.from(
    { length: count },
    (_, i) => i === 3 ? null : { bytes: Buffer.alloc(100, i), path: i === 5 ? undefined : `p${i}` },
  );
}

function eachGroup(footer: Struct, change: (group: Struct, index: number) => void): void {
  get.structs(footer, 4).forEach(change);
}

/** Such a file as others write: with all that a footer may say. */
function dressed(rows: readonly (Audio | null)[], sortedBy: number): Buffer {
  return withFooter(parquetOf(rows, { pageSize: 16 }), (footer) => {
    const order: Struct = new Map([[1, make.struct([])]]);
    footer.set(7, make.list(TYPE.struct, Array(6).fill(order)));
    footer.set(...UNKNOWN);
    eachGroup(footer, (group, index) => {
      const columns = get.structs(group, 1);
      const by: Struct = new Map([[1, make.i32(sortedBy)], [2, { type: TYPE.true, value: true }]]);
      group.set(4, make.list(TYPE.struct, [by]));
      group.set(5, make.i64(startOf(metaOf(columns[0]))));
      group.set(6, make.i64(7)); // whatever it was: the sum is told
      group.set(7, { type: TYPE.i16, value: index });
      group.set(...UNKNOWN);
      const pair: Struct = new Map([[1, make.text("of")], [2, make.text("the chunk")]]);
      for (const column of columns) {
        column.set(...UNKNOWN);
        metaOf(column).set(8, make.list(TYPE.struct, [pair]));
      }
      const score = metaOf(columns[COLUMNS.score]);
      const at = get.number(score, 9) as number;
      score.set(10, make.i64(at)); // an index page there may be
    });
  });
}

function metaOf(column: Struct | undefined): Struct {
  return get.struct(column ?? new Map(), 3) ?? assert.fail();
}

function startOf(meta: Struct): number {
  return get.number(meta, 11) ?? get.number(meta, 9) ?? NaN;
}

interface Rewritten {
  readonly bytes: Buffer;
  readonly rows: readonly Row[];
}

/** The file written again, in memory. */
async function rewrite(
  folder: string,
  source: Buffer,
  copies: number,
  change: (row: Row) => NewRow,
  wanted?: string,
): Promise<Rewritten> {
  const path = join(folder, "file");
  writeFileSync(path, source);
  const file = await open(path);
  try {
    const footer = await readFooter(file, source.length);
    checkColumns(footer);
    const column = findAudioColumn(footer, wanted) ?? assert.fail("no audio");
    const rows: Row[] = [];
    const pieces: Uint8Array[] = [];
    const rewriting = rewriteParquet(file, footer, {
      ...{ column, copies, version: "1.2.3" },
      async *change(input) {
        for await (const row of input) {
          rows.push(row);
          yield change(row);
        }
      },
    });
    for await (const piece of rewriting) pieces.push(piece);
    return { bytes: Buffer.concat(pieces), rows };
  } finally {
    await file.close();
  }
}

const bufferOf = (bytes: Uint8Array) => new Uint8Array(bytes).buffer;

/** All of the footer, by its fields' numbers. */
function rawFooterOf(bytes: Buffer) {
  const size = bytes.readUInt32LE(bytes.length - 8);
  const view = new DataView(bufferOf(bytes));
  return deserializeTCompactProtocol({ view, offset: bytes.length - 8 - size });
}

const rangeOf = (column: ColumnChunk) => {
  const meta = column.meta_data ?? assert.fail();
  const offset = Number(meta.dictionary_page_offset ?? meta.data_page_offset);
  return { offset, end: offset + Number(meta.total_compressed_size) };
};

const part = (bytes: Buffer, offset: unknown, byteSize: unknown) =>
  bytes.subarray(Number(offset), Number(offset) + Number(byteSize));

/** A chunk that was made anew. */
function assertMade(
  column: ColumnChunk,
  source: ColumnChunk | undefined,
  rowCount: number,
  nullCount: number,
): void {
  const { meta_data: meta = assert.fail() } = column;
  const name = meta.path_in_schema.join(".");
  assert.equal(name, source?.meta_data?.path_in_schema.join(".") ?? "augment");
  assert.deepEqual([meta.type, meta.codec, meta.encodings, meta.num_values], [
    ...["BYTE_ARRAY", "UNCOMPRESSED", ["PLAIN", "RLE"], BigInt(rowCount)],
  ]);
  assert.equal(meta.total_uncompressed_size, meta.total_compressed_size);
  assert.deepEqual(meta.key_value_metadata, source?.meta_data?.key_value_metadata);
  const { null_count: told, ...limits } = meta.statistics ?? {};
  assert.deepEqual([told, column.column_index_offset], [BigInt(nullCount), undefined], name);
  assert.ok(Object.values(limits).every((limit) => limit === undefined));
}

/** A column's chunk: its pages, its indexes, its Bloom filter, all that it says of itself. */
function assertCopied(before: Buffer, old: ColumnChunk, after: Buffer, now: ColumnChunk): void {
  const [from, to] = [rangeOf(old), rangeOf(now)];
  assert.ok(from.end > from.offset);
  assert.deepEqual(after.subarray(to.offset, to.end), before.subarray(from.offset, from.end));
  const shift = BigInt(to.offset - from.offset);
  const moved = (offset: bigint | undefined) => offset && offset + shift;
  const meta = old.meta_data ?? assert.fail();
  const bloom = now.meta_data?.bloom_filter_offset;
  assert.deepEqual(now.meta_data, {
    ...meta,
    data_page_offset: moved(meta.data_page_offset),
    index_page_offset: moved(meta.index_page_offset),
    dictionary_page_offset: moved(meta.dictionary_page_offset),
    bloom_filter_offset: bloom,
  });
  assert.equal(bloom === undefined, meta.bloom_filter_offset === undefined);
  const filter = part(after, bloom, now.meta_data?.bloom_filter_length);
  assert.deepEqual(filter, part(before, meta.bloom_filter_offset, meta.bloom_filter_length));
  const index = part(after, now.column_index_offset, now.column_index_length);
  assert.deepEqual(index, part(before, old.column_index_offset, old.column_index_length));
  assert.deepEqual(
    placesOf(after, now),
    placesOf(before, old)?.map((place) => ({
      ...place,
      offset: place.offset + shift,
    })),
  );
}

/** Where its index says that a column's pages are. */
function placesOf(
  bytes: Buffer,
  { offset_index_offset: at, offset_index_length: size }: ColumnChunk,
) {
  if (at === undefined) return undefined;
  const reader = { view: new DataView(bufferOf(part(bytes, at, size))), offset: 0 };
  const { page_locations: places } = readOffsetIndex(reader);
  assert.equal(reader.offset, size);
  return places;
}

/** Of each group of rows, in the columns that are made anew below. */
const NULL_COUNTS: Record<number, number[]> = {
  [COLUMNS.bytes]: [1, 0, 0],
  [COLUMNS.path]: [1, 1, 0],
  [COLUMNS.augment]: [1, 1, 0],
};

test("all that a footer says is true of the new file: sizes, places, order, indexes, filters", () =>
  withFolder(async (folder) => {
    for (const sortedBy of [COLUMNS.id, COLUMNS.bytes, COLUMNS.path]) {
      const given = audioOf(10);
      const before = dressed(given, sortedBy);
      const { bytes: after } = await rewrite(folder, before, 2, ({ row, copy, bytes, path }) => ({
        ...(bytes && { bytes: Buffer.concat([bytes, bytes]) }),
        ...(path !== undefined && { path: `${path}!` }),
        ...(row % 4 !== 2 && { drawn: `drawn ${row}-${copy}` }),
      }));
      const [old, now] = [before, after].map((bytes) => parquetMetadata(bufferOf(bytes))) as [
        ReturnType<typeof parquetMetadata>,
        ReturnType<typeof parquetMetadata>,
      ];
      assert.deepEqual([now.version, now.created_by, now.num_rows], [
        ...[old.version, old.created_by, 20n],
      ]);
      const raw = rawFooterOf(after);
      assert.deepEqual(raw.field_7, Array(7).fill({ field_1: {} }));
      assert.equal(Buffer.from(raw.field_99 as Uint8Array).toString(), "from the future");
      assert.equal(now.row_groups.length, 6);
      const wanted = [0, 4, 8].flatMap((first) =>
        [0, 1].flatMap((copy) =>
          given.slice(first, first + 4).map((audio, i) => ({ audio, row: first + i, copy }))
        )
      );
      assert.deepEqual(
        (await rowsIn(after)).map(({ audio, augment }) => ({ audio, augment })),
        wanted.map(({ audio, row, copy }) => ({
          audio: audio && {
            bytes: new Uint8Array(Buffer.concat(Array(2).fill(audio.bytes))),
            path: audio.path === undefined ? null : `${audio.path}!`,
          },
          augment: row % 4 === 2 ? null : `drawn ${row}-${copy}`,
        })),
      );
      let at = 4;
      for (const [index, group] of now.row_groups.entries()) {
        const source = old.row_groups[Math.floor(index / 2)] ?? assert.fail();
        assert.equal(group.num_rows, source.num_rows);
        const sum = (key: "total_uncompressed_size" | "total_compressed_size") =>
          group.columns.reduce((total, { meta_data: meta }) => total + (meta?.[key] ?? 0n), 0n);
        assert.equal(group.total_byte_size, sum("total_uncompressed_size"));
        assert.equal(group.total_compressed_size, sum("total_compressed_size"));
        assert.equal(group.file_offset, BigInt(at));
        assert.deepEqual(
          group.sorting_columns,
          sortedBy === COLUMNS.id ? source.sorting_columns : undefined,
        );
        assert.equal(group.columns.length, 7);
        for (const [number, column] of group.columns.entries()) {
          assert.equal(rangeOf(column).offset, at);
          at = rangeOf(column).end;
          const from = source.columns[number];
          assert.equal(column.file_offset, 0n); // as newer versions of the format have it
          const nullCount = NULL_COUNTS[number]?.[Math.floor(index / 2)];
          if (nullCount === undefined) {
            assertCopied(before, from ?? assert.fail(), after, column);
            continue;
          }
          assertMade(column, from, Number(group.num_rows), nullCount);
          const hasIndex = number === COLUMNS.augment || from?.offset_index_offset !== undefined;
          const { offset, end } = rangeOf(column);
          assert.deepEqual(
            placesOf(after, column),
            hasIndex
              ? [{
                ...{
                  offset: BigInt(offset),
                  compressed_page_size: end - offset,
                  first_row_index: 0n,
                },
              }]
              : undefined,
          );
        }
      }
    }
  }));

test("what a footer doesn't say isn't said of the new one, nor is an index made where none was", () =>
  withFolder(async (folder) => {
    const before = withFooter(parquetOf(audioOf(6)), (footer) => {
      footer.delete(7);
      eachGroup(footer, (group) => [5, 6, 7].forEach((id) => group.delete(id)));
    });
    const { bytes } = await rewrite(folder, before, 1, () => ({}));
    assert.ok(!("field_7" in rawFooterOf(bytes)));
    for (const group of parquetMetadata(bufferOf(bytes)).row_groups) {
      const { sorting_columns, file_offset, total_compressed_size, ordinal, columns } = group;
      for (const value of [sorting_columns, file_offset, total_compressed_size, ordinal]) {
        assert.equal(value, undefined);
      }
      assert.ok(columns.every(({ offset_index_offset: at }) => at === undefined));
      assert.ok(columns.every(({ meta_data: meta }) => meta && !meta.key_value_metadata));
    }
    const rows = await Promise.all([before, bytes].map((file) => rowsIn(file)));
    assert.deepEqual(rows[1], rows[0]?.map((row) => ({ ...row, augment: null })));
  }));

const rowsIn = (file: Buffer) => parquetReadObjects({ file: bufferOf(file), utf8: false });

test("row groups have the ordinals that they had; as they may be more than can be counted, copies none", () =>
  withFolder(async (folder) => {
    const source = dressed(audioOf(10), COLUMNS.id);
    const ordinalsOf = async (copies: number) => {
      const { bytes } = await rewrite(folder, source, copies, () => ({}));
      return parquetMetadata(bufferOf(bytes)).row_groups.map(({ ordinal }) => ordinal);
    };
    assert.deepEqual(await ordinalsOf(1), [0, 1, 2]);
    assert.deepEqual(await ordinalsOf(2), Array(6).fill(undefined));
  }));

test("rows are told with their places before and after; what is null is undefined", () =>
  withFolder(async (folder) => {
    const given = audioOf(6);
    given[2] = { bytes: undefined, path: "far" };
    const { rows } = await rewrite(folder, parquetOf(given), 3, () => ({}));
    const order = [[0, 1, 2, 3], [4, 5]].flatMap((group) =>
      [0, 1, 2].flatMap((copy) => group.map((row) => ({ row, copy })))
    );
    assert.deepEqual(
      rows.map(({ bytes, ...row }) => ({ ...row, first: bytes?.[0] })),
      order.map(({ row, copy }, outputRow) => ({
        ...{ row, outputRow, copy, path: given[row]?.path },
        first: given[row]?.bytes?.[0],
      })),
    );
  }));

/** The file with another value of a key. */
function withValue(file: Buffer, key: string, value: string): Buffer {
  return withFooter(file, (footer) => {
    const pair: Struct = new Map([[1, make.text(key)], [2, make.text(value)]]);
    footer.set(5, make.list(TYPE.struct, [...get.structs(footer, 5), pair]));
  });
}

test("a column of an earlier run is made anew, at its place, and the version told is this one's", () =>
  withFolder(async (folder) => {
    const drawn = (text: string) => ({ row }: Row) => row === 1 ? {} : { drawn: `${text} ${row}` };
    const source = withValue(parquetOf(audioOf(6)), "mine", "kept");
    const first = await rewrite(folder, source, 1, drawn("a"));
    const old = withFooter(first.bytes, (footer) => {
      for (const pair of get.structs(footer, 5)) {
        if (get.text(pair, 1) === "mp3-augment") pair.set(2, make.text("0.0.1"));
      }
    });
    const { bytes } = await rewrite(folder, old, 2, drawn("b"));
    const values = parquetMetadata(bufferOf(bytes)).key_value_metadata ?? [];
    assert.deepEqual(
      values.filter(({ key }) => key !== "ARROW:schema"),
      [{ key: "mine", value: "kept" }, { key: "mp3-augment", value: "1.2.3" }],
    );
    const order = [0, 1, 2, 3, 0, 1, 2, 3, 4, 5, 4, 5];
    const [before, after] = [await rowsIn(source), await rowsIn(bytes)];
    assert.deepEqual(
      after,
      order.map((row) => ({ ...before[row], augment: row === 1 ? null : `b ${row}` })),
    );
  }));

test("a column named augment that isn't ours is refused, whatever it is", () =>
  withFolder(async (folder) => {
    const refused = /it has a column "augment" already, which isn't this command's: rename it/;
    const ours = (file: Buffer) => withValue(file, "mp3-augment", "0.0.1");
    const text = parquetOf(audioOf(4), { extra: { augment: ["a", "b", "c", "d"] } });
    const bytes = withFooter(ours(text), (footer) => {
      for (const element of get.structs(footer, 2)) {
        if (get.text(element, 4) === "augment") element.delete(6);
      }
    });
    const inside = ours(parquetOf(audioOf(4), { names: ["augment"] }));
    const textInside = withFooter(inside, (footer) => {
      for (const element of get.structs(footer, 2)) {
        if (get.text(element, 4) === "bytes") element.set(6, make.i32(0));
      }
    });
    for (const file of [text, bytes, inside, textInside]) {
      await assert.rejects(rewrite(folder, file, 1, () => ({})), refused);
    }
    await rewrite(folder, ours(text), 1, () => ({}));
  }));

test("what has an offset but no size can't be copied, and isn't told of", () =>
  withFolder(async (folder) => {
    const sizes: [of: "column" | "meta", id: number][] = [
      ["column", 5],
      ["column", 7],
      ["meta", 15],
    ];
    const before = parquetOf(audioOf(10), { pageSize: 16 });
    const placesIn = (file: Buffer) =>
      parquetMetadata(bufferOf(file)).row_groups.flatMap(({ columns }) =>
        [COLUMNS.id, COLUMNS.time].map((index) => columns[index]).map((column) => [
          column?.offset_index_offset,
          column?.column_index_offset,
          column?.meta_data?.bloom_filter_offset,
        ])
      );
    assert.deepEqual(
      [0, 1, 2].map((kind) => placesIn(before).some((places) => places[kind] !== undefined)),
      [true, true, true],
    );
    for (const [index, [of, id]] of sizes.entries()) {
      const source = withFooter(before, (footer) =>
        eachGroup(footer, (group) => {
          for (const column of get.structs(group, 1)) {
            (of === "meta" ? metaOf(column) : column).delete(id);
          }
        }));
      const { bytes } = await rewrite(folder, source, 1, () => ({}));
      assert.deepEqual(
        await rowsIn(bytes),
        (await rowsIn(before)).map((row) => ({ ...row, augment: null })),
      );
      assert.ok(placesIn(bytes).every((places) => places[index] === undefined), `${of} ${id}`);
    }
  }));

test("a column of plain bytes has no paths; a damaged index of pages is told", () =>
  withFolder(async (folder) => {
    const sounds = ["one", "two", "three"];
    const source = withFooter(parquetOf(audioOf(3), { extra: { sound: sounds } }), (footer) => {
      for (const element of get.structs(footer, 2)) {
        if (get.text(element, 4) === "sound") element.delete(6);
      }
    });
    const louder = ({ bytes }: Row) => ({
      bytes: Buffer.concat([bytes as Uint8Array, Buffer.from("!")]),
      path: "p",
    });
    const { bytes, rows } = await rewrite(folder, source, 1, louder, "sound");
    assert.deepEqual(rows.map(({ path }) => path), Array(3).fill(undefined));
    const before = await rowsIn(source);
    assert.deepEqual(
      await rowsIn(bytes),
      before.map((row, i) => ({
        ...row,
        sound: new Uint8Array(Buffer.from(`${sounds[i]}!`)),
        augment: null,
      })),
    );
    const indexed = parquetOf(audioOf(10), { pageSize: 16 });
    const { offset_index_offset: at } =
      parquetMetadata(bufferOf(indexed)).row_groups[0]?.columns[0] ?? {};
    indexed.fill(0xff, Number(at), Number(at) + 3);
    const damaged = rewrite(folder, indexed, 1, () => ({}));
    await assert.rejects(damaged, /^Error: its page index is damaged: ./);
  }));

test("which column holds audio: a struct of bytes and path that isn't in a list", () =>
  withFolder(async (folder) => {
    const found = async (source: Buffer, wanted?: string) => {
      const path = join(folder, "file");
      writeFileSync(path, source);
      const file = await open(path);
      try {
        return findAudioColumn(await readFooter(file, source.length), wanted);
      } finally {
        await file.close();
      }
    };
    const changed = (names: string[], change: (element: Struct) => void, options: object = {}) =>
      withFooter(
        parquetOf(audioOf(3), options),
        (footer) =>
          get.structs(footer, 2).filter((element) => names.includes(get.text(element, 4) ?? ""))
            .forEach(change),
      );
    assert.deepEqual(await found(parquetOf(audioOf(3))), { name: "audio", bytes: 1, path: 2 });
    const repeated = changed(["audio"], (element) => element.set(3, make.i32(2)));
    assert.equal(await found(repeated), undefined);
    await assert.rejects(found(repeated, "audio"), /the column "audio" holds no bytes/);
    for (const name of ["bytes", "path"]) {
      const list = changed([name], (element) => element.set(3, make.i32(2)));
      assert.equal(await found(list), undefined);
    }
    const text: Field = make.struct([[1, make.struct([])]]);
    assert.equal(await found(changed(["bytes"], (element) => element.set(10, text))), undefined);
    const logical = changed(["path"], (element) => (element.delete(6), element.set(10, text)));
    assert.equal((await found(logical))?.path, 2);
    const json: Field = make.struct([[11, make.struct([])]]);
    assert.equal(
      await found(changed(["path"], (element) => (element.delete(6), element.set(10, json)))),
      undefined,
    );
    assert.equal(
      await found(changed(["path"], (element) => element.set(6, make.i32(19)))),
      undefined,
    );
    assert.equal(
      await found(changed(["bytes"], (element) => element.set(1, make.i32(7)))),
      undefined,
    );
    // Alone, bytes are no audio but for who says so.
    const bytes = changed(["path"], (element) => element.set(1, make.i32(7)));
    assert.deepEqual([await found(bytes), await found(bytes, "audio")], [undefined, {
      name: "audio",
      bytes: 1,
    }]);
    // Hugging Face's word: what it calls something else isn't audio; what is damaged says nothing.
    const features = (value: unknown) => found(parquetOf(audioOf(3), { features: value as never }));
    assert.equal(await features({ audio: { _type: "Image" } }), undefined);
    for (const value of [{ audio: { _type: "Audio" } }, { other: {} }, {}, 3, null]) {
      assert.equal((await features(value))?.name, "audio");
    }
    assert.equal(
      (await found(withValue(parquetOf(audioOf(3)), "huggingface", "{")))?.name,
      "audio",
    );
    const two = { names: ["a", "b"] };
    assert.equal(
      (await found(parquetOf(audioOf(3), { ...two, features: { a: { _type: "Audio" } } })))?.name,
      "a",
    );
    assert.equal(
      (await found(parquetOf(audioOf(3), { ...two, features: { a: { _type: "Value" } } })))?.name,
      "b",
    );
    await assert.rejects(found(parquetOf(audioOf(3), two)), {
      message: "several columns may hold the audio (a, b): --audio-column names the one",
    });
  }));
