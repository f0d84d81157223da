/** Values as a column chunk's pages, plain and without compression: audio hardly gets smaller. */
import { Buffer } from "node:buffer";
import { type Cell, DATA, ENCODING, PAGE } from "./format.ts";
import { type Field, make, structBytes } from "./thrift.ts";

/** Where a page is, and from which row of its row group on. */
export interface PagePlace {
  readonly offset: number;
  readonly byteSize: number;
  readonly firstRow: number;
}

/** What a column chunk's pages come to. */
export interface ChunkSum {
  readonly pages: readonly PagePlace[];
  readonly byteSize: number;
  readonly rowCount: number;
  readonly nullCount: number;
}

/** The type of a page of values, of the first version. */
const DATA_PAGE = 0;
const PAGE_BYTE_SIZE = 1 << 20;
const PAGE_ROW_COUNT = 20_000;

/** Pages of about a megabyte. */
export async function* writeCells(
  cells: AsyncIterable<Cell>,
  maxLevel: number,
): AsyncGenerator<Uint8Array, ChunkSum> {
  const pages: PagePlace[] = [];
  let waiting: Cell[] = [];
  let [waitingSize, byteSize, rowCount, nullCount] = [0, 0, 0, 0];
  const flush = function* () {
    const page = pageBytes(waiting, maxLevel);
    pages.push({ offset: byteSize, byteSize: page.length, firstRow: rowCount - waiting.length });
    byteSize += page.length;
    [waiting, waitingSize] = [[], 0];
    yield page;
  };
  for await (const cell of cells) {
    waiting.push(cell);
    waitingSize += cell.bytes?.length ?? 0;
    rowCount++;
    if (cell.bytes === undefined) nullCount++;
    if (waitingSize >= PAGE_BYTE_SIZE || waiting.length >= PAGE_ROW_COUNT) yield* flush();
  }
  if (waiting.length > 0 || pages.length === 0) yield* flush();
  return { pages, byteSize, rowCount, nullCount };
}

function pageBytes(cells: readonly Cell[], maxLevel: number): Uint8Array {
  const pieces: Uint8Array[] = [];
  if (maxLevel > 0) {
    const levels = levelBytes(cells);
    pieces.push(uint32(levels.length), levels);
  }
  for (const { bytes } of cells) if (bytes) pieces.push(uint32(bytes.length), bytes);
  const size = pieces.reduce((sum, { length }) => sum + length, 0);
  if (size > 0x7fffffff) throw new Error("a page can't hold more than 2 GiB");
  const data: [number, Field][] = [
    [DATA.count, make.i32(cells.length)],
    [DATA.encoding, make.i32(ENCODING.plain)],
    [DATA.levelEncoding, make.i32(ENCODING.rle)],
    [DATA.repetitionEncoding, make.i32(ENCODING.rle)],
  ];
  const header = structBytes(
    new Map([
      [PAGE.type, make.i32(DATA_PAGE)],
      [PAGE.byteSize, make.i32(size)],
      [PAGE.compressedSize, make.i32(size)],
      [PAGE.data, make.struct(data)],
    ]),
  );
  return Buffer.concat([header, ...pieces]);
}

/** Definition levels as runs. They are below 256. */
function levelBytes(cells: readonly Cell[]): Uint8Array {
  const bytes: number[] = [];
  for (let start = 0; start < cells.length;) {
    const { level } = cells[start] as Cell;
    let end = start + 1;
    while (end < cells.length && cells[end]?.level === level) end++;
    let head = (end - start) * 2;
    for (; head > 127; head = Math.floor(head / 128)) bytes.push(head % 128 + 128);
    bytes.push(head, level);
    start = end;
  }
  return Uint8Array.from(bytes);
}

function uint32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
