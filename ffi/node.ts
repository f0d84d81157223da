import { createWaitingCompletions } from "./completions.ts";
import { type HostProcess, platformOf } from "./host.ts";
import type { Runtime } from "./runtime.ts";
import { type CFunction, type CType, type Native, SYMBOLS } from "./symbols.ts";

// The part of koffi and node:* that is used here: koffi is optional, and so are its types.
interface KoffiFunction {
  (...parameters: unknown[]): unknown;
  async(...parametersAndCallback: unknown[]): void;
}
interface Koffi {
  load(path: string): {
    func(name: string, result: string, parameters: string[]): KoffiFunction;
  };
}
interface NodeProcess extends HostProcess {
  getBuiltinModule(name: "node:fs"): { readFileSync(path: string, encoding: "utf8"): string };
  getBuiltinModule(name: "node:module"): { createRequire(url: string): (name: string) => unknown };
}

/** koffi passes a typed array as the address of its memory where a `void *` is wanted. */
const KOFFI_TYPES: Record<CType, string> = {
  i32: "int32_t",
  u32: "uint32_t",
  f32: "float",
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

/** Node's adapter, by the package koffi. To be asked last: other runtimes call themselves Node, too. */
export function node(): Runtime | undefined {
  const { process } = globalThis as { process?: NodeProcess & { versions?: { node?: string } } };
  if (process?.versions?.node === undefined) return undefined;
  return {
    name: "Node.js",
    platform: () => platformOf(process),
    readEnvironment: (name) => process.env[name],
    mayRead: () => true,
    embedsFiles: false,
    open: (lamePath, shimPath) => {
      // A static import of koffi would stop every other runtime, and Node without it.
      const require = process.getBuiltinModule("node:module").createRequire(import.meta.url);
      const koffi = require("koffi") as Koffi;
      koffi.load(lamePath);
      return bind(koffi, shimPath);
    },
    advice: (error) =>
      (error as { code?: unknown } | undefined)?.code === "MODULE_NOT_FOUND"
        ? 'on Node.js the package koffi opens them: install it by "npm install koffi"'
        : undefined,
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
