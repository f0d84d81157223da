/**
 * A Parquet file with another audio column, and a column for what was drawn. All other columns go over
 * as they are, byte for byte, whatever their types, encodings and compression.
 */
import { Buffer } from "node:buffer";
import type { FileHandle } from "node:fs/promises";
import { reasonOf } from "../errors.ts";
import type { AudioColumn } from "./audio-column.ts";
import {
  BYTE_ARRAY,
  type Cell,
  CHUNK,
  ENCODING,
  FILE,
  type Footer,
  GROUP,
  isText,
  keyValuesOf,
  type Leaf,
  META,
  metaOf,
  type Range,
  rangeOf,
  readRange,
} from "./format.ts";
import { readCells } from "./read-pages.ts";
import { COLUMN, extendSchema, OURS } from "./schema.ts";
import { get, make, readStruct, type Struct, structBytes, TYPE } from "./thrift.ts";
import { type ChunkSum, writeCells } from "./write-pages.ts";

/** A row's audio. */
export interface Row {
  /** In the file, and in the one that is written. */
  readonly row: number;
  readonly outputRow: number;
  readonly copy: number;
  /** Undefined where they are null. */
  readonly bytes: Uint8Array | undefined;
  readonly path: string | undefined;
}

/** What it becomes. What is undefined stays as it was; without `drawn` that is null. */
export interface NewRow {
  readonly bytes?: Uint8Array;
  readonly path?: string;
  readonly drawn?: string;
}

/** How a file is written again. */
export interface RewriteOptions {
  readonly column: AudioColumn;
  readonly copies: number;
  readonly version: string;
  /** Works on rows, several at once; one comes out for each that goes in, in their order. */
  change(rows: AsyncIterable<Row>): AsyncIterable<NewRow>;
}

/** A chunk of the new file, and what belongs to it at the file's end. */
interface NewChunk {
  readonly chunk: Struct;
  readonly meta: Struct;
  readonly old?: { readonly chunk: Struct; readonly shift: number };
  /** Of a chunk that was made anew, where its source has one. */
  readonly offsetIndex?: Struct;
}

/** The new file's bytes, in order. Each row group comes once for each copy. */
export async function* rewriteParquet(
  file: FileHandle,
  footer: Footer,
  options: RewriteOptions,
): AsyncGenerator<Uint8Array, void> {
  const out = new Rewriter(file, footer, options);
  yield* out.put(Buffer.from("PAR1"));
  let firstRow = 0;
  for (const group of footer.groups) {
    for (let copy = 0; copy < options.copies; copy++) yield* out.rowGroup(group, firstRow, copy);
    firstRow += get.number(group, GROUP.rowCount) ?? 0;
  }
  yield* out.finish();
}

const COPY_BYTE_SIZE = 1 << 20;

class Rewriter {
  readonly #file: FileHandle;
  readonly #footer: Footer;
  readonly #options: RewriteOptions;
  readonly #groups: { group: Struct; chunks: NewChunk[] }[] = [];
  /** The column of what was drawn, where an earlier run has made one. */
  readonly #drawn: number;
  #at = 0;

  constructor(file: FileHandle, footer: Footer, options: RewriteOptions) {
    this.#file = file;
    this.#footer = footer;
    this.#options = options;
    this.#drawn = footer.leaves.findIndex(({ path }) => path[0] === COLUMN);
  }

  *put(bytes: Uint8Array): Iterable<Uint8Array> {
    this.#at += bytes.length;
    yield bytes;
  }

  /** One copy of a row group. `firstRow`: of the file it comes from. */
  async *rowGroup(group: Struct, firstRow: number, copy: number): AsyncIterable<Uint8Array> {
    const { column } = this.#options;
    const start = this.#at;
    const sources = get.structs(group, GROUP.columns);
    const chunks: NewChunk[] = [];
    const rows = { paths: [] as Cell[], drawn: [] as Cell[] };
    const order = [...sources.keys()].filter((index) => index !== column.path);
    for (const index of order) {
      const source = sources[index] as Struct;
      if (index === column.bytes) {
        const cells = this.#audioCells(group, sources, firstRow, copy, rows);
        chunks[index] = yield* this.#newChunk(index, cells, source);
        if (column.path === undefined) continue;
        const paths = sources[column.path];
        chunks[column.path] = yield* this.#newChunk(column.path, each(rows.paths), paths);
      } else if (index !== this.#drawn) chunks[index] = yield* this.#copyChunk(source);
    }
    const index = this.#drawn < 0 ? sources.length : this.#drawn;
    chunks[index] = yield* this.#newChunk(index, each(rows.drawn), sources[index]);
    this.#groups.push({ group: this.#newGroup(group, chunks, start), chunks });
  }

  /** The audio's values, while the rows go through; what else they become is put into `rows`. */
  async *#audioCells(
    group: Struct,
    sources: readonly Struct[],
    firstRow: number,
    copy: number,
    rows: { paths: Cell[]; drawn: Cell[] },
  ): AsyncIterable<Cell> {
    const { column, copies, change } = this.#options;
    const count = get.number(group, GROUP.rowCount) ?? 0;
    const old: { audio: Cell; path: Cell | undefined }[] = [];
    const cellsOf = (index: number) =>
      readCells(this.#file, sources[index] as Struct, this.#footer.leaves[index] as Leaf, count);
    const input = async function* (): AsyncIterable<Row> {
      const paths = column.path === undefined ? undefined : cellsOf(column.path);
      const pathCells = paths?.[Symbol.asyncIterator]();
      let index = 0;
      for await (const audio of cellsOf(column.bytes)) {
        const path: Cell | undefined = (await pathCells?.next())?.value;
        old.push({ audio, path });
        const row = firstRow + index;
        const outputRow = firstRow * copies + copy * count + index++;
        yield { row, outputRow, copy, bytes: audio.bytes, path: textOf(path) };
      }
    };
    const drawnLevel = this.#footer.leaves[this.#drawn]?.maxLevel ?? 1;
    for await (const { bytes, path, drawn } of change(input())) {
      const { audio, path: oldPath } = old.shift() as typeof old[number];
      if (oldPath) rows.paths.push(path === undefined ? oldPath : withText(oldPath.level, path));
      rows.drawn.push(drawn === undefined ? { level: 0 } : withText(drawnLevel, drawn));
      yield bytes === undefined ? audio : { level: audio.level, bytes };
    }
  }

  /** A column chunk of these values in the place of `source`, or without one. */
  async *#newChunk(
    index: number,
    cells: AsyncIterable<Cell>,
    source: Struct | undefined,
  ): AsyncGenerator<Uint8Array, NewChunk> {
    const offset = this.#at;
    const { path = [COLUMN], maxLevel = 1 } = this.#footer.leaves[index] ?? {};
    const writing = writeCells(cells, maxLevel);
    let next = await writing.next();
    for (; !next.done; next = await writing.next()) yield* this.put(next.value);
    const sum: ChunkSum = next.value;
    const encodings = [ENCODING.plain, ENCODING.rle];
    const meta: Struct = new Map([
      [META.type, make.i32(BYTE_ARRAY)],
      [META.encodings, make.list(TYPE.i32, encodings)],
      [META.path, make.list(TYPE.binary, path.map((name) => Buffer.from(name)))],
      [META.codec, make.i32(0)],
      [META.valueCount, make.i64(sum.rowCount)],
      [META.byteSize, make.i64(sum.byteSize)],
      [META.compressedSize, make.i64(sum.byteSize)],
      [META.dataOffset, make.i64(offset)],
      [META.statistics, make.struct([[3, make.i64(sum.nullCount)]])],
    ]);
    const keyValues = source && metaOf(source).get(META.keyValues);
    if (keyValues) meta.set(META.keyValues, keyValues);
    const chunk: Struct = new Map([[CHUNK.offset, make.i64(0)]]);
    const hasIndex = source?.has(CHUNK.offsetIndex) ?? this.#hasIndexes();
    return { chunk, meta, ...(hasIndex && { offsetIndex: offsetIndexOf(sum, offset) }) };
  }

  #hasIndexes(): boolean {
    return get.structs(this.#footer.groups[0] ?? new Map(), GROUP.columns)
      .some((chunk) => chunk.has(CHUNK.offsetIndex));
  }

  async *#copyChunk(source: Struct): AsyncGenerator<Uint8Array, NewChunk> {
    const range = rangeOf(source);
    const shift = this.#at - range.offset;
    yield* this.#copyRange(range);
    const meta: Struct = new Map(metaOf(source));
    for (const id of [META.dataOffset, META.dictionaryOffset, META.indexOffset]) {
      const offset = get.number(meta, id) ?? 0;
      if (offset > 0) meta.set(id, make.i64(offset + shift));
    }
    const chunk: Struct = new Map(source).set(CHUNK.offset, make.i64(0));
    for (const id of [CHUNK.columnIndex, CHUNK.offsetIndex]) chunk.delete(id); // they come later
    return { chunk, meta, old: { chunk: source, shift } };
  }

  async *#copyRange({ offset, byteSize }: Range): AsyncIterable<Uint8Array> {
    for (let at = 0; at < byteSize; at += COPY_BYTE_SIZE) {
      const size = Math.min(COPY_BYTE_SIZE, byteSize - at);
      yield* this.put(await readRange(this.#file, { offset: offset + at, byteSize: size }));
    }
  }

  #newGroup(old: Struct, chunks: readonly NewChunk[], start: number): Struct {
    const { column, copies } = this.#options;
    const sum = (id: number) =>
      chunks.reduce((total, { meta }) => total + (get.number(meta, id) ?? 0), 0);
    const group: Struct = new Map(old);
    group.set(GROUP.byteSize, make.i64(sum(META.byteSize)));
    if (old.has(GROUP.offset)) group.set(GROUP.offset, make.i64(start));
    const hasSize = old.has(GROUP.compressedSize);
    if (hasSize) group.set(GROUP.compressedSize, make.i64(sum(META.compressedSize)));
    if (copies > 1) group.delete(GROUP.ordinal); // there may be more than it can count
    const isOurs = (index: number | undefined) =>
      index === column.bytes || index === column.path || index === this.#drawn;
    const sorting = get.structs(group, GROUP.sorting);
    if (sorting.some((by) => isOurs(get.number(by, 1)))) group.delete(GROUP.sorting);
    return group;
  }

  /** What follows the row groups. */
  async *finish(): AsyncIterable<Uint8Array> {
    const { file } = this.#footer;
    const chunks = this.#groups.flatMap((group) => group.chunks);
    for (const each of chunks) yield* this.#putBloomFilter(each);
    for (const each of chunks) yield* this.#putColumnIndex(each);
    for (const each of chunks) yield* this.#putOffsetIndex(each);
    const newGroups = this.#groups.map(({ group, chunks }) => {
      const columns = chunks.map(({ chunk, meta }) => {
        return new Map(chunk).set(CHUNK.meta, { type: TYPE.struct, value: meta });
      });
      return new Map(group).set(GROUP.columns, make.list(TYPE.struct, columns));
    });
    const isThere = this.#drawn >= 0;
    const extended = extendSchema(file, isThere, this.#options.version);
    const rowCount = get.number(file, FILE.rowCount) ?? 0;
    extended.set(FILE.rowCount, make.i64(rowCount * this.#options.copies));
    extended.set(FILE.rowGroups, make.list(TYPE.struct, newGroups));
    const bytes = structBytes(extended);
    const tail = Buffer.alloc(4);
    tail.writeUInt32LE(bytes.length);
    yield* this.put(Buffer.concat([bytes, tail, Buffer.from("PAR1")]));
  }

  async *#putBloomFilter({ meta }: NewChunk): AsyncIterable<Uint8Array> {
    const offset = get.number(meta, META.bloomOffset);
    const byteSize = get.number(meta, META.bloomSize);
    meta.delete(META.bloomOffset); // what has no size can't be copied, as with the indexes
    if (offset === undefined || byteSize === undefined) return;
    meta.set(META.bloomOffset, make.i64(this.#at));
    yield* this.#copyRange({ offset, byteSize });
  }

  async *#putColumnIndex({ chunk, old }: NewChunk): AsyncIterable<Uint8Array> {
    const offset = old && get.number(old.chunk, CHUNK.columnIndex);
    const byteSize = old && get.number(old.chunk, CHUNK.columnIndexSize);
    if (offset === undefined || byteSize === undefined) return;
    chunk.set(CHUNK.columnIndex, make.i64(this.#at));
    yield* this.#copyRange({ offset, byteSize });
  }

  /** It says where pages are, counted from the file's start. */
  async *#putOffsetIndex({ chunk, old, offsetIndex }: NewChunk): AsyncIterable<Uint8Array> {
    const index = old ? await this.#shiftedIndex(old) : offsetIndex;
    if (index === undefined) return;
    const bytes = structBytes(index);
    chunk.set(CHUNK.offsetIndex, make.i64(this.#at));
    chunk.set(CHUNK.offsetIndexSize, make.i32(bytes.length));
    yield* this.put(bytes);
  }

  async #shiftedIndex({ chunk, shift }: { chunk: Struct; shift: number }) {
    const offset = get.number(chunk, CHUNK.offsetIndex);
    const byteSize = get.number(chunk, CHUNK.offsetIndexSize);
    if (offset === undefined || byteSize === undefined) return undefined;
    const { struct } = structAt(await readRange(this.#file, { offset, byteSize }));
    const places = get.structs(struct, 1).map((place) =>
      new Map(place).set(1, make.i64((get.number(place, 1) ?? 0) + shift))
    );
    return new Map(struct).set(1, make.list(TYPE.struct, places));
  }
}

/** Throws where a file has a column of our column's name that isn't ours. */
export function checkColumns({ file, leaves }: Footer): void {
  const [found] = leaves.filter(({ path }) => path[0] === COLUMN);
  if (!found || (keyValuesOf(file).has(OURS) && found.path.length === 1 && isText(found))) return;
  throw new Error(`it has a column "${COLUMN}" already, which isn't this command's: rename it`);
}

function structAt(bytes: Uint8Array) {
  try {
    return readStruct(bytes);
  } catch (error) {
    throw new Error(`its page index is damaged: ${reasonOf(error)}`);
  }
}

function offsetIndexOf({ pages }: ChunkSum, start: number): Struct {
  const places = pages.map(({ offset, byteSize, firstRow }): Struct =>
    new Map([
      [1, make.i64(start + offset)],
      [2, make.i32(byteSize)],
      [3, make.i64(firstRow)],
    ])
  );
  return new Map([[1, make.list(TYPE.struct, places)]]);
}

function textOf(cell: Cell | undefined): string | undefined {
  return cell?.bytes && Buffer.from(cell.bytes).toString("utf8");
}

function withText(level: number, text: string): Cell {
  return { level, bytes: Buffer.from(text) };
}

async function* each<T>(items: readonly T[]): AsyncIterable<T> {
  yield* items;
}
