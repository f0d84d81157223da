import type { Completions, Platform, Runtime } from "./runtime.ts";
import { type CFunction, type CType, type Handle, type Native, SYMBOLS } from "./symbols.ts";

// The part of Deno that is used here, so that other compilers can check this file too.
type DenoType = "i32" | "u32" | "f32" | "buffer" | "pointer" | "void";
interface DenoFunction {
  parameters: DenoType[];
  result: DenoType;
  nonblocking: boolean;
}
interface DenoNamespace {
  build: { arch: string; os: string; env?: string; standalone: boolean };
  env: { get(name: string): string | undefined };
  permissions: { querySync(descriptor: { name: "env"; variable: string }): { state: string } };
  errors: { NotCapable: new () => Error; PermissionDenied: new () => Error };
  dlopen(path: string, symbols: Record<string, DenoFunction>): {
    symbols: Record<string, (...parameters: unknown[]) => unknown>;
  };
  UnsafePointerView: { getCString(pointer: unknown): string };
}

const DENO_TYPES: Record<CType, DenoType> = {
  i32: "i32",
  u32: "u32",
  f32: "f32",
  buffer: "buffer",
  handle: "pointer",
  callback: "pointer",
  string: "pointer",
  void: "void",
};

/** Deno's adapter, when this is Deno. */
export function deno(): Runtime | undefined {
  const namespace = (globalThis as { Deno?: DenoNamespace }).Deno;
  if (typeof namespace?.dlopen !== "function") return undefined;
  return {
    name: "Deno",
    embedsFiles: namespace.build.standalone,
    platform: () => platformOf(namespace),
    readEnvironment: (name) => readEnvironment(namespace, name),
    open: (lamePath, shimPath) => {
      namespace.dlopen(lamePath, {});
      return bind(namespace, shimPath);
    },
    permissionAdvice: (error, folder) =>
      error instanceof namespace.errors.NotCapable ||
        error instanceof namespace.errors.PermissionDenied
        ? `Deno needs the permission --allow-ffi=${folder}`
        : undefined,
    permissionsAdvice: (flags) => `The permissions that Deno needs for this: ${flags.join(" ")}`,
<<<<<<< HEAD
    createCompletions: createWaitingCompletions,
=======
    createCompletions,
>>>>>>> loader
  };
}

function platformOf(namespace: DenoNamespace): Platform | undefined {
  const { arch, os, env } = namespace.build;
  if (arch !== "x86_64" && arch !== "aarch64") return undefined;
  if (os === "linux") return { arch, os, libc: env === "musl" ? "musl" : "gnu" };
  if (os === "darwin") return { arch, os: "macos" };
  return os === "windows" ? { arch, os } : undefined;
}

/** Asks nobody: without the permission the variable counts as not set. */
function readEnvironment(namespace: DenoNamespace, name: string): string | undefined {
  const { state } = namespace.permissions.querySync({ name: "env", variable: name });
  return state === "granted" ? namespace.env.get(name) : undefined;
}

function bind(namespace: DenoNamespace, path: string): Native {
  const table: Record<string, DenoFunction> = {};
  for (const [name, symbol] of Object.entries<CFunction>(SYMBOLS)) {
    table[name] = {
      parameters: symbol.parameters.map((type) => DENO_TYPES[type]),
      result: DENO_TYPES[symbol.result],
      nonblocking: symbol.blocks ?? false,
    };
  }
  const { symbols } = namespace.dlopen(path, table);
  const message = symbols["mp3a_status_message"];
  return {
    ...symbols,
    mp3a_status_message: (status: number) =>
      namespace.UnsafePointerView.getCString(message?.(status)),
  } as unknown as Native;
}

/**
 * One call waits on a thread of the runtime's while jobs are under way: it keeps
 * the process alive, and is safe when the isolate ends before the job, which a
 * callback from a foreign thread would not be. Node does the same.
 */
export function createWaitingCompletions(
  native: Native,
  onFinished: (tag: number) => void,
): Completions | undefined {
  const created: Handle | null = native.mp3a_queue_create(null);
  if (created === null) return undefined;
  const queue = created;
  let pendingCount = 0;
  async function waitForAll(): Promise<void> {
    while (pendingCount > 0) {
      const tag = await native.mp3a_queue_wait(queue);
      pendingCount--;
      onFinished(tag);
    }
  }
  return {
    queue,
    expectOne: () => {
      if (pendingCount++ === 0) waitForAll();
    },
  };
}
