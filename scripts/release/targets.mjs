// The eight targets of `zig build release`, and what the libraries of each must look like.
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

/** @param {string} cpu */
const linux = (cpu) => ({
  format: "ELF",
  cpu: cpu === "x86_64" ? "X86_64" : "AARCH64",
  lame: "libmp3lame.so.0",
  shim: "libmp3augment.so",
  lameName: "libmp3lame.so.0",
  shimName: "libmp3augment.so",
  searchPaths: ["$ORIGIN"],
});

/** @type {Target[]} */
export const targets = ["x86_64", "aarch64"].flatMap((cpu) => [
  {
    ...linux(cpu),
    name: `${cpu}-linux-gnu`,
    zig: `${cpu}-linux-gnu`,
    systemLibraries: /^(libc\.so\.6|libm\.so\.6|libpthread\.so\.0|libdl\.so\.2)$/,
  },
  {
    ...linux(cpu),
    name: `${cpu}-linux-musl`,
    zig: `${cpu}-linux-musl`,
    systemLibraries: /^libc\.so$/,
  },
  {
    name: `${cpu}-macos`,
    zig: `${cpu}-macos.11.0`,
    format: "Mach-O",
    cpu: cpu === "x86_64" ? "X86_64" : "ARM64",
    lame: "libmp3lame.0.dylib",
    shim: "libmp3augment.dylib",
    lameName: "@rpath/libmp3lame.0.dylib",
    shimName: "@rpath/libmp3augment.dylib",
    searchPaths: ["@loader_path"],
    systemLibraries: /^\/usr\/lib\/libSystem\.B\.dylib$/,
  },
  {
    name: `${cpu}-windows-gnu`,
    zig: `${cpu}-windows-gnu`,
    format: "PE",
    cpu: cpu === "x86_64" ? "AMD64" : "ARM64",
    lame: "mp3lame.dll",
    shim: "mp3augment.dll",
    lameName: "mp3lame.dll",
    shimName: "mp3augment.dll",
    searchPaths: [],
    systemLibraries: /^(KERNEL32\.dll|api-ms-win-crt-[a-z]+-l1-1-0\.dll)$/, // the second: Windows' C library
  },
]);

/**
 * Where a target's two files are.
 * @param {Target} target
 * @param {string} [folder] the repository, or a copy of it
 */
export function libraryPaths(target, folder = root) {
  const at = join(folder, "lib", target.name);
  return { lame: join(at, target.lame), shim: join(at, target.shim) };
}
