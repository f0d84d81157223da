/** What a command says: results on standard output, all else on standard error. */
import process from "node:process";
import { printable } from "./errors.ts";

/** A line for people. */
export function warn(line: string): void {
  process.stderr.write(`${printable(line)}\n`);
}

/** A result for programs; on standard error where standard output has the data. */
export function tellResult(result: unknown, isOutputTaken = false): void {
  (isOutputTaken ? process.stderr : process.stdout).write(`${JSON.stringify(result)}\n`);
}
