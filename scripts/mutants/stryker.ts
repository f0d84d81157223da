// Mutants of the TypeScript by StrykerJS, which compiles all of them into one copy of the project.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { folder, PROCESSES } from "./c-build.ts";
import type { Drawn, Result } from "./results.ts";
import { Failure, findOnPath, needTool, root, run } from "../tools.mjs";

/** What Stryker says of a file, of its report's schema. */
interface FileReport {
  source: string;
  mutants: {
    id: string;
    mutatorName: string;
    replacement?: string;
    status: string;
    location: { start: Position; end: Position };
  }[];
}

interface Position {
  line: number;
  column: number;
}

const home = join(root, "scripts", "mutants", "stryker");
const stryker = join(home, "node_modules", "@stryker-mutator", "core", "bin", "stryker.js");
/** What no spec needs, and what is large. */
const LEFT_BEHIND = [
  ".zig-cache",
  "zig-out",
  "third_party",
  "dist",
  "docs",
  "bench",
  "demo",
  "scripts/mutants/stryker/node_modules",
];

/** Judges the drawn mutants of these files of TypeScript. */
export async function judgeTypeScript(
  files: readonly string[],
  drawn: Drawn,
  report: (result: Result) => void,
): Promise<void> {
  await install();
  const work = join(folder, "stryker");
  const drawnFolder = join(work, "drawn");
  rmSync(drawnFolder, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  const result = join(work, "report.json");
  rmSync(result, { force: true });
  const config = join(work, "config.json");
  writeFileSync(config, JSON.stringify(configure(files, drawn, drawnFolder, result)));
  const { code, output } = await run(findOnPath("node") ?? "node", [stryker, "run", config], {
    env: { MUTANTS_DRAWN: drawnFolder, MUTANTS_SAMPLE: JSON.stringify(drawn) },
  });
  if (code !== 0 || !existsSync(result)) {
    throw new Failure(`StrykerJS failed:\n${output}`);
  }
  const reported = JSON.parse(readFileSync(result, "utf8")).files as Record<
    string,
    FileReport
  >;
  for (const [file, { source, mutants }] of Object.entries(reported)) {
    for (const mutant of mutants) {
      if (drawn.count !== 0 && !existsSync(join(drawnFolder, mutant.id))) {
        continue;
      }
      report(resultOf(file, source, mutant));
    }
  }
}

async function install(): Promise<void> {
  if (existsSync(stryker)) return;
  const npm = findOnPath("npm");
  if (!npm) throw new Failure("npm is needed to install StrykerJS");
  const { code, output } = await run(npm, ["ci", "--prefix", home, "--no-audit", "--no-fund"]);
  if (code !== 0) {
    throw new Failure(`npm ci --prefix scripts/mutants/stryker failed:\n${output}`);
  }
}

function configure(files: readonly string[], drawn: Drawn, drawnFolder: string, result: string) {
  const isDrawn = `[ -z "$__STRYKER_ACTIVE_MUTANT__" ] || ` +
    `[ -e "${drawnFolder}/$__STRYKER_ACTIVE_MUTANT__" ]`;
  const needsNode = files.some((file) => /^ffi\/(koffi|node)/.test(file));
  return {
    testRunner: "command",
    // Who was not drawn ends at once; `exec`, so that a limit ends the specs themselves.
    commandRunner: {
      command: `{ ${isDrawn}; } || exit 1; exec "${needTool("bun")}" scripts/mutants/judge-one.ts`,
    },
    ...(needsNode && { buildCommand: "node scripts/build-node.mjs --tests" }),
    mutate: files,
    ignorePatterns: LEFT_BEHIND,
    tempDirName: join("zig-out", "mutants", "stryker", "tmp"),
    // A sample tells nothing of the others, which must not be taken for judged.
    incremental: drawn.count === 0,
    incrementalFile: relative(root, join(folder, "stryker", "incremental.json")),
    reporters: ["json"],
    jsonReporter: { fileName: result },
    plugins: [],
    checkers: [],
    tsconfigFile: "no-tsconfig.json", // it would be read by TypeScript's old API
    allowEmpty: true,
    concurrency: PROCESSES,
    timeoutMS: 3_600_000, // judge-one.ts has limits of its own
    dryRunTimeoutMinutes: 60,
    thresholds: { high: 90, low: 80, break: null },
    fileLogLevel: "off",
    logLevel: "warn",
  };
}

const STATES: Record<string, Result["state"]> = {
  Killed: "noticed",
  Timeout: "noticed",
  RuntimeError: "noticed",
  Survived: "survived",
  NoCoverage: "nothing runs it",
  CompileError: "doesn't compile",
};

function resultOf(file: string, source: string, mutant: FileReport["mutants"][number]): Result {
  const { start, end } = mutant.location;
  const lines = source.split("\n").slice(start.line - 1, end.line);
  const last = lines.length - 1;
  lines[last] = lines[last]?.slice(0, end.column - 1) ?? "";
  lines[0] = lines[0]?.slice(start.column - 1) ?? "";
  const short = (text: string) => text.replaceAll(/\s+/g, " ").slice(0, 60);
  const what = `${short(lines.join("\n"))} → ${short(mutant.replacement ?? mutant.mutatorName)}`;
  return { file, line: start.line, what, state: STATES[mutant.status] ?? "doesn't compile" };
}
