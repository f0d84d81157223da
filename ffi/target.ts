import type { Platform } from "./runtime.ts";

/** `lib/<name>/`, as `build.zig` names it. */
export function targetName({ arch, os, libc }: Platform): string {
  if (os === "linux") return `${arch}-linux-${libc}`;
  return os === "macos" ? `${arch}-macos` : `${arch}-windows-gnu`;
}

/** The two libraries, as something of each: a file's name, its path, its bytes. */
export interface Pair<T> {
  readonly lame: T;
  readonly shim: T;
}

/** The path of a `file:` URL. (node:url would add a third to Deno's first call.) */
export function filePath({ host, pathname }: URL, { os }: Platform): string {
  const path = decodeURIComponent(pathname);
  if (os !== "windows") return path;
  return host ? `//${host}${path}` : path.slice(1); // C:/folder, which Windows takes as well
}

/** What a platform's library files are called. */
export function fileNames({ os }: Platform): Pair<string> {
  if (os === "windows") return { lame: "mp3lame.dll", shim: "mp3augment.dll" };
  if (os === "macos") return { lame: "libmp3lame.0.dylib", shim: "libmp3augment.dylib" };
  return { lame: "libmp3lame.so.0", shim: "libmp3augment.so" };
}
