// Puts small mistakes into the C, one at a time, and runs the test programs that come by.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import {
  CBuild,
  type Command,
  type Ended,
  folder,
  forAll,
  plain,
  readCommands,
  sanitized,
  start,
} from "./c-build.ts";
import { type LinesRun, measureC } from "./c-coverage.ts";
import { type Mutant, mutated, type Verdict } from "./results.ts";
import { Failure, needTool, root, run } from "../tools.mjs";

/** A hang ends at a multiple of what a program takes without a mistake, as busy as the machine is. */
const LIMIT_SECONDS = 30, LIMIT_TIMES = 6;
const HANG = /failed: it hangs/;
const FAILURE = /: failed: |AddressSanitizer|runtime error|LeakSanitizer/;

interface Suite {
  build: CBuild;
  /** How long each program takes without a mistake. */
  seconds: Map<string, number>;
}

/** All that mutants are judged by. */
interface Bench {
  suites: Suite[];
  lines: LinesRun;
  /** For LAME's files. */
  bytes: { checker: string; args: string[]; seconds: number } | undefined;
}

/** Builds what judges mutants of these files, and tries it without a mistake. */
export async function prepareC(
  files: readonly string[],
  isQuick: boolean,
): Promise<{ judge(mutant: Mutant): Promise<Verdict> }> {
  const commands = await readCommands();
  const lines = await measureC();
  const suites: Suite[] = [];
  for (const flavour of isQuick ? [plain] : [plain, sanitized]) {
    suites.push(await timed(await new CBuild(flavour, commands).make()));
  }
  const needsBytes = files.some((file) => file.startsWith("csrc/lame/"));
  const bytes = needsBytes ? await prepareBytes(suites[0] as Suite) : undefined;
  let count = 0;
  return {
    judge: async (mutant) => {
      const work = join(folder, "work", String(count++));
      mkdirSync(work, { recursive: true });
      try {
        return await judge({ suites, lines, bytes }, mutant, work);
      } finally {
        rmSync(work, { recursive: true, force: true });
      }
    },
  };
}

/** A program that fails by itself would notice everything. */
async function timed(build: CBuild): Promise<Suite> {
  const seconds = new Map<string, number>();
  await forAll(build.programs, async (program) => {
    const ended = await start(build.program(program), []);
    if (hasFailed(ended)) throw new Failure(`${program} fails by itself:\n${ended.output}`);
    seconds.set(program, ended.seconds);
  });
  return { build, seconds };
}

/** Whole encodes, byte for byte, notice in LAME's files what no program does. */
async function prepareBytes({ build }: Suite): Promise<NonNullable<Bench["bytes"]>> {
  const { code, output } = await run(needTool("zig"), ["build", "stock"]);
  if (code !== 0) throw new Failure(`zig build stock failed:\n${output}`);
  const checker = join(build.folder, "check_bytes");
  const command = build.commands.find(({ file }) => file.endsWith("tests/check.c")) as Command;
  const objects = [build.object(command)];
  for (const name of ["check_bytes", "byte_clips"]) {
    const file = `csrc/tests/lame/${name}.c`;
    const object = join(build.folder, `${name}.o`);
    const own = { ...command, file, arguments: [...command.arguments.slice(0, -1), file] };
    const built = await build.compile(own, object);
    if (built.code !== 0) throw new Failure(`${file} doesn't compile:\n${built.output}`);
    objects.push(object);
  }
  const linked = await run("cc", [...objects, "-o", checker, "-ldl", "-lm"]);
  if (linked.code !== 0) throw new Failure(`check_bytes doesn't link:\n${linked.output}`);
  const stock = join(root, "zig-out", "stock", "libmp3lame.so.0");
  const ours = join(build.folder, "libmp3lame.so");
  await build.linkLame(new Map(), ours);
  const known = join(build.folder, "check_bytes.known");
  rmSync(known, { force: true });
  for (let i = 0;; i++) {
    const ended = await start(checker, [stock, ours, "--known", known]); // computed, then known
    if (hasFailed(ended)) throw new Failure(`check_bytes fails by itself:\n${ended.output}`);
    if (i > 0) return { checker, args: [stock, "--known", known], seconds: ended.seconds };
  }
}

async function judge(bench: Bench, mutant: Mutant, work: string): Promise<Verdict> {
  const { file } = mutant;
  const text = readFileSync(join(root, file), "utf8");
  const overlay = join(work, "overlay");
  mkdirSync(dirname(join(overlay, file)), { recursive: true });
  writeFileSync(join(overlay, file), mutated(text, mutant));
  const programs = programsAt(bench, file, mutant.line);
  for (const suite of bench.suites) {
    const { build } = suite;
    const objects = await recompile(build, file, overlay, work);
    if (typeof objects === "string") return { state: objects };
    const by = await noticed(file, suite, objects, programs, work);
    if (by) return { state: "noticed", by };
    const { bytes } = bench;
    if (!bytes || build !== bench.suites[0]?.build) continue;
    const library = join(work, "libmp3lame.so");
    await build.linkLame(objects, library);
    const { checker, args: [stock = "", ...known], seconds } = bytes;
    if (await fails(checker, [stock, library, ...known], seconds)) {
      return { state: "noticed", by: "check_bytes" };
    }
  }
  return { state: programs.length > 0 ? "survived" : "nothing runs it" };
}

/** What a file is part of, compiled anew, or why that is of no use. */
async function recompile(build: CBuild, file: string, overlay: string, work: string) {
  const objects = new Map<Command, string>();
  let isSame = true;
  const users = build.commands.filter((command) => build.dependencies(command).includes(file));
  for (const command of users) {
    const object = join(work, `${build.flavour.name}-${objects.size}.o`);
    const { code } = await build.compile(command, object, overlay);
    if (code !== 0) return "doesn't compile" as const;
    objects.set(command, object);
    isSame &&= readFileSync(object).equals(readFileSync(build.object(command)));
  }
  return isSame && build.flavour === plain ? "the same code" as const : objects;
}

/**
 * The programs that run a line; where it is none that runs, those that run its file; where the file
 * has none, as tables have none, all.
 */
function programsAt({ lines, suites }: Bench, file: string, line: number): string[] {
  const own = lines.get(file);
  if (own === undefined) return [...suites[0]?.build.programs ?? []];
  const exact = own.get(line);
  return [...exact ?? new Set([...own.values()].flatMap((programs) => [...programs]))];
}

/** What has noticed mistakes in a file, and how often: it is asked first. */
const noticers = new Map<string, Map<string, number>>();

async function noticed(
  file: string,
  { build, seconds }: Suite,
  objects: ReadonlyMap<Command, string>,
  programs: readonly string[],
  work: string,
): Promise<string | undefined> {
  const time = (program: string) => seconds.get(program) ?? Infinity;
  const own = build.programs.filter((name) => programs.includes(name));
  const hits = noticers.get(file) ?? new Map<string, number>();
  noticers.set(file, hits);
  const rank = (program: string) => time(program) / (1 + (hits.get(program) ?? 0));
  for (const program of own.sort((a, b) => rank(a) - rank(b))) {
    const path = join(work, `${build.flavour.name}-${program}`);
    const { code } = await build.link(program, objects, path);
    if (code !== 0) return "the linker";
    const isNoticed = await fails(path, [], time(program));
    rmSync(path);
    if (isNoticed) {
      hits.set(program, (hits.get(program) ?? 0) + 1);
      return build.flavour === plain ? program : `${program}, ${build.flavour.name}`;
    }
  }
}

/** Who is late is tried once more, with twice the time: the machine may be busy. */
async function fails(program: string, args: readonly string[], took: number): Promise<boolean> {
  const seconds = LIMIT_SECONDS + LIMIT_TIMES * took;
  const ended = await start(program, args, { seconds, until: FAILURE });
  if (ended.seconds < seconds && !HANG.test(ended.output)) return hasFailed(ended);
  return hasFailed(await start(program, args, { seconds: 2 * seconds, until: FAILURE }));
}

function hasFailed({ code, output }: Ended): boolean {
  return code !== 0 || FAILURE.test(output);
}
