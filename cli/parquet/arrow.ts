/**
 * The Arrow schema that many writers keep in a Parquet file (`ARROW:schema`), with one field more. It
 * is a FlatBuffer, in which all references lead forward and count from where they stand: the old one
 * stays as it is, byte for byte, and a new head with the new parts goes before it.
 */
import { Buffer } from "node:buffer";
import { reasonOf } from "../errors.ts";

/** Slots of the tables in Arrow's Message.fbs and Schema.fbs. */
const MESSAGE = { version: 0, headerType: 1, header: 2 } as const;
const SCHEMA = { endianness: 0, fields: 1, metadata: 2, features: 3 } as const;
const SCHEMA_HEADER = 1;
const UTF8 = 5;
const CONTINUATION = 0xffffffff;

/** The old schema, read where it lies. */
class Old {
  readonly bytes: Uint8Array;
  readonly view: DataView;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** Where a table's field is; undefined if it has none. */
  slot(table: number, slot: number): number | undefined {
    const vtable = table - this.view.getInt32(table, true);
    const place = 4 + 2 * slot;
    const offset = place < this.view.getUint16(vtable, true)
      ? this.view.getUint16(vtable + place, true)
      : 0;
    return offset === 0 ? undefined : table + offset;
  }

  /** Where a reference leads. */
  follow(at: number): number {
    return at + this.view.getUint32(at, true);
  }

  /** Where the items of a vector of references lead. */
  items(table: number, slot: number): number[] {
    const at = this.slot(table, slot);
    if (at === undefined) return [];
    const vector = this.follow(at);
    const count = this.view.getUint32(vector, true);
    if (count > this.bytes.length / 4) throw new Error("a list has no end");
    return Array.from({ length: count }, (_, i) => this.follow(vector + 4 + 4 * i));
  }

  text(table: number, slot: number): string {
    const at = this.slot(table, slot);
    if (at === undefined) return "";
    const start = this.follow(at);
    const end = start + 4 + this.view.getUint32(start, true);
    return Buffer.from(this.bytes.subarray(start + 4, end)).toString("utf8");
  }
}

/** A new head: what is put down may refer to what comes later. */
class Head {
  readonly #bytes: number[] = [];
  readonly #references: { at: number; target: () => number }[] = [];

  get size(): number {
    return this.#bytes.length;
  }

  align(byteSize: number): void {
    while (this.#bytes.length % byteSize !== 0) this.#bytes.push(0);
  }

  put(value: number, byteSize: 1 | 2 | 4): number {
    this.align(byteSize);
    const at = this.size;
    for (let i = 0; i < byteSize; i++) this.#bytes.push(Math.floor(value / 256 ** i) % 256);
    return at;
  }

  refer(target: () => number): void {
    this.#references.push({ at: this.put(0, 4), target });
  }

  /** A table of fields by their slots: references, and numbers of one or two bytes, in two. */
  table(fields: Readonly<Record<number, (() => number) | number>>): number {
    const slots = Object.keys(fields).map(Number);
    const references = slots.filter((slot) => typeof fields[slot] === "function");
    const numbers = slots.filter((slot) => typeof fields[slot] === "number");
    const offsets = new Map<number, number>();
    let size = 4;
    for (const slot of references) offsets.set(slot, size), size += 4;
    for (const slot of numbers) offsets.set(slot, size), size += 2;
    this.align(4);
    const slotCount = Math.max(-1, ...slots) + 1;
    const vtable = this.put(4 + 2 * slotCount, 2);
    this.put(size, 2);
    for (let slot = 0; slot < slotCount; slot++) this.put(offsets.get(slot) ?? 0, 2);
    this.align(4);
    const table = this.put(this.size - vtable, 4);
    for (const slot of references) this.refer(fields[slot] as () => number);
    for (const slot of numbers) this.put(fields[slot] as number, 2);
    return table;
  }

  vector(targets: readonly (() => number)[]): number {
    const at = this.put(targets.length, 4);
    for (const target of targets) this.refer(target);
    return at;
  }

  text(text: string): number {
    const bytes = Buffer.from(text);
    const at = this.put(bytes.length, 4);
    for (const byte of bytes) this.#bytes.push(byte);
    this.#bytes.push(0);
    return at;
  }

  /** The head's bytes; the old ones come right behind. */
  finish(): Uint8Array {
    this.align(8);
    const bytes = Buffer.from(this.#bytes);
    for (const { at, target } of this.#references) bytes.writeUInt32LE(target() - at, at);
    return bytes;
  }
}

/**
 * @param encoded the value of `ARROW:schema`
 * @param name a field of text that may be null; undefined for none more
 * @param metadata what the schema's key-value metadata is to say of these keys
 */
export function extendArrowSchema(
  encoded: string,
  name: string | undefined,
  metadata: ReadonlyMap<string, string>,
): string {
  try {
    return extend(encoded, name, metadata);
  } catch (error) {
    throw new Error(`its ARROW:schema is damaged: ${reasonOf(error)}`);
  }
}

function extend(
  encoded: string,
  name: string | undefined,
  metadata: ReadonlyMap<string, string>,
): string {
  const message = Buffer.from(encoded, "base64");
  const start = message.readUInt32LE(0) === CONTINUATION ? 8 : 4;
  const old = new Old(new Uint8Array(message.subarray(start)));
  const root = old.follow(0);
  const headerAt = old.slot(root, MESSAGE.header);
  const typeAt = old.slot(root, MESSAGE.headerType);
  if (!headerAt || !typeAt || old.view.getUint8(typeAt) !== SCHEMA_HEADER) {
    throw new Error("it holds no schema");
  }
  const bytes = withField(old, root, old.follow(headerAt), name, metadata);
  const size = Buffer.alloc(8);
  size.writeUInt32LE(CONTINUATION);
  size.writeUInt32LE(bytes.length, 4);
  return Buffer.concat([size, bytes]).toString("base64");
}

function withField(
  old: Old,
  root: number,
  schema: number,
  name: string | undefined,
  metadata: ReadonlyMap<string, string>,
): Uint8Array {
  const head = new Head();
  const places = { message: 0, schema: 0, fields: 0, metadata: 0, field: 0, end: 0 };
  const inOld = (at: number) => () => places.end + at;
  const short = (table: number, slot: number) => {
    const at = old.slot(table, slot);
    return at ? old.view.getUint16(at, true) : 0;
  };
  const featuresAt = old.slot(schema, SCHEMA.features);
  const pairs = old.items(schema, SCHEMA.metadata);
  head.refer(() => places.message);
  places.message = head.table({
    [MESSAGE.version]: short(root, MESSAGE.version),
    [MESSAGE.headerType]: SCHEMA_HEADER,
    [MESSAGE.header]: () => places.schema,
  });
  places.schema = head.table({
    [SCHEMA.endianness]: short(schema, SCHEMA.endianness),
    [SCHEMA.fields]: () => places.fields,
    ...(pairs.length > 0 && { [SCHEMA.metadata]: () => places.metadata }),
    ...(featuresAt && { [SCHEMA.features]: inOld(old.follow(featuresAt)) }),
  });
  places.fields = head.vector([
    ...old.items(schema, SCHEMA.fields).map(inOld),
    ...(name === undefined ? [] : [() => places.field]),
  ]);
  const newPairs: { key: string; value: string; at: number }[] = [];
  if (pairs.length > 0) {
    places.metadata = head.vector(pairs.map((pair) => {
      const key = old.text(pair, 0);
      const value = metadata.get(key);
      if (value === undefined) return inOld(pair);
      const made = { key, value, at: 0 };
      newPairs.push(made);
      return () => made.at;
    }));
  }
  for (const pair of newPairs) putPair(head, pair);
  if (name !== undefined) places.field = putField(head, name);
  head.align(8);
  places.end = head.size;
  const bytes = Buffer.concat([head.finish(), old.bytes]);
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & 7)]);
}

function putPair(head: Head, pair: { key: string; value: string; at: number }): void {
  const texts = { key: 0, value: 0 };
  pair.at = head.table({ 0: () => texts.key, 1: () => texts.value });
  texts.key = head.text(pair.key);
  texts.value = head.text(pair.value);
}

/** A field of text that may be null. */
function putField(head: Head, name: string): number {
  const places = { name: 0, type: 0, children: 0 };
  const field = head.table({
    0: () => places.name,
    1: 1,
    2: UTF8,
    3: () => places.type,
    5: () => places.children,
  });
  places.name = head.text(name);
  places.type = head.table({});
  places.children = head.vector([]);
  return field;
}
