/** How many files the system lets the process open. */
import { readdirSync, readFileSync } from "node:fs";

/** A file that is read and one that is written. */
const PER_UNIT = 2;
/** Modules that are loaded on the way, and what the runtime opens for itself. */
const RESERVE = 16;

/** How many sources may be worked on at once; Infinity where the system doesn't tell its limit. */
export function openFileBudget(): number {
  try {
    const limits = readFileSync("/proc/self/limits", "utf8");
    const limit = Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? Infinity);
    const open = readdirSync("/proc/self/fd").length;
    return Math.max(1, Math.floor((limit - open - RESERVE) / PER_UNIT));
  } catch {
    return Infinity; // not Linux
  }
}
