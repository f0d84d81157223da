/** Node's libraries by its own node:ffi, which calls on this thread only. */
import { createPollingCompletions } from "./completions.ts";
import type { Binding } from "./runtime.ts";
import { type CFunction, type CType, type Native, SYMBOLS } from "./symbols.ts";

type NodeFfiFunction = (...parameters: unknown[]) => unknown;

/** The part of node:ffi that is used here. */
export interface NodeFfi {
  dlopen(path: string, symbols: Record<string, { arguments: string[]; return: string }>): {
    functions: Record<string, NodeFfiFunction>;
  };
  toString(pointer: bigint): string;
}

/** A typed array crosses as the address of its memory, a pointer as a bigint. */
const NODE_FFI_TYPES: Record<CType, string> = {
  i32: "int32",
  u32: "uint32",
  f32: "float32",
  f64: "float64",
  count: "uint32",
  floats: "pointer",
  pcm16: "pointer",
  bytes: "pointer",
  options: "pointer",
  stats: "pointer",
  info: "pointer",
  cell: "pointer",
  handle: "pointer",
  callback: "pointer",
  string: "pointer",
  void: "void",
};

/** A way to open libraries, by node:ffi. */
export function bindByNodeFfi(ffi: NodeFfi): Binding {
  return {
    open: (lamePath, shimPath) => {
      ffi.dlopen(lamePath, {}); // it stays loaded as long as the process: nothing closes it
      return bind(ffi, shimPath);
    },
    createCompletions: createPollingCompletions,
  };
}

function bind(ffi: NodeFfi, path: string): Native {
  const symbols = Object.entries<CFunction>(SYMBOLS);
  const table = symbols.map(([name, { parameters, result }]) => [name, {
    arguments: parameters.map((type) => NODE_FFI_TYPES[type]),
    return: NODE_FFI_TYPES[result],
  }]);
  const { functions } = ffi.dlopen(path, Object.fromEntries(table));
  const calls = symbols.map(([name, { result }]) => {
    const call = functions[name] as NodeFfiFunction;
    if (result === "string") {
      return [name, (...parameters: unknown[]) => ffi.toString(call(...parameters) as bigint)];
    }
    if (result !== "handle") return [name, call];
    // A null pointer is 0n here.
    return [name, (...parameters: unknown[]) => call(...parameters) || null];
  });
  return Object.fromEntries(calls) as Native;
}
