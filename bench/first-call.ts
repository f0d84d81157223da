// npm run bench:first-call [-- --rounds N]
//
// What the first call costs, with loading the module and the library: fresh processes of both
// runtimes, which take turns with an empty program. The first call: by the process's own clock, from
// before the import to the result of a clip of one second. Above an empty program: the whole
// process's wall time less that of the empty program in the same round. Medians of the rounds, with
// quartiles.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { markdownTable } from "markdown-table";
import { needTool, root, run, runAsProgram } from "../scripts/tools.mjs";

const firstCall = join(root, "bench", "peers", "first-call.ts");

async function time(command: string, args: string[]) {
  const start = performance.now();
  const { code, output, stdout } = await run(command, args);
  const wallMs = performance.now() - start;
  if (code !== 0) throw new Error(output);
  return { wallMs, stdout };
}

async function measure(command: string, args: string[], empty: string) {
  const nothing = await time(command, [...args, empty]);
  const first = await time(command, [...args, firstCall]);
  return {
    inside: Number(first.stdout),
    above: first.wallMs - nothing.wallMs,
    startUp: nothing.wallMs,
  };
}

function summarize(values: number[]) {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, median, high] = [0.25, 0.5, 0.75].map((share) =>
    (sorted[Math.floor(share * (sorted.length - 1) + 0.5)] ?? NaN).toFixed(1)
  );
  return `${median} (${low}–${high})`;
}

await runAsProgram(import.meta.url, async (args) => {
  const { values } = parseArgs({
    args,
    options: { rounds: { type: "string", default: "21" } },
  });
  const runtimes = [
    ["Deno", needTool("deno"), ["run", "--allow-ffi", "--no-prompt"]],
    ["Bun", needTool("bun"), ["run"]],
  ] as const;
  const folder = mkdtempSync(join(tmpdir(), "mp3-augment-first-call-"));
  const empty = join(folder, "empty.ts");
  writeFileSync(empty, "export {};\n");
  const results: Record<string, Awaited<ReturnType<typeof measure>>[]> = { Deno: [], Bun: [] };
  try {
    for (const [, command, options] of runtimes) {
      await measure(command, [...options], empty); // fills the runtimes' caches
    }
    for (let round = 0; round < Number(values.rounds); round++) {
      for (const [name, command, options] of runtimes) {
        results[name]?.push(await measure(command, [...options], empty));
      }
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  const rows = Object.entries(results).map(([name, rounds]) => [
    name,
    summarize(rounds.map(({ inside }) => inside)),
    summarize(rounds.map(({ above }) => above)),
    summarize(rounds.map(({ startUp }) => startUp)),
  ]);
  const head = ["ms", "first call", "above an empty program", "the empty program"];
  console.log(markdownTable([head, ...rows], { align: ["l", "r", "r", "r"] }));
});
