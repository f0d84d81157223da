// npm run bench:wasm
//
// The WebAssembly module against wasm-media-encoders with mpg123-decoder, and against the native
// library on one thread, in one run per host: round trips and encoding alone, 8 s at 128 kbps.
import { copyFileSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { markdownTable } from "markdown-table";
import { buildForNode } from "../scripts/build-node.mjs";
import { bundleProgram } from "../scripts/bundle-specs.ts";
import { findBrowser, runPage } from "../scripts/run-page.mjs";
import { findOnPath, needTool, root, run } from "../scripts/tools.mjs";
import { makeClips } from "./clips.ts";
import { digits, quantile, withSpread } from "./statistics.ts";
import type { Times } from "./wasm-program.ts";

const folder = join(root, "dist", "bench-wasm");

/** The clips under the names that the program reads them by. */
function writeClips(): string[] {
  const clips = makeClips(folder, false);
  const names = { mono: "8 s mono 48 kHz", stereo: "8 s stereo 44.1 kHz" };
  return Object.entries(names).map(([name, wanted]) => {
    const clip = clips.find(({ name }) => name === wanted);
    if (clip === undefined) throw new Error(`there is no clip ${wanted}`);
    const path = join(folder, `${name}.f32`);
    copyFileSync(clip.path, path);
    return path;
  });
}

async function runProgram(command: string, ...args: string[]): Promise<string> {
  const { code, stdout, output } = await run(command, args);
  if (code !== 0) throw new Error(output);
  return stdout;
}

const program = join(folder, "program.js");
const mainModule = pathToFileURL(join(root, "mod.ts")).href;
const hosts: Record<string, () => Promise<string> | undefined> = {
  Deno: () =>
    runProgram(
      needTool("deno"),
      "run",
      "-A",
      "--no-check",
      "-q",
      program,
      mainModule,
    ),
  Bun: () => runProgram(needTool("bun"), program, mainModule),
  "Node.js": () => {
    const built = pathToFileURL(join(root, "dist", "node", "mod.js")).href;
    return runProgram(findOnPath("node") ?? "node", program, built);
  },
  Chromium: () => findBrowser("chromium") ? runPage("chromium", folder) : undefined,
  Firefox: () => findBrowser("firefox") ? runPage("firefox", folder) : undefined,
};

/** How many times as long `other` takes as `name`, round by round. */
function ratios(
  times: Times,
  name: string,
  other: string,
  what: string,
): number[] {
  const ours = times[`${name}, ${what}`] ?? [],
    theirs = times[`${other}, ${what}`] ?? [];
  return theirs.map((seconds, round) => seconds / (ours[round] ?? NaN));
}

function rowsOf(host: string, times: Times): string[][] {
  return ["roundtrip", "encode"].flatMap((task) =>
    ["mono", "stereo"].map((clip) => {
      const what = `${task}, ${clip}`;
      const native = ratios(times, "wasm", "native", what).map((ratio) => 1 / ratio);
      return [
        `${host}: ${task === "encode" ? "encoding" : "round trip"}, ${clip}`,
        digits(1000 * quantile(times[`wasm, ${what}`] ?? [], 0.5)),
        withSpread(ratios(times, "wasm", "peers", what)),
        withSpread(ratios(times, "wasm, quality 3", "peers", what)),
        native.length > 0 ? withSpread(native) : "–",
      ];
    })
  );
}

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
await buildForNode();
await bundleProgram(
  join(root, "bench", "wasm-program.ts"),
  folder,
  writeClips(),
);
const rows = [];
for (const [host, start] of Object.entries(hosts)) {
  const output = await start();
  if (output === undefined) console.error(`${host} is not installed`);
  else {rows.push(
      ...rowsOf(host, JSON.parse(output.slice(0, output.indexOf("\n")))),
    );}
}
const header = [
  "8 s, 128 kbps",
  "ms",
  "× the peers",
  "× the peers, quality 3",
  "native's time ×",
];
console.log(
  markdownTable([header, ...rows], { align: ["l", "r", "r", "r", "r"] }),
);
