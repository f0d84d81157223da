import { join } from "node:path";
import { loadLibrary } from "../../mod.ts";

/**
 * In an executable of Bun's, tells the module which of the files inside are the libraries; else it
 * finds them by itself, also in an executable of Deno's.
 */
export function loadEmbeddedLibrary(): void {
  const { Bun } = globalThis as { Bun?: { embeddedFiles: readonly (Blob & { name?: string })[] } };
  const names = Bun?.embeddedFiles.map((file) => file.name ?? "") ?? [];
  const [lame, shim] = ["mp3lame", "mp3augment"].map((part) =>
    names.find((name) => name.includes(part))
  );
  if (lame === undefined || shim === undefined) return;
  const folder = import.meta.dirname ?? "";
  loadLibrary({ embedded: { lame: join(folder, lame), shim: join(folder, shim) } });
}
