/** A column chunk's values, read from pages of whatever encoding and compression. */
import type { FileHandle } from "node:fs/promises";
import * as zlib from "node:zlib";
import { Decompress as ZstdStream } from "fzstd";
import { deltaByteArray, deltaLengthByteArray } from "hyparquet/src/delta.js";
import { snappyUncompress } from "hyparquet/src/snappy.js";
import { reasonOf } from "../errors.ts";
import {
  type Cell,
  DATA,
  DATA_V2,
  ENCODING,
  type Leaf,
  META,
  metaOf,
  PAGE,
  type Range,
  rangeOf,
  readRange,
} from "./format.ts";
import { get, readStruct, type Struct } from "./thrift.ts";

type Decompress = (bytes: Uint8Array, byteSize: number) => Uint8Array;

/** Newer runtimes have these themselves. */
const { zstdDecompressSync, crc32 } = zlib as {
  zstdDecompressSync?: (bytes: Uint8Array, limit: { maxOutputLength: number }) => Uint8Array;
  crc32?: (bytes: Uint8Array) => number;
};

/** By Parquet's numbers. */
const CODECS: Record<number, Decompress> = {
  0: (bytes) => bytes,
  1: unsnappy,
  2: (bytes, maxOutputLength) => zlib.gunzipSync(bytes, { maxOutputLength }),
  4: (bytes, maxOutputLength) => zlib.brotliDecompressSync(bytes, { maxOutputLength }),
  6: (bytes, maxOutputLength) =>
    zstdDecompressSync
      ? zstdDecompressSync(bytes, { maxOutputLength })
      : unzstd(bytes, maxOutputLength),
};
const UNREAD_CODECS: Record<number, string> = { 3: "LZO", 5: "LZ4", 7: "LZ4_RAW" };

/** A copy of three bytes makes 64 at most. */
const MAX_SNAPPY_RATIO = 64;

function unsnappy(bytes: Uint8Array, byteSize: number): Uint8Array {
  if (byteSize > bytes.length * MAX_SNAPPY_RATIO) throw new Error("a page's size is wrong");
  const page = new Uint8Array(byteSize);
  snappyUncompress(bytes, page);
  return page;
}

/** Zstandard where the runtime has none. */
export function unzstd(bytes: Uint8Array, byteSize: number): Uint8Array {
  const page = new Uint8Array(byteSize);
  let at = 0;
  new ZstdStream((piece) => {
    if (at + piece.length > byteSize) throw new Error("a page's size is wrong");
    page.set(piece, at);
    at += piece.length;
  }).push(bytes, true);
  return page.subarray(0, at);
}

/** Some megabytes are usual; more are believed only where as much is in the file. */
const MAX_PAGE_BYTE_SIZE = 1 << 28;
const MAX_PAGE_RATIO = 64;

/** Before memory is taken for a page. */
function checkSize(byteSize: number, packedByteSize: number): void {
  if (byteSize >= 0 && byteSize <= Math.max(MAX_PAGE_BYTE_SIZE, MAX_PAGE_RATIO * packedByteSize)) {
    return;
  }
  throw new Error(`a page of ${packedByteSize} bytes says that it holds ${byteSize}`);
}

/** A column chunk's values, in their order. In memory are a page and the dictionary. */
export async function* readCells(
  file: FileHandle,
  chunk: Struct,
  leaf: Leaf,
  rowCount: number,
): AsyncIterable<Cell> {
  const name = leaf.path.join(".");
  const codec = get.number(metaOf(chunk), META.codec) ?? 0;
  const decompress = CODECS[codec];
  if (decompress === undefined) {
    const what = UNREAD_CODECS[codec] ?? `codec ${codec}`;
    throw new Error(
      `the column ${name} is compressed as ${what}: use Snappy, gzip, Brotli or ZSTD`,
    );
  }
  if (get.number(metaOf(chunk), META.valueCount) !== rowCount) {
    throw new Error(`the column ${name} is damaged: it has not a value for each row`);
  }
  const { offset, byteSize } = rangeOf(chunk);
  const end = offset + byteSize;
  let dictionary: readonly Uint8Array[] = [];
  let left = rowCount;
  for (let at = offset; left > 0;) {
    let cells: Cell[] = [];
    try {
      const page = await readPage(file, { offset: at, byteSize: end - at }, decompress);
      at += page.byteSize;
      const data = dataOf(page, leaf.maxLevel, left);
      if (data) cells = cellsOf(data, dictionary, leaf.maxLevel);
      const said = get.struct(page.header, PAGE.dictionary);
      if (said) dictionary = plainValues(page.rest, get.number(said, 1) ?? 0);
    } catch (error) {
      throw new Error(`the column ${name} is damaged: ${reasonOf(error)}`);
    }
    left -= cells.length;
    yield* cells;
  }
}

interface Page {
  readonly header: Struct;
  /** What is compressed of it, and not any more. */
  readonly rest: Uint8Array;
  /** What isn't: the definition levels of the second version. */
  readonly levels: Uint8Array;
  /** Of header and body, in the file. */
  readonly byteSize: number;
}

const FIRST_HEADER_SIZE = 1 << 12;

async function readPage(file: FileHandle, range: Range, decompress: Decompress): Promise<Page> {
  const { header, headerSize } = await readHeader(file, range);
  const bodySize = get.number(header, PAGE.compressedSize) ?? NaN;
  const byteSize = headerSize + bodySize;
  if (!(bodySize >= 0 && byteSize <= range.byteSize)) throw new Error("a page has no end");
  const body = await readRange(file, { offset: range.offset + headerSize, byteSize: bodySize });
  const checksum = get.number(header, PAGE.checksum);
  if (crc32 && checksum !== undefined && crc32(body) !== checksum >>> 0) {
    throw new Error("a page's bytes are not those that its checksum was made of");
  }
  const second = get.struct(header, PAGE.dataV2);
  const sizeOf = (id: number) => second && get.number(second, id) || 0;
  const repetitionSize = sizeOf(DATA_V2.repetitionSize);
  const levelsSize = repetitionSize + sizeOf(DATA_V2.levelsSize);
  const levels = body.subarray(repetitionSize, levelsSize);
  const packed = body.subarray(levelsSize);
  const restSize = (get.number(header, PAGE.byteSize) ?? NaN) - levelsSize;
  const isPacked = second === undefined || get.boolean(second, DATA_V2.isCompressed) !== false;
  checkSize(restSize, packed.length);
  // Nothing may be compressed as nothing, or as something.
  const rest = restSize === 0 ? new Uint8Array() : isPacked ? decompress(packed, restSize) : packed;
  if (rest.length !== restSize) throw new Error("a page has another size than it says");
  return { header, levels, rest, byteSize };
}

/** A header may be long, as it may hold values: the least and the greatest. */
async function readHeader(file: FileHandle, { offset, byteSize }: Range) {
  for (let size = FIRST_HEADER_SIZE;; size *= 16) {
    const bytes = await readRange(file, { offset, byteSize: Math.min(size, byteSize) });
    try {
      const { struct, end } = readStruct(bytes);
      return { header: struct, headerSize: end };
    } catch (error) {
      if (size >= byteSize || !(error instanceof RangeError)) throw error;
    }
  }
}

/** A data page's parts. */
interface Data {
  readonly levels: readonly number[];
  readonly encoding: number;
  readonly values: Uint8Array;
}

function dataOf({ header, levels, rest }: Page, maxLevel: number, most: number): Data | undefined {
  const first = get.struct(header, PAGE.data);
  const second = get.struct(header, PAGE.dataV2);
  const data = first ?? second;
  if (data === undefined) return undefined;
  const count = get.number(data, DATA.count) ?? 0;
  if (count > most) throw new Error("a page has more values than there are rows");
  const encoding = get.number(data, first ? DATA.encoding : DATA_V2.encoding) ?? NaN;
  const width = 32 - Math.clz32(maxLevel);
  if (maxLevel === 0) return { levels: new Array(count).fill(0), encoding, values: rest };
  if (second) return { levels: hybridValues(levels, width, count), encoding, values: rest };
  if (get.number(data, DATA.levelEncoding) !== ENCODING.rle) {
    throw new Error("its levels aren't RLE");
  }
  const size = new DataView(rest.buffer, rest.byteOffset, rest.length).getUint32(0, true);
  return {
    levels: hybridValues(rest.subarray(4, 4 + size), width, count),
    encoding,
    values: rest.subarray(4 + size),
  };
}

function cellsOf(data: Data, dictionary: readonly Uint8Array[], maxLevel: number): Cell[] {
  const { levels, encoding, values } = data;
  const count = levels.reduce((sum, level) => sum + (level === maxLevel ? 1 : 0), 0);
  const found = valuesOf(encoding, values, count, dictionary);
  let next = 0;
  return levels.map((level) => {
    if (level !== maxLevel) return { level };
    const bytes = found[next++];
    if (bytes === undefined) throw new Error("a value is missing");
    return { level, bytes };
  });
}

function valuesOf(
  encoding: number,
  bytes: Uint8Array,
  count: number,
  dictionary: readonly Uint8Array[],
): readonly (Uint8Array | undefined)[] {
  if (count === 0) return [];
  if (encoding === ENCODING.plain) return plainValues(bytes, count);
  if (encoding === ENCODING.rleDictionary || encoding === ENCODING.plainDictionary) {
    return hybridValues(bytes.subarray(1), bytes[0] ?? 0, count).map((index) => dictionary[index]);
  }
  const own = new Uint8Array(bytes); // hyparquet looks at all of a buffer
  const reader = { view: new DataView(own.buffer), offset: 0 };
  const values: Uint8Array[] = [];
  if (encoding === ENCODING.deltaLength) deltaLengthByteArray(reader, count, values);
  else if (encoding === ENCODING.delta) deltaByteArray(reader, count, values);
  else throw new Error(`its encoding ${encoding} isn't read`);
  return values;
}

function plainValues(bytes: Uint8Array, count: number): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const values: Uint8Array[] = [];
  for (let at = 0; values.length < count;) {
    const end = at + 4 + view.getUint32(at, true);
    if (end > bytes.length) throw new Error("a value has no end");
    values.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return values;
}

/** Parquet's mixture of runs and packed bits. */
function hybridValues(bytes: Uint8Array, width: number, count: number): number[] {
  const values: number[] = [];
  let at = 0;
  const byte = () => {
    const value = bytes[at++];
    if (value === undefined) throw new Error("its levels or indices were cut short");
    return value;
  };
  while (values.length < count) {
    let head = 0;
    for (let shift = 0, more = true; more; shift += 7) {
      const part = byte();
      head += (part & 127) * 2 ** shift;
      more = part > 127;
    }
    const most = count - values.length;
    if (head % 2 === 0) {
      let value = 0;
      for (let i = 0; i < width; i += 8) value += byte() * 2 ** i;
      for (let i = Math.min(head / 2, most); i > 0; i--) values.push(value);
      continue;
    }
    const packed = Math.min((head - 1) / 2 * 8, most);
    for (let i = 0; i < packed; i++) values.push(bitsAt(bytes, at * 8 + i * width, width));
    at += (head - 1) / 2 * width;
  }
  return values;
}

function bitsAt(bytes: Uint8Array, start: number, width: number): number {
  let value = 0;
  for (let i = 0; i < width; i++) {
    const bit = start + i;
    value += ((bytes[bit >> 3] ?? 0) >> (bit & 7) & 1) * 2 ** i;
  }
  return value;
}
