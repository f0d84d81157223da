/**
 * Thrift's compact protocol, as Parquet's footers and page headers are written: read into a tree that
 * keeps all fields and their types, also those that nobody here knows, and written again.
 */
import { Buffer } from "node:buffer";

/** The types of the protocol. A field's boolean value is its type. */
export const TYPE = {
  true: 1,
  false: 2,
  i8: 3,
  i16: 4,
  i32: 5,
  i64: 6,
  double: 7,
  binary: 8,
  list: 9,
  set: 10,
  struct: 12,
} as const;

/** A field's type and value. */
export interface Field {
  readonly type: number;
  readonly value: Value;
}

/** Fields by their numbers. */
export type Struct = Map<number, Field>;

/** Items of one type. */
export interface List {
  readonly itemType: number;
  readonly items: Value[];
}

/** i8, i16 and i32 are numbers, i64 are bigints; a double is its eight bytes. */
export type Value = boolean | number | bigint | Uint8Array | List | Struct;

const MAX_DEPTH = 32;

/** A struct that begins at `start`, and where it ends. */
export function readStruct(bytes: Uint8Array, start = 0): { struct: Struct; end: number } {
  const reader = new Reader(bytes, start);
  const struct = reader.struct(0);
  return { struct, end: reader.at };
}

class Reader {
  at: number;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array, start: number) {
    this.#bytes = bytes;
    this.at = start;
  }

  struct(depth: number): Struct {
    const struct: Struct = new Map();
    for (let id = 0;;) {
      const head = this.#byte();
      if (head === 0) return struct;
      id = head >> 4 ? id + (head >> 4) : Number(this.#zigzag());
      const type = head & 15;
      const isBoolean = type === TYPE.true || type === TYPE.false;
      struct.set(id, { type, value: isBoolean ? type === TYPE.true : this.#value(type, depth) });
    }
  }

  #value(type: number, depth: number): Value {
    if (depth > MAX_DEPTH) throw new Error("its structure is too deep");
    switch (type) {
      case TYPE.true:
      case TYPE.false:
        return this.#byte() === TYPE.true;
      case TYPE.i8:
        return this.#byte() << 24 >> 24;
      case TYPE.i16:
      case TYPE.i32:
        return Number(BigInt.asIntN(32, this.#zigzag()));
      case TYPE.i64:
        return this.#zigzag();
      case TYPE.double:
        return this.#take(8);
      case TYPE.binary:
        return this.#take(Number(this.#varint()));
      case TYPE.list:
      case TYPE.set:
        return this.#list(depth);
      case TYPE.struct:
        return this.struct(depth + 1);
    }
    throw new Error(`it has a value of type ${type}, which Parquet doesn't know`);
  }

  #list(depth: number): List {
    const head = this.#byte();
    const itemType = head & 15;
    const count = head >> 4 === 15 ? Number(this.#varint()) : head >> 4;
    const items: Value[] = [];
    // Each item has a byte at least: a count that is too high ends at the last one.
    for (let i = 0; i < count; i++) items.push(this.#value(itemType, depth + 1));
    return { itemType, items };
  }

  #byte(): number {
    const byte = this.#bytes[this.at++];
    if (byte === undefined) throw new RangeError("it was cut short");
    return byte;
  }

  #take(byteSize: number): Uint8Array {
    const end = this.at + byteSize;
    if (!(end <= this.#bytes.length)) throw new RangeError("it was cut short");
    const taken = this.#bytes.subarray(this.at, end);
    this.at = end;
    return taken;
  }

  #varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#byte();
      value |= BigInt(byte & 127) << shift;
      if (byte < 128 && value < 1n << 64n) return value;
    }
    throw new Error("it has a number that is too long");
  }

  #zigzag(): bigint {
    const value = this.#varint();
    return value & 1n ? -(value >> 1n) - 1n : value >> 1n;
  }
}

/** The bytes of a struct. */
export function structBytes(struct: Struct): Uint8Array {
  const pieces: Uint8Array[] = [];
  writeStruct(struct, pieces);
  return Buffer.concat(pieces);
}

function writeStruct(struct: Struct, pieces: Uint8Array[]): void {
  let last = 0;
  for (const [id, { type, value }] of [...struct].sort(([a], [b]) => a - b)) {
    const step = id - last;
    last = id;
    const kind = typeof value === "boolean" ? (value ? TYPE.true : TYPE.false) : type;
    if (step > 0 && step < 16) pieces.push(Uint8Array.of(step << 4 | kind));
    else pieces.push(Uint8Array.of(kind), varint(zigzag(BigInt(id))));
    if (typeof value !== "boolean") writeValue(type, value, pieces);
  }
  pieces.push(Uint8Array.of(0));
}

function writeValue(type: number, value: Value, pieces: Uint8Array[]): void {
  if (typeof value === "boolean") pieces.push(Uint8Array.of(value ? TYPE.true : TYPE.false));
  else if (typeof value === "bigint") pieces.push(varint(zigzag(value)));
  else if (typeof value === "number") {
    pieces.push(type === TYPE.i8 ? Uint8Array.of(value) : varint(zigzag(BigInt(value))));
  } else if (value instanceof Uint8Array) {
    if (type === TYPE.binary) pieces.push(varint(BigInt(value.length)));
    pieces.push(value);
  } else if (value instanceof Map) writeStruct(value, pieces);
  else {
    const { itemType, items } = value;
    if (items.length < 15) pieces.push(Uint8Array.of(items.length << 4 | itemType));
    else pieces.push(Uint8Array.of(0xf0 | itemType), varint(BigInt(items.length)));
    for (const item of items) writeValue(itemType, item, pieces);
  }
}

function zigzag(value: bigint): bigint {
  return value < 0n ? (-value << 1n) - 1n : value << 1n;
}

function varint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let left = value;
  for (; left > 127n; left >>= 7n) bytes.push(Number(left & 127n) | 128);
  bytes.push(Number(left));
  return Uint8Array.from(bytes);
}

/** A struct's fields, as what they must be; undefined where there is none. */
export const get = {
  number(struct: Struct, id: number): number | undefined {
    const value = struct.get(id)?.value;
    return typeof value === "number" || typeof value === "bigint" ? Number(value) : undefined;
  },
  boolean(struct: Struct, id: number): boolean | undefined {
    const value = struct.get(id)?.value;
    return typeof value === "boolean" ? value : undefined;
  },
  text(struct: Struct, id: number): string | undefined {
    const value = struct.get(id)?.value;
    return value instanceof Uint8Array ? Buffer.from(value).toString("utf8") : undefined;
  },
  struct(struct: Struct, id: number): Struct | undefined {
    const value = struct.get(id)?.value;
    return value instanceof Map ? value : undefined;
  },
  items(struct: Struct, id: number): Value[] | undefined {
    const value = struct.get(id)?.value;
    return typeof value === "object" && "items" in value ? value.items : undefined;
  },
  structs(struct: Struct, id: number): Struct[] {
    return (get.items(struct, id) ?? []).filter((item) => item instanceof Map);
  },
};

/** Fields, made. */
export const make = {
  i32: (value: number): Field => ({ type: TYPE.i32, value }),
  i64: (value: number): Field => ({ type: TYPE.i64, value: BigInt(value) }),
  text: (text: string): Field => ({ type: TYPE.binary, value: Buffer.from(text) }),
  struct: (fields: Iterable<readonly [number, Field]>): Field => ({
    type: TYPE.struct,
    value: new Map(fields),
  }),
  list: (itemType: number, items: Value[]): Field => ({
    type: TYPE.list,
    value: { itemType, items },
  }),
};
