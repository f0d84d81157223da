// Which libraries go into an executable for each platform that Bun and Deno make them for.
import process from "node:process";
import { isMusl } from "../tools.mjs";

/** The folder of lib/ by what `bun build --target=` or, after `deno-`, `deno compile --target=` takes. */
export const executables = {
  "bun-linux-x64": "x86_64-linux-gnu",
  "bun-linux-x64-musl": "x86_64-linux-musl",
  "bun-linux-arm64": "aarch64-linux-gnu",
  "bun-linux-arm64-musl": "aarch64-linux-musl",
  "bun-darwin-x64": "x86_64-macos",
  "bun-darwin-arm64": "aarch64-macos",
  "bun-windows-x64": "x86_64-windows-gnu",
  "bun-windows-arm64": "aarch64-windows-gnu",
  "deno-x86_64-unknown-linux-gnu": "x86_64-linux-gnu",
  "deno-aarch64-unknown-linux-gnu": "aarch64-linux-gnu",
  "deno-x86_64-apple-darwin": "x86_64-macos",
  "deno-aarch64-apple-darwin": "aarch64-macos",
  "deno-x86_64-pc-windows-msvc": "x86_64-windows-gnu",
};

export type Executable = keyof typeof executables;

/** Bun's name of this machine. */
export const hostExecutable = `bun-${
  process.platform === "win32" ? "windows" : process.platform
}-${process.arch}${isMusl() ? "-musl" : ""}`;

export function isExecutable(name: string): name is Executable {
  return Object.hasOwn(executables, name);
}
