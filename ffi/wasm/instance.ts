/** One instance of the WebAssembly module: the only place where arrays are copied in and out. */
import { Mp3AugmentError } from "../errors.ts";
import { type ArrayParameter, arraysOf } from "../guard.ts";
import { type Buffer, type BufferType, type CFunction, SYMBOLS } from "../symbols.ts";

/** What the module exports beside the table's functions. */
const OWN_SYMBOLS = {
  mp3a_peak_bits: { parameters: ["floats", "count"], result: "u32" },
} as const satisfies Record<string, CFunction>;

interface Exports {
  readonly memory: WebAssembly.Memory;
  readonly [name: string]: unknown;
}

type View = Exclude<Buffer, null>;
type Call = (...parameters: unknown[]) => unknown;

/** Whatever class an array says it is of. */
const KINDS = {
  floats: Float32Array,
  pcm16: Int16Array,
  bytes: Uint8Array,
  options: Int32Array,
  stats: Int32Array,
  info: Int32Array,
  cell: Int32Array,
} as const;

/** Enough for the pieces that clips go through in; more is given back after the call. */
const KEPT_BYTES = 2 ** 20;
const ALIGNMENT = 16;

/** A pointer that C gave out, and the instance whose memory it points into. */
interface Place {
  readonly instance: Instance;
  readonly pointer: number;
}

/** The memory and the functions of one instance. */
export class Instance {
  readonly #exports: Exports;
  /** Where arrays are copied to, and how large that is. */
  #block = 0;
  #blockBytes = 0;

  constructor(module: WebAssembly.Module) {
    this.#exports = new WebAssembly.Instance(module).exports as unknown as Exports;
    (this.#exports["_initialize"] as () => void)();
  }

  /** How large its memory has grown. */
  get byteSize(): number {
    return this.#exports.memory.buffer.byteLength;
  }

  /** Calls a function with its arrays copied in, and copies out what it has written. */
  call(name: string, symbol: CFunction, arrays: readonly Crossing[], values: unknown[]): unknown {
    const spans: Span[] = [];
    let byteSize = 0;
    for (const array of arrays) {
      const view = values[array.index] as Buffer;
      if (view === null) continue;
      const count = array.countIndex < 0 ? array.length : values[array.countIndex] as number;
      spans.push({ array, view, count, offset: byteSize });
      byteSize += Math.ceil(count * array.Kind.BYTES_PER_ELEMENT / ALIGNMENT) * ALIGNMENT;
    }
    const block = this.#reserve(byteSize);
    for (const span of spans) {
      if (!span.array.isWritten || span.array.isFixed) this.#inside(span).set(front(span));
    }
    const numbers = values.map(toNumber);
    for (const { array, offset } of spans) numbers[array.index] = block + offset;
    const result = (this.#exports[name] as (...numbers: number[]) => number)(...numbers);
    const hasFailed = symbol.result === "i32" && result !== 0;
    for (const span of spans) {
      const isMade = span.array.isWritten && (span.array.isFixed || !hasFailed);
      if (isMade) front(span).set(this.#inside(span));
    }
    if (this.#blockBytes > KEPT_BYTES) this.#release();
    return this.#present(symbol, result);
  }

  /** Room for the arrays of one call. */
  #reserve(byteSize: number): number {
    if (byteSize <= this.#blockBytes) return this.#block;
    this.#release();
    this.#block = (this.#exports["malloc"] as (byteSize: number) => number)(byteSize) >>> 0;
    if (this.#block === 0) throw new Mp3AugmentError("OUT_OF_MEMORY", "memory ran out");
    this.#blockBytes = byteSize;
    return this.#block;
  }

  #release(): void {
    (this.#exports["free"] as (pointer: number) => void)(this.#block);
    this.#block = this.#blockBytes = 0;
  }

  /** The memory of an array inside; anew each time, as memory that has grown is another buffer. */
  #inside({ array, offset, count }: Span): View {
    return new array.Kind(this.#exports.memory.buffer as ArrayBuffer, this.#block + offset, count);
  }

  #present({ result: type }: CFunction, result: number): unknown {
    if (type === "u32") return result >>> 0;
    if (type === "string") return this.#readString(result >>> 0);
    if (type !== "handle") return result;
    return result === 0 ? null : { instance: this, pointer: result >>> 0 } satisfies Place;
  }

  #readString(pointer: number): string {
    const bytes = new Uint8Array(this.#exports.memory.buffer, pointer);
    return new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)));
  }
}

/** An array that crosses: of what kind, and which way. */
interface Crossing extends ArrayParameter {
  readonly Kind: (typeof KINDS)[BufferType];
  readonly isWritten: boolean;
  /** A struct or a number, which C may leave as it is. */
  readonly isFixed: boolean;
}

/** An array of one call: `count` elements at `offset` of the block. */
interface Span {
  readonly array: Crossing;
  readonly view: View;
  readonly count: number;
  readonly offset: number;
}

/** The elements that cross. */
function front({ view, count }: Span): View {
  return view.length === count ? view : view.subarray(0, count);
}

function toNumber(value: unknown): number {
  if (typeof value === "number") return value;
  return (value as Place | null)?.pointer ?? 0;
}

/**
 * The functions of the table, and the module's own, by name. A function with a handle runs in the
 * instance that the handle came from, any other in the `current` one.
 */
export function bindCalls(current: () => Instance): Record<string, Call> {
  const symbols = Object.entries<CFunction>({ ...SYMBOLS, ...OWN_SYMBOLS });
  const calls = symbols.map(([name, symbol]): [string, Call] => {
    const arrays = arraysOf(symbol).map((array) => ({
      ...array,
      Kind: KINDS[symbol.parameters[array.index] as BufferType],
      isWritten: symbol.writes?.includes(array.index) ?? false,
      isFixed: array.countIndex < 0,
    }));
    const handle = symbol.parameters.indexOf("handle");
    return [name, (...values) => {
      const place = values[handle] as Place | undefined;
      return (place?.instance ?? current()).call(name, symbol, arrays, values);
    }];
  });
  return Object.fromEntries(calls);
}
