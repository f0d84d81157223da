/** What a command says: results on standard output, all else on standard error. */
import process from "node:process";
import { printable } from "./errors.ts";

/** Terminals' codes for what a line begins with. */
const COLORS = { error: 31, warning: 33 } as const;

/** Whether standard error shows colours: NO_COLOR forbids, FORCE_COLOR wants them, a terminal has them. */
function hasColors(): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  if (NO_COLOR) return false;
  if (FORCE_COLOR) return !["0", "false"].includes(FORCE_COLOR);
  return process.stderr.isTTY === true && TERM !== "dumb";
}

/** With "error:" and "warning:" in colours, where they are shown. */
export function painted(line: string): string {
  if (!hasColors()) return line;
  return line.replace(
    /^(error|warning):/,
    (word, kind: keyof typeof COLORS) => `\x1b[1;${COLORS[kind]}m${word}\x1b[0m`,
  );
}

/** A line for people. */
export function warn(line: string): void {
  process.stderr.write(`${painted(printable(line))}\n`);
}

/** A result for programs; on standard error where standard output has the data. */
export function tellResult(result: unknown, isOutputTaken = false): void {
  (isOutputTaken ? process.stderr : process.stdout).write(`${JSON.stringify(result)}\n`);
}
