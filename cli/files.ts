/** Files that are there whole or not at all, and what folders hold. */
import { createHash } from "node:crypto";
import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import process from "node:process";

/** Where a file grows until it is complete: beside its place, so that a rename suffices. */
export function partialPath(path: string): string {
  return join(dirname(path), `.${basename(path)}.partial`);
}

const madeFolders = new Set<string>();

/** Makes the folder of a file, once. */
export async function makeFolderOf(path: string): Promise<void> {
  const folder = dirname(path);
  if (madeFolders.has(folder)) return;
  await mkdir(folder, { recursive: true });
  madeFolders.add(folder);
}

/** Writes a file at once: whoever looks sees the old one or the new one. */
export async function writeAtomically(path: string, pieces: readonly Uint8Array[]): Promise<void> {
  await makeFolderOf(path);
  const partial = partialPath(path);
  try {
    const file = await open(partial, "w");
    try {
      for (const piece of pieces) await writeAll(file, piece);
    } finally {
      await file.close();
    }
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

/** Writes all bytes of a piece: a write may stop short. */
export async function writeAll(
  file: Awaited<ReturnType<typeof open>>,
  bytes: Uint8Array,
): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    at += (await file.write(bytes, at, bytes.length - at)).bytesWritten;
  }
}

/** Writes a file atomically, or to standard output for "-". */
export async function writeOutput(path: string, pieces: readonly Uint8Array[]): Promise<void> {
  if (path !== "-") return await writeAtomically(path, pieces);
  for (const piece of pieces) {
    await new Promise<void>((resolve, reject) =>
      process.stdout.write(piece, (error) => error ? reject(error) : resolve())
    );
  }
}

/** The hash of bytes, in hexadecimal. */
export function sha256(pieces: readonly (Uint8Array | string)[]): string {
  const hash = createHash("sha256");
  for (const piece of pieces) hash.update(piece);
  return hash.digest("hex");
}

/** A file's size, or undefined if there is none. */
export async function byteSizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch {
    return undefined;
  }
}

/**
 * The files below a folder, as sorted relative paths with "/". Links to files count, links to folders
 * don't: they could lead in circles. Hidden files and folders are left out.
 */
export async function listFiles(
  folder: string,
  isWanted: (name: string) => boolean,
): Promise<string[]> {
  const found: string[] = [];
  const waiting = [""];
  for (let below = waiting.pop(); below !== undefined; below = waiting.pop()) {
    for (const entry of await readdir(join(folder, below), { withFileTypes: true })) {
      const path = below === "" ? entry.name : `${below}/${entry.name}`;
      if (entry.name.startsWith(".")) continue;
      if (entry.isDirectory()) waiting.push(path);
      else if (isWanted(entry.name) && await isFile(entry, join(folder, path))) found.push(path);
    }
  }
  return found.sort();
}

async function isFile(
  entry: { isFile(): boolean; isSymbolicLink(): boolean },
  path: string,
): Promise<boolean> {
  if (entry.isFile()) return true;
  if (!entry.isSymbolicLink()) return false;
  return await stat(path).then((target) => target.isFile(), () => true); // a dead link is a bad file
}
