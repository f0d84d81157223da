/** Node's libraries by the package koffi, which is optional, and so are its types. */
import { createWaitingCompletions } from "./completions.ts";
import type { Binding } from "./runtime.ts";
import { type CFunction, type CType, type Native, SYMBOLS } from "./symbols.ts";

interface KoffiFunction {
  (...parameters: unknown[]): unknown;
  async(...parametersAndCallback: unknown[]): void;
}

/** The part of koffi that is used here. */
export interface Koffi {
  load(path: string): {
    func(name: string, result: string, parameters: string[]): KoffiFunction;
  };
}

/** koffi passes a typed array as the address of its memory where a `void *` is wanted. */
const KOFFI_TYPES: Record<CType, string> = {
  i32: "int32_t",
  u32: "uint32_t",
  f32: "float",
  f64: "double",
  count: "uint32_t",
  floats: "void *",
  pcm16: "void *",
  bytes: "void *",
  options: "void *",
  stats: "void *",
  info: "void *",
  cell: "void *",
  handle: "void *",
  callback: "void *",
  string: "str",
  void: "void",
};

/** A way to open libraries, by koffi. */
export function bindByKoffi(koffi: Koffi): Binding {
  return {
    open: (lamePath, shimPath) => {
      koffi.load(lamePath);
      return bind(koffi, shimPath);
    },
    createCompletions: createWaitingCompletions,
  };
}

function bind(koffi: Koffi, path: string): Native {
  const library = koffi.load(path);
  const functions = Object.entries<CFunction>(SYMBOLS).map(([name, symbol]) => {
    const parameters = symbol.parameters.map((type) => KOFFI_TYPES[type]);
    const call = library.func(name, KOFFI_TYPES[symbol.result], parameters);
    return [name, symbol.blocks ? onAnotherThread(call) : call];
  });
  return Object.fromEntries(functions) as Native;
}

function onAnotherThread(call: KoffiFunction): (...parameters: unknown[]) => Promise<unknown> {
  return (...parameters) =>
    new Promise((resolve, reject) => {
      call.async(
        ...parameters,
        (error: unknown, result: unknown) => error ? reject(error) : resolve(result),
      );
    });
}
