// npm run release:dry: all that a release has, in dist/release/, without a clone for its users: the
// command as one executable per target, both C libraries per target with header, pkg-config file and
// licences, the WebAssembly module, both packages' contents, the sources, and the sums of all of it. lib/ must hold all
// targets: `npm run build -- release`. What of it runs on this machine is then run.
import { createHash } from "node:crypto";
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { makePackage } from "./package.ts";
import { makeArchive, must, tar, tryArchive } from "./release/archive.ts";
import { executables, hostExecutable } from "./release/executables.ts";
import { findRunner } from "./release/runners.ts";
import { targets } from "./release/targets.mjs";
import { needTool, root, run, runAsProgram } from "./tools.mjs";

const folder = join(root, "dist", "release");
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

const skipped = (what: string, reason: string) => console.error(`SKIPPED: ${what}: ${reason}`);
/** The innermost reason. */
const lastError = (output: string) =>
  (output.split("\n").findLast((line) => /error/i.test(line)) ?? output).trim();

const executablePath = (target: string, ending = "") =>
  join(
    folder,
    `mp3-augment-${version}-${target}${ending}${target.includes("windows") ? ".exe" : ""}`,
  );

/** The command by both compilers; Deno's fetches what its executables consist of from a server. */
async function makeExecutables() {
  let lacksDeno = false;
  for (const [name, target] of Object.entries(executables)) {
    if (name.startsWith("bun-")) {
      const outfile = executablePath(target);
      await must(needTool("bun"), ["scripts/compile.ts", "--target", name, "--outfile", outfile]);
    } else if (!lacksDeno) {
      const place = ["--include", `lib/${target}`, "--output", executablePath(target, "-deno")];
      const args = ["compile", "--allow-all", "--no-check", "--target", name.slice(5), ...place];
      const { code, output } = await run(needTool("deno"), [...args, "cli/main.ts"], {
        env: { NO_COLOR: "1" },
      });
      lacksDeno = code !== 0;
      if (lacksDeno) {
        skipped("Deno's executables", `its runtime can't be fetched: ${lastError(output)}`);
      }
    }
  }
}

/** The project's and the third parties' sources, as LAME's licence asks for. */
async function makeSources(work: string) {
  const name = `mp3-augment-${version}-source`;
  const files = (await must("git", ["ls-files"])).trim().split("\n");
  for (const path of [...files, "third_party"]) {
    cpSync(join(root, path), join(work, name, path), { recursive: true });
  }
  await tar(join(folder, `${name}.tar.gz`), work, name);
}

/** What an executable does: a round trip, and a report. */
async function tryExecutable(command: string[], work: string, env: NodeJS.ProcessEnv = {}) {
  mkdirSync(work, { recursive: true });
  const input = fileURLToPath(new URL("lena.wav", import.meta.resolve("audio-lena")));
  copyFileSync(input, join(work, "in.wav"));
  const cache = { MP3_AUGMENT_CACHE: join(work, "cache"), MP3_AUGMENT_LIB: "" };
  for (const args of ["roundtrip in.wav out.wav --bitrate 32", "report in.wav --bitrates 32"]) {
    const [program = "", ...first] = command;
    const parameters = [...first, ...args.split(" ")];
    const { code, output } = await run(program, parameters, {
      cwd: work,
      env: { ...cache, ...env },
    });
    if (code !== 0) return lastError(output) || `it ends with ${code}`;
  }
  return existsSync(join(work, "report.html")) ? undefined : "it makes no report";
}

/** Runs what runs here: this machine's own, and Windows' under Wine. */
async function tryRelease(archives: Map<string, string>, work: string) {
  const hostTarget = executables[hostExecutable as keyof typeof executables];
  for (const name of new Set([hostTarget, "x86_64-windows-gnu"])) {
    const target = targets.find((one) => one.name === name);
    const runner = name === hostTarget ? { command: [], env: {} } : await findRunner(name);
    if (!target || typeof runner === "string") {
      skipped(`what is for ${name}`, `${runner}`);
      continue;
    }
    await tryArchive(archives.get(name) ?? "", target, join(work, `archive-${name}`), runner);
    console.error(`a C program runs with the archive for ${name}`);
    const command = [...runner.command, executablePath(name)];
    const fault = await tryExecutable(command, join(work, `run-${name}`), runner.env);
    if (fault && name === hostTarget) throw new Error(`${command}: ${fault}`);
    if (fault) skipped(`the executable for ${name}`, fault);
    else console.error(`the executable for ${name} makes round trips and reports`);
  }
}

await runAsProgram(import.meta.url, async () => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const work = mkdtempSync(join(root, "dist", "release-"));
  const archives = new Map<string, string>();
  try {
    copyFileSync(await makePackage(), join(folder, `mp3-augment-${version}.tgz`));
    await must(needTool("deno"), ["publish", "--dry-run", "--allow-dirty", "--no-check"]);
    for (const target of targets) {
      archives.set(target.name, await makeArchive(target, work, folder));
    }
    // The ninth target is one file, for those who load it by themselves.
    copyFileSync(
      join(root, "lib", "wasm32", "mp3augment.wasm"),
      join(folder, `mp3augment-${version}-wasm32.wasm`),
    );
    await makeSources(work);
    await makeExecutables();
    await tryRelease(archives, work);
  } finally {
    rmSync(work, { recursive: true });
  }
  const names = readdirSync(folder).sort();
  const sums = names.map((name) =>
    `${createHash("sha256").update(readFileSync(join(folder, name))).digest("hex")}  ${name}\n`
  );
  writeFileSync(join(folder, "sha256sums.txt"), sums.join(""));
  for (const name of names) console.error(`${statSync(join(folder, name)).size}  ${name}`);
});
