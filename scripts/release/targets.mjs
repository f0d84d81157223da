// The targets of `zig build release`, and what the libraries of each must look like.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

// Not by tools.mjs, which needs more permissions than the tests have that import this.
const root = fileURLToPath(new URL("../..", import.meta.url));

/** Both libraries of a target together. */
export const MAX_BYTE_SIZE = 600_000;

/**
 * @typedef {object} Target
 * @property {string} name its folder in lib/
 * @property {string} zig what `zig build -Dtarget=` takes
 * @property {string} format
 * @property {string} cpu as LIEF has it
 * @property {string} lame file names
 * @property {string} shim
 * @property {string} lameName SONAME, install name or DLL name
 * @property {string} shimName
 * @property {string[]} searchPaths of the shim
 * @property {RegExp} systemLibraries all that may be needed besides each other
 */

const linux = {
  format: "ELF",
  lame: "libmp3lame.so.0",
  shim: "libmp3augment.so",
  lameName: "libmp3lame.so.0",
  shimName: "libmp3augment.so",
  searchPaths: ["$ORIGIN"],
};

/** By a target's name without its CPU. */
const systems = {
  "linux-gnu": {
    ...linux,
    systemLibraries: /^(libc\.so\.6|libm\.so\.6|libpthread\.so\.0|libdl\.so\.2)$/,
  },
  "linux-musl": { ...linux, systemLibraries: /^libc\.so$/ },
  "macos": {
    format: "Mach-O",
    lame: "libmp3lame.0.dylib",
    shim: "libmp3augment.dylib",
    lameName: "@rpath/libmp3lame.0.dylib",
    shimName: "@rpath/libmp3augment.dylib",
    searchPaths: ["@loader_path"],
    systemLibraries: /^\/usr\/lib\/libSystem\.B\.dylib$/,
  },
  "windows-gnu": {
    format: "PE",
    lame: "mp3lame.dll",
    shim: "mp3augment.dll",
    lameName: "mp3lame.dll",
    shimName: "mp3augment.dll",
    searchPaths: [],
    systemLibraries: /^(KERNEL32\.dll|api-ms-win-crt-[a-z]+-l1-1-0\.dll)$/, // the second: Windows' C library
  },
};

/** LIEF's names for `x86_64` and `aarch64`, by its formats. */
const cpus = {
  ELF: { x86_64: "X86_64", aarch64: "AARCH64" },
  "Mach-O": { x86_64: "X86_64", aarch64: "ARM64" },
  PE: { x86_64: "AMD64", aarch64: "ARM64" },
};

/**
 * @param {string} zig
 * @returns {Target}
 */
function describe(zig) {
  const [, name = "", cpu, key] = /^((x86_64|aarch64)-([a-z-]+))(?:\.[\d.]+)?$/.exec(zig) ?? [];
  const system = systems[/** @type {keyof typeof systems} */ (key)];
  const names = cpus[/** @type {keyof typeof cpus} */ (system?.format)];
  if (!system || !names) throw new Error(`zig/targets.json: ${zig} is not known here`);
  return { ...system, name, zig, cpu: names[/** @type {"x86_64" | "aarch64"} */ (cpu)] };
}

/** @type {string[]} */
const zigTargets = JSON.parse(readFileSync(join(root, "zig", "targets.json"), "utf8"));

export const targets = zigTargets.map(describe);

/**
 * Where a target's two files are.
 * @param {Target} target
 * @param {string} [folder] the repository, or a copy of it
 */
export function libraryPaths(target, folder = root) {
  const at = join(folder, "lib", target.name);
  return { lame: join(at, target.lame), shim: join(at, target.shim) };
}
