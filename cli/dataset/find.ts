/** What folders hold. */
import type { Dirent } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { KIND_WORDS } from "../errors.ts";
import { look } from "../paths.ts";

/** What becomes of what is found below a folder; all paths are relative to it, with "/". */
export interface Finder {
  isWanted(name: string): boolean;
  /** What a file that is not wanted is counted as; undefined for what needs no word. */
  skippedAs(name: string): string | undefined;
  onSkipped(path: string, as: string): void;
  /** A folder, or a file whose name can't be given to the system. */
  onUnreadable(path: string, error: unknown): void;
}

/**
 * The wanted files below a folder, as sorted paths. Links to files count; links to folders could lead
 * in circles, and pipes have no end: these are skipped. Hidden files and folders are left out.
 */
export async function listFiles(folder: string, finder: Finder): Promise<string[]> {
  const found: string[] = [];
  const waiting = [""];
  const unreadable = (path: string, error: unknown) => {
    if (path === "") throw error;
    finder.onUnreadable(`${path}/`, error);
    return [];
  };
  for (let below = waiting.pop(); below !== undefined; below = waiting.pop()) {
    const listed = readdir(join(folder, below), { withFileTypes: true });
    for (const entry of await listed.catch((error) => unreadable(below as string, error))) {
      // Joined so they are one string; "+" would keep both parts as well until it is read.
      const path = below === "" ? entry.name : [below, entry.name].join("/");
      if (entry.name.startsWith(".")) continue;
      if (entry.isDirectory()) waiting.push(path);
      else if (await isSource(entry, join(folder, path), path, finder)) found.push(path);
    }
  }
  return found.sort();
}

const NOT_UTF8 = "its name is not UTF-8, so that it can't be opened: rename it";

async function isSource(entry: Dirent, full: string, path: string, finder: Finder) {
  const { name } = entry;
  const isWanted = finder.isWanted(name);
  const as = isWanted ? undefined : finder.skippedAs(name);
  // Where a name is no UTF-8 the runtimes give another one, by which nothing is found.
  if (
    isWanted && name.includes("\ufffd") && await look(full).catch(() => undefined) === undefined
  ) {
    finder.onUnreadable(path, new Error(NOT_UTF8));
    return false;
  }
  const kind = entry.isFile() ? "file" : await kindOf(entry, full);
  if (kind === "file" && isWanted) return true;
  if (kind === "folder") finder.onSkipped(path, "linked folder");
  else if (kind !== "file" && isWanted) {
    finder.onSkipped(path, KIND_WORDS[kind].slice("it is a ".length));
  } else if (as !== undefined) finder.onSkipped(path, as);
  return false;
}

/** A link that leads nowhere is taken for a bad file. */
async function kindOf(entry: Dirent, path: string) {
  const found = await look(path).catch(() => undefined);
  return found?.kind ?? (entry.isSymbolicLink() ? "file" : "device");
}
