/** Parquet files of one column, made byte by byte, as no writer that is at hand makes all of them. */
import { Buffer } from "node:buffer";
import { type Field, make, type Struct, structBytes, TYPE } from "../../cli/parquet/thrift.ts";

/** A page that is made by hand. */
export interface Made {
  /** Of a data page: 1 or 2. Without it, it is the dictionary. */
  readonly version?: 1 | 2;
  readonly count: number;
  readonly nullCount?: number;
  readonly encoding: number;
  /** Levels of a column that may be null. */
  readonly levels?: Buffer;
  readonly repetition?: Buffer;
  readonly values: Uint8Array;
  readonly pack?: (bytes: Uint8Array) => Uint8Array;
  /** What else its header holds: so many bytes. */
  readonly more?: number;
  /** Whether it is an index page, which nobody has ever used. */
  readonly isIndex?: true;
  /** 3 is the one that is read. */
  readonly levelEncoding?: number;
  /** What its header says that its body has, if that isn't true. */
  readonly packedSize?: number;
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

export function pageOf(page: Made): Buffer {
  const { version, count, nullCount = 0, encoding, levels, repetition, values, pack, more } = page;
  const isSecond = version === 2;
  const outside = isSecond
    ? Buffer.concat([repetition ?? Buffer.of(), levels ?? Buffer.of()])
    : Buffer.of();
  const inside = !isSecond && levels
    ? Buffer.concat([uint32(levels.length), levels, values])
    : values;
  const body = Buffer.concat([outside, pack ? pack(inside) : inside]);
  const numbers = (...values: number[]) =>
    values.map((value, index): [number, Field] => [index + 1, make.i32(value)]);
  const second = numbers(
    count,
    nullCount,
    count,
    encoding,
    levels?.length ?? 0,
    repetition?.length ?? 0,
  );
  if (!pack) second.push([7, { type: TYPE.true, value: false }]);
  const kinds: Record<number, [number, Field]> = {
    0: [5, make.struct(numbers(count, encoding, page.levelEncoding ?? 3, 3))],
    2: [7, make.struct(numbers(count, encoding))],
    3: [8, make.struct(second)],
  };
  const kind = version === undefined ? 2 : isSecond ? 3 : 0;
  const header: Struct = new Map([
    [1, make.i32(page.isIndex ? 1 : kind)],
    [2, make.i32(outside.length + inside.length)],
    [3, make.i32(page.packedSize ?? body.length)],
    ...(page.isIndex ? [] : [kinds[kind] as [number, Field]]),
    ...(more ? [[90, make.text("x".repeat(more))] as const] : []),
  ]);
  return Buffer.concat([structBytes(header), body]);
}

/** A file with one column, inside of so many that may be null; itself it may be null, too. */
export function fileOf(
  pages: readonly Buffer[],
  rowCount: number,
  depth: number,
  codec = 0,
): Buffer {
  const names = Array.from({ length: Math.max(1, depth) }, (_, i) => `n${i}`);
  const elements: Struct[] = names.map((name, index) => {
    const isLeaf = index === names.length - 1;
    return new Map([
      ...(isLeaf ? [[1, make.i32(6)] as const] : []),
      [3, make.i32(depth === 0 ? 0 : 1)],
      [4, make.text(name)],
      ...(isLeaf ? [] : [[5, make.i32(1)] as const]),
    ]);
  });
  const root: Struct = new Map([[4, make.text("root")], [5, make.i32(1)]]);
  const data = Buffer.concat(pages);
  const meta = make.struct([
    [1, make.i32(6)],
    [2, make.list(TYPE.i32, [0])],
    [3, make.list(TYPE.binary, names.map((name) => Buffer.from(name)))],
    [4, make.i32(codec)],
    [5, make.i64(rowCount)],
    [6, make.i64(data.length)],
    [7, make.i64(data.length)],
    [9, make.i64(4)],
  ]);
  const chunk: Struct = new Map([[2, make.i64(0)], [3, meta]]);
  const group: Struct = new Map([
    [1, make.list(TYPE.struct, [chunk])],
    [2, make.i64(data.length)],
    [3, make.i64(rowCount)],
  ]);
  const footer = structBytes(
    new Map([
      [1, make.i32(1)],
      [2, make.list(TYPE.struct, [root, ...elements])],
      [3, make.i64(rowCount)],
      [4, make.list(TYPE.struct, [group])],
    ]),
  );
  return Buffer.concat([
    Buffer.from("PAR1"),
    data,
    footer,
    uint32(footer.length),
    Buffer.from("PAR1"),
  ]);
}

export type Packing = "runs" | "packed" | "mixed";

/** Levels or indices: as runs, as packed bits, or as one after the other. */
export function hybrid(values: readonly number[], width: number, packing: Packing): Buffer {
  const out: number[] = [];
  const varint = (value: number) => {
    let left = value;
    for (; left > 127; left = Math.floor(left / 128)) out.push(left % 128 + 128);
    out.push(left);
  };
  const packed = (part: readonly number[]) => {
    const groupCount = Math.ceil(part.length / 8);
    varint(groupCount * 2 + 1);
    const bytes = new Uint8Array(groupCount * width);
    part.forEach((value, i) => {
      for (let bit = 0; bit < width; bit++) {
        const at = i * width + bit;
        if (value >> bit & 1) bytes[at >> 3] = (bytes[at >> 3] ?? 0) | 1 << (at & 7);
      }
    });
    out.push(...bytes);
  };
  const runs = (part: readonly number[]) => {
    for (let start = 0; start < part.length;) {
      let end = start;
      while (part[end] === part[start] && end < part.length) end++;
      varint((end - start) * 2);
      for (let i = 0; i < width; i += 8) out.push((part[start] ?? 0) >> i & 255);
      start = end;
    }
  };
  if (packing === "runs") runs(values);
  else if (packing === "packed") packed(values);
  else {
    for (let start = 0; start < values.length; start += 40) {
      packed(values.slice(start, start + 24));
      runs(values.slice(start + 24, start + 40));
    }
  }
  return Buffer.from(out);
}

export const widthOf = (most: number) => most === 0 ? 0 : Math.floor(Math.log2(most)) + 1;

export function plain(values: readonly Uint8Array[]): Buffer {
  return Buffer.concat(values.flatMap((bytes) => [uint32(bytes.length), bytes]));
}

/** A Zstandard frame with its bytes as they are, for runtimes that can't compress. */
export function storedZstd(bytes: Uint8Array): Buffer {
  const MAX_BLOCK = 1 << 17;
  const head = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0, 0]);
  head.writeUInt32LE(bytes.length, 5);
  const pieces: Uint8Array[] = [head];
  for (let at = 0; at === 0 || at < bytes.length; at += MAX_BLOCK) {
    const block = bytes.subarray(at, at + MAX_BLOCK);
    const isLast = at + MAX_BLOCK >= bytes.length ? 1 : 0;
    const size = Buffer.alloc(4);
    size.writeUInt32LE(block.length << 3 | isLast);
    pieces.push(size.subarray(0, 3), block);
  }
  return Buffer.concat(pieces);
}
