/** The Arrow schema in a Parquet file, with a field more: read by a reader of FlatBuffers of its own. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { extendArrowSchema } from "../../cli/parquet/arrow.ts";
import { test } from "../harness.ts";

/** What a FlatBuffer is built of; numbers are bytes of one, two or eight. */
type Node =
  | { table: Record<number, Node> }
  | { vector: Node[] }
  | { longs: bigint[] }
  | { text: string }
  | { u8: number }
  | { u16: number };

/** Writes what leads to a node before it; a table's vtable stands right before the table. */
function flatBuffer(root: Node): Buffer {
  const bytes: number[] = [];
  const put = (value: number, byteSize: number, at = bytes.length) => {
    for (let i = 0; i < byteSize; i++) bytes[at + i] = value >>> 8 * i & 255;
  };
  const align = (byteSize: number, ahead = 0) => {
    while ((bytes.length + ahead) % byteSize !== 0) bytes.push(0);
  };
  const refer = (at: number, node: Node) => put(write(node) - at, 4, at);
  const write = (node: Node): number => {
    if ("text" in node) {
      align(4);
      const at = bytes.length;
      put(Buffer.byteLength(node.text), 4);
      bytes.push(...Buffer.from(node.text), 0);
      return at;
    }
    if ("vector" in node || "longs" in node) {
      const longs = "longs" in node ? node.longs : undefined;
      align(longs ? 8 : 4, longs ? 4 : 0);
      const at = bytes.length;
      const items = "vector" in node ? node.vector : [];
      put(longs?.length ?? items.length, 4);
      for (const long of longs ?? []) bytes.push(...Buffer.from(BigInt64Array.of(long).buffer));
      items.forEach(() => put(0, 4));
      items.forEach((item, index) => refer(at + 4 + 4 * index, item));
      return at;
    }
    if (!("table" in node)) throw new Error("no place of its own");
    const slots = Object.entries(node.table).map(([slot, value]) => [Number(slot), value] as const);
    const slotCount = Math.max(-1, ...slots.map(([slot]) => slot)) + 1;
    align(4, 4 + 2 * slotCount);
    const vtable = bytes.length;
    put(4 + 2 * slotCount, 2);
    put(4 + 4 * slots.length, 2);
    for (let i = 0; i < slotCount; i++) put(0, 2);
    const table = bytes.length;
    put(table - vtable, 4);
    slots.forEach(([slot, value], index) => {
      put(4 + 4 * index, 2, vtable + 4 + 2 * slot);
      put("u8" in value ? value.u8 : "u16" in value ? value.u16 : 0, 4);
    });
    slots.forEach(([, value], index) => {
      if (!("u8" in value || "u16" in value)) refer(table + 4 + 4 * index, value);
    });
    return table;
  };
  put(0, 4);
  refer(0, root);
  align(8);
  return Buffer.from(bytes);
}

/** Reads as FlatBuffers' verifier does: all that is referred to is inside, aligned, and further on. */
class Reader {
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  follow(at: number): number {
    assert.equal(at % 4, 0);
    const offset = this.#bytes.readUInt32LE(at);
    assert.ok(offset >= 4, "a reference leads forward");
    return at + offset;
  }

  slot(table: number, slot: number, byteSize: number): number | undefined {
    assert.equal(table % 4, 0);
    const vtable = table - this.#bytes.readInt32LE(table);
    assert.equal(vtable % 2, 0);
    const [vtableSize, tableSize] = [0, 2].map((at) => this.#bytes.readUInt16LE(vtable + at)) as [
      number,
      number,
    ];
    assert.ok(vtableSize >= 4 && vtableSize % 2 === 0 && vtable >= 0);
    if (4 + 2 * slot >= vtableSize) return undefined;
    const offset = this.#bytes.readUInt16LE(vtable + 4 + 2 * slot);
    if (offset === 0) return undefined;
    assert.ok(offset >= 4 && offset + byteSize <= tableSize, "a field is in its table");
    assert.equal((table + offset) % byteSize, 0);
    return table + offset;
  }

  number(table: number, slot: number, byteSize: 1 | 2): number {
    const at = this.slot(table, slot, byteSize);
    return at === undefined ? 0 : this.#bytes.readUIntLE(at, byteSize);
  }

  child(table: number, slot: number): number | undefined {
    const at = this.slot(table, slot, 4);
    return at === undefined ? undefined : this.follow(at);
  }

  text(table: number, slot: number): string {
    const at = this.child(table, slot) as number;
    const end = at + 4 + this.#bytes.readUInt32LE(at);
    assert.equal(this.#bytes[end], 0, "a text ends with 0");
    return this.#bytes.toString("utf8", at + 4, end);
  }

  items(table: number, slot: number): number[] | undefined {
    const at = this.child(table, slot);
    return at === undefined ? undefined : Array.from(
      { length: this.#bytes.readUInt32LE(at) },
      (_, i) => this.follow(at + 4 + 4 * i),
    );
  }

  longs(table: number, slot: number): bigint[] | undefined {
    const at = this.child(table, slot);
    if (at === undefined) return undefined;
    assert.equal((at + 4) % 8, 0);
    return Array.from(
      { length: this.#bytes.readUInt32LE(at) },
      (_, i) => this.#bytes.readBigInt64LE(at + 4 + 8 * i),
    );
  }
}

function read(encoded: string) {
  const message = Buffer.from(encoded, "base64");
  assert.equal(message.readUInt32LE(0), 0xffffffff);
  assert.equal(message.readUInt32LE(4), message.length - 8);
  assert.equal(message.length % 8, 0);
  const bytes = message.subarray(8);
  const reader = new Reader(bytes);
  const root = reader.follow(0);
  const schema = reader.child(root, 2) as number;
  const fields = (reader.items(schema, 1) ?? []).map((field) => ({
    name: reader.text(field, 0),
    isNullable: reader.number(field, 1, 1),
    type: reader.number(field, 2, 1),
    precision: reader.number(reader.child(field, 3) as number, 0, 2),
    children: reader.items(field, 5)?.length,
  }));
  const pairs = reader.items(schema, 2)?.map((pair) => [0, 1].map((i) => reader.text(pair, i)));
  const [version, headerType] = [reader.number(root, 0, 2), reader.number(root, 1, 1)];
  const [endianness, features] = [reader.number(schema, 0, 2), reader.longs(schema, 3)];
  return { bytes, version, headerType, endianness, fields, pairs, features };
}

interface Given {
  version?: number;
  endianness?: number;
  names?: string[];
  pairs?: [string, string][];
  features?: bigint[];
}

function schemaOf({ version, endianness, names = [], pairs, features }: Given): Node {
  const fields = names.map((text): Node => ({
    table: {
      0: { text },
      1: { u8: 1 },
      2: { u8: 4 },
      3: { table: { 0: { u16: 2 } } },
      5: { vector: [] },
    },
  }));
  const kept = pairs?.map(([key, value]): Node => ({
    table: { 0: { text: key }, 1: { text: value } },
  }));
  return {
    table: {
      ...(version !== undefined && { 0: { u16: version } }),
      1: { u8: 1 },
      2: {
        table: {
          ...(endianness !== undefined && { 0: { u16: endianness } }),
          1: { vector: fields },
          ...(kept && { 2: { vector: kept } }),
          ...(features && { 3: { longs: features } }),
        },
      },
    },
  };
}

/** As a message: behind its size, and since Arrow 0.15 behind a mark too. */
function encode(bytes: Buffer, isMarked = true): string {
  const head = Buffer.alloc(isMarked ? 8 : 4, 0xff);
  head.writeUInt32LE(bytes.length, head.length - 4);
  return Buffer.concat([head, bytes]).toString("base64");
}

const ADDED = { name: "augment", isNullable: 1, type: 5, precision: 0, children: 0 };

test("a field more, and other metadata: all else is what it was, byte for byte", () => {
  const given: Given[] = [
    {},
    { version: 4, names: ["a"] },
    { version: 4, endianness: 1, names: ["id", "audio", "söme"], features: [1n, 2n ** 40n] },
    { version: 3, names: ["a", "bb"], pairs: [["huggingface", "old"]] },
    {
      version: 258, // both bytes are kept
      endianness: 257,
      names: ["a", "bb", "ccc", "dddd"],
      pairs: [["first", "1"], ["huggingface", "old"], ["ü", ""], ["pandas", "{}"]],
      features: [2n],
    },
  ];
  const changes: Record<string, string>[] = [{}, { huggingface: "nëw", pandas: "", other: "x" }];
  for (const options of given) {
    const { version = 0, endianness = 0, names = [], pairs, features } = options;
    const old = flatBuffer(schemaOf(options));
    const before = read(encode(old));
    assert.deepEqual(before.fields.map(({ name }) => name), names);
    for (const added of ["augment", undefined]) {
      for (const changed of changes) {
        for (const isMarked of [true, false]) {
          const encoded = encode(old, isMarked);
          const map = new Map(Object.entries(changed));
          const { bytes, ...after } = read(extendArrowSchema(encoded, added, map));
          assert.deepEqual(after, {
            version,
            headerType: 1,
            endianness,
            fields: [...before.fields, ...(added ? [ADDED] : [])],
            pairs: pairs?.map(([key, value]) => [key, changed[key] ?? value]),
            features,
          });
          const at = bytes.indexOf(old);
          assert.ok(at > 0 && at % 8 === 0 && at + old.length === bytes.length);
        }
      }
    }
  }
});

test("a damaged schema is told, with what is wrong", () => {
  const extend = (encoded: string) => () => extendArrowSchema(encoded, "augment", new Map());
  const broken = (table: Record<number, Node>) => extend(encode(flatBuffer({ table })));
  const empty = { table: {} };
  const noSchema = { message: "its ARROW:schema is damaged: it holds no schema" };
  assert.throws(broken({ 1: { u8: 2 }, 2: empty }), noSchema);
  assert.throws(broken({ 1: { u8: 1 } }), noSchema);
  assert.throws(broken({ 2: empty }), noSchema);
  assert.throws(extend(""), /^Error: its ARROW:schema is damaged: ./);
  const bytes = flatBuffer(schemaOf({ names: ["name"] }));
  const reader = new Reader(bytes);
  const fields = reader.child(reader.child(reader.follow(0), 2) as number, 1) as number;
  const most = bytes.length / 4;
  for (const count of [most + 1, 0xffffffff]) {
    bytes.writeUInt32LE(count, fields);
    const endless = { message: "its ARROW:schema is damaged: a list has no end" };
    assert.throws(extend(encode(bytes)), endless, `${count}`);
  }
});
