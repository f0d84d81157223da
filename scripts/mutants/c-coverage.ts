// Which lines of C each test program runs, by gcov.
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { CBuild, covered, forAll, readCommands, start } from "./c-build.ts";
import { Failure, run } from "../tools.mjs";

/** Per file, per line that can run: the programs that run it. */
export type LinesRun = Map<string, Map<number, Set<string>>>;

interface GcovFile {
  file: string;
  lines: { line_number: number; count: number }[];
}

/** Builds all test programs for coverage and runs them, unless that was done since. */
export async function measureC(): Promise<LinesRun> {
  const build = await new CBuild(covered, await readCommands()).make();
  const lines: LinesRun = new Map();
  await forAll(build.programs, async (program) => {
    for (const file of await filesRun(build, program)) {
      if (!/^csrc\/(?!tests\/)/.test(file.file)) continue;
      const known = lines.get(file.file) ?? new Map<number, Set<string>>();
      lines.set(file.file, known);
      for (const { line_number, count } of file.lines) {
        const programs = known.get(line_number) ?? new Set();
        known.set(line_number, count > 0 ? programs.add(program) : programs);
      }
    }
  });
  return lines;
}

async function filesRun(build: CBuild, program: string): Promise<GcovFile[]> {
  const folder = join(build.folder, "run", program);
  const result = join(folder, "lines.json");
  const path = build.program(program);
  if (isNewer(result, path)) {
    return JSON.parse(readFileSync(result, "utf8"));
  }
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const strip = String(build.folder.split("/").length - 1);
  const env = { GCOV_PREFIX: folder, GCOV_PREFIX_STRIP: strip };
  const { code, output } = await start(path, [], { env });
  if (code !== 0) {
    throw new Failure(`${program} failed:\n${output.slice(-2000)}`);
  }
  const data = readdirSync(folder).filter((name) => name.endsWith(".gcda"));
  const files: GcovFile[] = [];
  for (const name of data) {
    if (!name.startsWith("csrc_")) continue; // tests that include what they test, too
    const notes = join(build.folder, name.replace(/gcda$/, "gcno"));
    writeFileSync(join(folder, basename(notes)), readFileSync(notes));
    const gcov = await run("gcov", ["--json-format", "--stdout", name], { cwd: folder });
    if (gcov.code !== 0) throw new Failure(`gcov failed:\n${gcov.output}`);
    files.push(...(JSON.parse(gcov.stdout) as { files: GcovFile[] }).files);
  }
  const short = files.map(({ file, lines }) => ({
    file: file.replace(/^.*?(?=csrc\/)/, ""),
    lines: lines.map(({ line_number, count }) => ({ line_number, count })),
  }));
  writeFileSync(result, JSON.stringify(short));
  return short;
}

/** Whether a file is there and was written after another one. */
export function isNewer(path: string, than: string): boolean {
  return existsSync(path) && statSync(path).mtimeMs > statSync(than).mtimeMs;
}
