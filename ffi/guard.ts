/**
 * The last look at memory before it crosses: all calls pass here. Whatever ran since an array was
 * checked (a getter, a proxy, a writer that waited) may have shrunk or transferred its buffer.
 */
import { Mp3AugmentError } from "./errors.ts";
import { type Buffer, BUFFER_LENGTHS, type CFunction, type Native, SYMBOLS } from "./symbols.ts";

type Call = (...parameters: unknown[]) => unknown;

// The built-in getter: 0 where the memory is gone, whatever class the view is of.
const lengthOf = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Float32Array.prototype),
  "length",
)?.get as (this: unknown) => number;

/** Throws where a view has no longer so many elements. */
export function checkLength(view: Buffer, needed: number): void {
  const length = lengthOf.call(view);
  if (length >= needed) return;
  throw new Mp3AugmentError(
    "INVALID_AUDIO",
    `an array of this call has ${length} elements instead of ${needed}: its buffer was resized or ` +
      `transferred meanwhile; leave it alone until the call has ended`,
  );
}

/** An array among a function's parameters, and how long it must be. */
export interface ArrayParameter {
  readonly index: number;
  /** The parameter that counts the elements; else `length` of them are needed. */
  readonly countIndex: number;
  readonly length: number;
}

/** The arrays among a function's parameters. */
export function arraysOf({ parameters }: CFunction): ArrayParameter[] {
  return parameters.flatMap((type, index) => {
    if (!(type in BUFFER_LENGTHS)) return [];
    const length = BUFFER_LENGTHS[type as keyof typeof BUFFER_LENGTHS];
    const countIndex = length === undefined ? parameters.indexOf("count", index) : -1;
    return [{ index, countIndex, length: length ?? 0 }];
  });
}

function guardCall(call: Call, arrays: readonly ArrayParameter[]): Call {
  return (...parameters) => {
    for (const { index, countIndex, length } of arrays) {
      const view = parameters[index] as Buffer;
      if (view !== null) {
        checkLength(view, countIndex < 0 ? length : parameters[countIndex] as number);
      }
    }
    return call(...parameters);
  };
}

/** The library's functions, each of which looks at its arrays first. */
export function guard(native: Native): Native {
  const calls = native as unknown as Record<string, Call>;
  const guarded = Object.entries<CFunction>(SYMBOLS).map(([name, symbol]) => {
    const call = calls[name] as Call;
    const arrays = arraysOf(symbol);
    return [name, arrays.length > 0 ? guardCall(call, arrays) : call];
  });
  return Object.fromEntries(guarded) as Native;
}
