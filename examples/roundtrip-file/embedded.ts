/** The libraries that a single-file executable holds: they must be real files to be opened. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { loadLibrary } from "../../mod.ts";

interface EmbeddedFile {
  name: string;
  bytes: Uint8Array;
}
interface Runtimes {
  Bun?: { embeddedFiles: readonly (Blob & { name?: string })[] };
  Deno?: { build: { standalone: boolean } };
}

/** In an executable, unpacks the libraries and loads them; else the module finds them by itself. */
export async function loadEmbeddedLibrary(): Promise<void> {
  if (process.env["MP3_AUGMENT_LIB"]) return; // another LAME, as its licence allows
  const files = await findLibraries();
  if (files.length === 0) return;
  const folder = mkdtempSync(join(tmpdir(), "roundtrip-file-")); // nobody else may write into it
  try {
    for (const { name, bytes } of files) writeFileSync(join(folder, name), bytes);
    loadLibrary({ path: folder });
  } finally {
    removeFolder(folder);
  }
}

async function findLibraries(): Promise<EmbeddedFile[]> {
  const { Bun, Deno } = globalThis as Runtimes;
  if (Bun) {
    return await Promise.all(Bun.embeddedFiles.map(async (file) => ({
      name: basename(file.name ?? ""),
      bytes: new Uint8Array(await file.arrayBuffer()),
    })));
  }
  if (!Deno?.build.standalone) return [];
  const lib = fileURLToPath(new URL("../../lib", import.meta.url));
  const [target = ""] = readdirSync(lib);
  return readdirSync(join(lib, target)).map((name) => ({
    name,
    bytes: readFileSync(join(lib, target, name)),
  }));
}

/** Open libraries stay usable without their files, but Windows doesn't let them go. */
function removeFolder(folder: string): void {
  try {
    rmSync(folder, { recursive: true });
  } catch {
    // It stays in the folder for temporary files.
  }
}
