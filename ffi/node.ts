import { type HostProcess, platformOf } from "./host.ts";
import { bindByKoffi, type Koffi } from "./koffi.ts";
import { bindByNodeFfi, type NodeFfi } from "./node-ffi.ts";
import type { Binding, Runtime } from "./runtime.ts";

// The part of node:* that is used here.
interface NodeProcess extends HostProcess {
  /** Where --permission is given. */
  permission?: { has(scope: string, reference: string): boolean };
  getBuiltinModule(name: "node:fs"): { readFileSync(path: string, encoding: "utf8"): string };
  getBuiltinModule(name: "node:ffi"): NodeFfi | undefined;
  getBuiltinModule(name: "node:module"): { createRequire(url: string): (name: string) => unknown };
}

/** Node's adapter. To be asked last: other runtimes call themselves Node, too. */
export function node(): Runtime | undefined {
  const { process } = globalThis as { process?: NodeProcess & { versions?: { node?: string } } };
  if (process?.versions?.node === undefined) return undefined;
  let binding: Binding | undefined;
  const bound = () => binding ??= findBinding(process);
  return {
    name: "Node.js",
    platform: () => platformOf(process),
    readEnvironment: (name) => process.env[name],
    mayRead: (path) => process.permission?.has("fs.read", path) ?? true,
    embedsFiles: false,
    open: (lamePath, shimPath) => bound().open(lamePath, shimPath),
    advice: (error) => ADVICE[(error as { code?: string } | undefined)?.code ?? ""],
    createCompletions: (native, onFinished) => bound().createCompletions(native, onFinished),
  };
}

const ADVICE: Readonly<Record<string, string>> = {
  MODULE_NOT_FOUND: "Node.js opens them itself from 26.9 on; before, the package koffi does: " +
    'install it by "npm install koffi"',
  ERR_ACCESS_DENIED: "under --permission Node.js needs --allow-ffi",
  ERR_DLOPEN_DISABLED: "under --permission Node.js needs --allow-addons for the package koffi",
};

/** node:ffi where this Node has it, else koffi. */
function findBinding(process: NodeProcess): Binding {
  const ffi = process.getBuiltinModule("node:ffi");
  if (ffi !== undefined) return bindByNodeFfi(ffi);
  // A static import of koffi would stop every other runtime, and Node without it.
  const require = process.getBuiltinModule("node:module").createRequire(import.meta.url);
  return bindByKoffi(require("koffi") as Koffi);
}
