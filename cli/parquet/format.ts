/** What a Parquet file says of itself: its columns, its row groups, and where their bytes are. */
import { Buffer } from "node:buffer";
import type { FileHandle } from "node:fs/promises";
import { reasonOf } from "../errors.ts";
import { get, readStruct, type Struct } from "./thrift.ts";

/** The fields of Parquet's structs that are used here, by the names of parquet.thrift. */
export const FILE = {
  schema: 2,
  rowCount: 3,
  rowGroups: 4,
  keyValues: 5,
  columnOrders: 7,
  encryption: 8,
} as const;
export const ELEMENT = {
  type: 1,
  repetition: 3,
  name: 4,
  childCount: 5,
  convertedType: 6,
  logicalType: 10,
} as const;
export const GROUP = {
  columns: 1,
  byteSize: 2,
  rowCount: 3,
  sorting: 4,
  offset: 5,
  compressedSize: 6,
  ordinal: 7,
} as const;
export const CHUNK = {
  path: 1,
  offset: 2,
  meta: 3,
  offsetIndex: 4,
  offsetIndexSize: 5,
  columnIndex: 6,
  columnIndexSize: 7,
  crypto: 8,
} as const;
export const META = {
  type: 1,
  encodings: 2,
  path: 3,
  codec: 4,
  valueCount: 5,
  byteSize: 6,
  compressedSize: 7,
  keyValues: 8,
  dataOffset: 9,
  indexOffset: 10,
  dictionaryOffset: 11,
  statistics: 12,
  bloomOffset: 14,
  bloomSize: 15,
} as const;

/** The fields of a page's header, and of what its kinds say. */
export const PAGE = {
  type: 1,
  byteSize: 2,
  compressedSize: 3,
  checksum: 4,
  data: 5,
  dictionary: 7,
  dataV2: 8,
} as const;
export const DATA = { count: 1, encoding: 2, levelEncoding: 3, repetitionEncoding: 4 } as const;
export const DATA_V2 = {
  count: 1,
  encoding: 4,
  levelsSize: 5,
  repetitionSize: 6,
  isCompressed: 7,
} as const;
export const ENCODING = {
  plain: 0,
  plainDictionary: 2,
  rle: 3,
  deltaLength: 6,
  delta: 7,
  rleDictionary: 8,
} as const;

export const BYTE_ARRAY = 6;
export const OPTIONAL = 1;
const REPEATED = 2;
const UTF8 = 0;

/** A column of values. */
export interface Leaf {
  /** The names that lead to it. */
  readonly path: readonly string[];
  readonly element: Struct;
  /** The definition level of a value that is there: how many of its names may be null. */
  readonly maxLevel: number;
  readonly isRepeated: boolean;
}

/** A value of a column; without bytes it is null, at this definition level. */
export interface Cell {
  readonly level: number;
  readonly bytes?: Uint8Array;
}

/** Bytes of a file. */
export interface Range {
  readonly offset: number;
  readonly byteSize: number;
}

/** A Parquet file's footer. */
export interface Footer {
  readonly file: Struct;
  readonly leaves: readonly Leaf[];
  readonly groups: readonly Struct[];
}

const MAGIC = "PAR1";
const ENCRYPTED = "PARE";
const TAIL_SIZE = 8;

/** Reads the footer, and looks whether all that it tells of is there. */
export async function readFooter(file: FileHandle, byteSize: number): Promise<Footer> {
  const head = await readRange(file, { offset: 0, byteSize: Math.min(4, byteSize) });
  const tailOffset = Math.max(0, byteSize - TAIL_SIZE);
  const tail = await readRange(file, { offset: tailOffset, byteSize: byteSize - tailOffset });
  const magic = Buffer.from(tail.subarray(-4)).toString("latin1");
  const start = Buffer.from(head).toString("latin1");
  if (magic === ENCRYPTED || start === ENCRYPTED) {
    throw new Error("it is an encrypted Parquet file");
  }
  if (start !== MAGIC) throw new Error("it is no Parquet file");
  const footerSize = tail.length === TAIL_SIZE
    ? new DataView(tail.buffer, tail.byteOffset).getUint32(0, true)
    : 0;
  const offset = byteSize - TAIL_SIZE - footerSize;
  if (magic !== MAGIC || footerSize === 0 || offset < 4) {
    throw new Error("the Parquet file ends without a footer: it was cut short");
  }
  const bytes = await readRange(file, { offset, byteSize: footerSize });
  try {
    const { struct } = readStruct(bytes);
    const footer = {
      file: struct,
      leaves: leavesOf(get.structs(struct, FILE.schema)),
      groups: get.structs(struct, FILE.rowGroups),
    };
    checkFooter(footer, offset);
    return footer;
  } catch (error) {
    throw new Error(`the Parquet file's footer is damaged: ${reasonOf(error)}`);
  }
}

/** So many bytes of a file, in memory of their own. */
export async function readRange(
  file: FileHandle,
  { offset, byteSize }: Range,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(byteSize);
  for (let at = 0; at < byteSize;) {
    const { bytesRead } = await file.read(bytes, at, byteSize - at, offset + at);
    if (bytesRead === 0) throw new Error("the file ends within its columns");
    at += bytesRead;
  }
  return bytes;
}

/** The schema is a tree, written down depth first. */
function leavesOf(elements: readonly Struct[]): Leaf[] {
  const leaves: Leaf[] = [];
  let next = 0;
  const walk = (path: readonly string[], level: number, repeated: boolean): void => {
    const element = elements[next++];
    if (element === undefined) throw new Error("its schema ends early");
    const repetition = next === 1 ? 0 : get.number(element, ELEMENT.repetition) ?? 0;
    const names = next === 1 ? path : [...path, get.text(element, ELEMENT.name) ?? ""];
    const maxLevel = level + (repetition === 0 ? 0 : 1);
    const isRepeated = repeated || repetition === REPEATED;
    const childCount = get.number(element, ELEMENT.childCount) ?? 0;
    if (childCount === 0 && names.length > 0) {
      leaves.push({ path: names, element, maxLevel, isRepeated });
    }
    for (let i = 0; i < childCount; i++) walk(names, maxLevel, isRepeated);
  };
  walk([], 0, false);
  if (next !== elements.length) throw new Error("its schema has parts that lead nowhere");
  return leaves;
}

function checkFooter({ file, leaves, groups }: Footer, end: number): void {
  if (file.has(FILE.encryption)) throw new Error("it is encrypted");
  let rowCount = 0;
  for (const group of groups) {
    rowCount += get.number(group, GROUP.rowCount) ?? NaN;
    const chunks = get.structs(group, GROUP.columns);
    if (chunks.length !== leaves.length) throw new Error("a row group lacks columns");
    for (const [index, chunk] of chunks.entries()) {
      const { path } = leaves[index] as Leaf;
      if (chunk.has(CHUNK.path)) throw new Error(`column ${path.join(".")} is in another file`);
      if (chunk.has(CHUNK.crypto)) throw new Error(`column ${path.join(".")} is encrypted`);
      const isThere = ({ offset, byteSize }: Range) =>
        offset >= 4 && byteSize >= 0 && offset + byteSize <= end;
      if (![rangeOf(chunk), ...extrasOf(chunk)].every(isThere)) {
        throw new Error(`column ${path.join(".")} lies outside of the file`);
      }
    }
  }
  if (rowCount !== get.number(file, FILE.rowCount)) throw new Error("its rows don't add up");
}

/** Where a column chunk's pages are. */
export function rangeOf(chunk: Struct): Range {
  const meta = metaOf(chunk);
  const data = get.number(meta, META.dataOffset) ?? NaN;
  const dictionary = get.number(meta, META.dictionaryOffset) ?? 0;
  const index = get.number(meta, META.indexOffset) ?? 0;
  const starts = [data, dictionary, index].filter((offset) => offset > 0);
  const byteSize = get.number(meta, META.compressedSize) ?? NaN;
  // What has no bytes says nothing of where they would be.
  return { offset: byteSize === 0 ? MAGIC.length : Math.min(...starts), byteSize };
}

/** Where else a column chunk has bytes: its indexes, its Bloom filter. */
function extrasOf(chunk: Struct): Range[] {
  const places: [Struct, number, number][] = [
    [chunk, CHUNK.offsetIndex, CHUNK.offsetIndexSize],
    [chunk, CHUNK.columnIndex, CHUNK.columnIndexSize],
    [metaOf(chunk), META.bloomOffset, META.bloomSize],
  ];
  return places.flatMap(([struct, at, size]) => {
    const [offset, byteSize] = [get.number(struct, at), get.number(struct, size)];
    return offset === undefined || byteSize === undefined ? [] : [{ offset, byteSize }];
  });
}

/** What a column chunk says of its values. */
export function metaOf(chunk: Struct): Struct {
  const meta = get.struct(chunk, CHUNK.meta);
  if (meta === undefined) throw new Error("a column chunk says nothing of itself");
  return meta;
}

/** Whether a column holds bytes that are no text. */
export function isBinary({ element, isRepeated }: Leaf): boolean {
  return get.number(element, ELEMENT.type) === BYTE_ARRAY && !isRepeated &&
    get.number(element, ELEMENT.convertedType) === undefined &&
    !element.has(ELEMENT.logicalType);
}

/** Whether a column holds text. */
export function isText({ element, isRepeated }: Leaf): boolean {
  return get.number(element, ELEMENT.type) === BYTE_ARRAY && !isRepeated &&
    (get.number(element, ELEMENT.convertedType) === UTF8 ||
      get.struct(element, ELEMENT.logicalType)?.has(1) === true);
}

/** A file's key-value metadata. */
export function keyValuesOf(file: Struct): Map<string, string> {
  return new Map(
    get.structs(file, FILE.keyValues).map((pair) => [
      get.text(pair, 1) ?? "",
      get.text(pair, 2) ?? "",
    ]),
  );
}
