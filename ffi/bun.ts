import { createPollingCompletions } from "./completions.ts";
import { type HostProcess, platformOf } from "./host.ts";
import type { Completions, Runtime } from "./runtime.ts";
import { type CFunction, type CType, type Handle, type Native, SYMBOLS } from "./symbols.ts";

// The part of bun:ffi and node:* that is used here, so that other compilers can check this file too.
interface BunFfi {
  dlopen(path: string, symbols: Record<string, { args: string[]; returns: string }>): {
    symbols: Record<string, (...parameters: unknown[]) => unknown>;
  };
  JSCallback: new (
    callback: () => void,
    definition: { args: []; returns: "void"; threadsafe: true },
  ) => { ptr: Handle | null };
  toArrayBuffer(
    memory: Handle,
    byteOffset: number,
    byteLength: number,
    context: null,
    release: Handle,
  ): ArrayBuffer;
}

const BUN_TYPES: Record<CType, string> = {
  i32: "i32",
  u32: "u32",
  f32: "f32",
  f64: "f64",
  count: "u32",
  floats: "ptr",
  pcm16: "ptr",
  bytes: "ptr",
  options: "ptr",
  stats: "ptr",
  info: "ptr",
  cell: "ptr",
  handle: "ptr",
  callback: "ptr",
  string: "cstring",
  void: "void",
};

/** Bun's adapter, when this is Bun. */
export function bun(): Runtime | undefined {
  const { Bun, process } = globalThis as {
    Bun?: { isMainThread: boolean };
    process?: HostProcess;
  };
  if (Bun === undefined || process === undefined) return undefined;
  // A static import of bun:ffi would stop every other runtime.
  const require = (import.meta as { require?: (name: string) => unknown }).require;
  const ffi = require?.("bun:ffi") as BunFfi | undefined;
  if (ffi === undefined) return undefined;
  return {
    name: "Bun",
    // Where an executable's files appear, on Windows and elsewhere.
    embedsFiles: /^file:\/\/\/(?:B:\/~BUN|\$bunfs)\//i.test(import.meta.url),
    platform: () => platformOf(process),
    readEnvironment: (name) => process.env[name],
    mayRead: () => true,
    open: (lamePath, shimPath) => {
      // It stays loaded as long as the process: nothing closes it. Bun wants a symbol.
      ffi.dlopen(lamePath, { get_lame_version: { args: [], returns: "cstring" } });
      return bind(ffi, shimPath);
    },
    advice: () => undefined,
    createCompletions: (native, onFinished) =>
      createCompletions(ffi, Bun.isMainThread, native, onFinished),
    allocate: allocator(ffi),
  };
}

function bind(ffi: BunFfi, path: string): Native {
  const table: Record<string, { args: string[]; returns: string }> = {};
  for (const [name, symbol] of Object.entries<CFunction>(SYMBOLS)) {
    table[name] = {
      args: symbol.parameters.map((type) => BUN_TYPES[type]),
      returns: BUN_TYPES[symbol.result],
    };
  }
  const { symbols } = ffi.dlopen(path, table);
  const message = symbols["mp3a_status_message"];
  return {
    ...symbols,
    mp3a_status_message: (status: number) => String(message?.(status)),
  } as unknown as Native;
}

/** Where pages that the system has to find and clear cost more than an array of foreign memory. */
const LEAST_ADOPTED_BYTES = 16384;
/** More than C counts, or keeps. */
const MOST_ADOPTED_BYTES = 0x1fffffff;

/**
 * Bun gives freed memory back to the system at once, so that each new result is found, cleared and
 * mapped anew: a fifth of a batch's CPU time. The library keeps it instead.
 */
function allocator(ffi: BunFfi): NonNullable<Runtime["allocate"]> {
  let release: Handle | null | undefined;
  return (native, byteLength) => {
    if (byteLength < LEAST_ADOPTED_BYTES || byteLength > MOST_ADOPTED_BYTES) return undefined;
    release ??= native.mp3a_memory_release();
    const memory = release && native.mp3a_memory_take(byteLength);
    return memory && release ? ffi.toArrayBuffer(memory, 0, byteLength, null, release) : undefined;
  };
}

/**
 * The library calls back. In a worker a timer looks instead: a callback into a worker that was
 * terminated would crash the process.
 */
function createCompletions(
  ffi: BunFfi,
  isMainThread: boolean,
  native: Native,
  onFinished: (tag: number) => void,
): Completions | undefined {
  if (!isMainThread) return createPollingCompletions(native, onFinished);
  return createPollingCompletions(
    native,
    onFinished,
    (drain) => new ffi.JSCallback(drain, { args: [], returns: "void", threadsafe: true }).ptr,
  );
}
