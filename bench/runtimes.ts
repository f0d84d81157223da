// How the runtimes are started that a measurement compares.
import { needTool } from "../scripts/tools.mjs";

/** A runtime that runs a script: the command and its arguments. */
type Start = (script: string, args?: readonly string[]) => [command: string, args: string[]];

export const runtimes: Record<string, Start> = {
  Deno: (script, args = []) => [
    needTool("deno"),
    ["run", "--allow-all", "--no-check", "--quiet", script, ...args],
  ],
  Bun: (script, args = []) => [needTool("bun"), ["run", script, ...args]],
};
