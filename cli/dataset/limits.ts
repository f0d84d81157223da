/** How many files the system lets the process open, and what that allows. */
import { readdirSync, readFileSync } from "node:fs";

/** A file that is read and one that is written. */
const PER_FILE = 2;
/** A thread's own (Deno's has 6, others fewer), modules that it loads, and its files. */
const PER_THREAD = 10;
/** Modules that are loaded on the way, and what the runtime opens for itself. */
const RESERVE = 16;

/** How many sources may be worked on at once; Infinity where the system doesn't tell its limit. */
export function allowedFiles(): number {
  return Math.max(1, Math.floor(openFileBudget() / PER_FILE));
}

/** How many threads may work, each on a source of its own. */
export function allowedThreads(): number {
  return Math.max(0, Math.floor(openFileBudget() / PER_THREAD));
}

function openFileBudget(): number {
  try {
    const limits = readFileSync("/proc/self/limits", "utf8");
    const limit = Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? Infinity);
    return limit - readdirSync("/proc/self/fd").length - RESERVE;
  } catch {
    return Infinity; // not Linux
  }
}
