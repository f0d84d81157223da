import { createWaitingCompletions } from "./completions.ts";
import type { Needs, Platform, Runtime } from "./runtime.ts";
import { type CFunction, type CType, type Native, SYMBOLS } from "./symbols.ts";

// The part of Deno that is used here, so that other compilers can check this file too.
type DenoType = "i32" | "u32" | "f32" | "f64" | "buffer" | "pointer" | "void";
interface DenoFunction {
  parameters: DenoType[];
  result: DenoType;
  nonblocking: boolean;
}
interface DenoNamespace {
  build: { arch: string; os: string; env?: string; standalone: boolean };
  env: { get(name: string): string | undefined };
  permissions: { querySync(descriptor: { name: keyof typeof SUBJECTS }): { state: string } };
  dlopen(path: string, symbols: Record<string, DenoFunction>): {
    symbols: Record<string, (...parameters: unknown[]) => unknown>;
  };
  UnsafePointerView: { getCString(pointer: unknown): string };
}

const DENO_TYPES: Record<CType, DenoType> = {
  i32: "i32",
  u32: "u32",
  f32: "f32",
  f64: "f64",
  count: "u32",
  floats: "buffer",
  pcm16: "buffer",
  bytes: "buffer",
  options: "buffer",
  stats: "buffer",
  info: "buffer",
  cell: "buffer",
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
    mayRead: (path) => isGranted(namespace, "read", path),
    open: (lamePath, shimPath) => {
      namespace.dlopen(lamePath, {});
      return bind(namespace, shimPath);
    },
    advice: (_error, needs) => adviseMissing(namespace, needs),
    createCompletions: createWaitingCompletions,
  };
}

function platformOf(namespace: DenoNamespace): Platform | undefined {
  const { arch, os, env } = namespace.build;
  if (arch !== "x86_64" && arch !== "aarch64") return undefined;
  if (os === "linux") return { arch, os, libc: env === "musl" ? "musl" : "gnu" };
  if (os === "darwin") return { arch, os: "macos" };
  return os === "windows" ? { arch, os } : undefined;
}

/** What each permission is about, as Deno calls it. */
const SUBJECTS = {
  net: "host",
  read: "path",
  write: "path",
  ffi: "path",
  env: "variable",
} as const;

/** Whether a permission is there; asks nobody. */
function isGranted(
  { permissions }: DenoNamespace,
  name: keyof typeof SUBJECTS,
  value: string,
): boolean {
  return permissions.querySync({ name, [SUBJECTS[name]]: value }).state === "granted";
}

/** Without the permission the variable counts as not set. */
function readEnvironment(namespace: DenoNamespace, name: string): string | undefined {
  return isGranted(namespace, "env", name) ? namespace.env.get(name) : undefined;
}

function adviseMissing(namespace: DenoNamespace, needs: Needs): string | undefined {
  const names = Object.keys(needs) as (keyof Needs)[];
  const missing = names.filter((name) =>
    !needs[name]?.every((value) => isGranted(namespace, name, value))
  );
  const flags = missing.map((name) => `--allow-${name}=${needs[name]?.join(",")}`);
  return flags.length > 0 ? `Deno needs ${flags.join(" ")}` : undefined;
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
