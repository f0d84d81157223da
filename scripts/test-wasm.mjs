// The step `wasm` of npm test: the module's specs, and the hashes of check_library, against
// WebAssembly in Deno without any permission, Bun, Node, headless Chromium and Firefox.
import { join } from "node:path";
import process from "node:process";
import { findBrowser, runPage } from "./run-page.mjs";
import { Failure, findOnPath, needTool, root, run, runAsProgram } from "./tools.mjs";

/** What every host runs: some 18 s of CPU. */
const EVERYWHERE = [
  ..."check-library wasm async batch encode errors forms modes pcm16 sound streams transform"
    .split(" "),
];
/** What is about the engine, in one host of each: Node and Chromium have Deno's. Some 15 s. */
const PER_ENGINE = ["check-kernels", "decode", "options"];
/** What is about neither: some 10 s. */
const ONCE = ["coded-rate", "grid", "positions"];

const folder = join("dist", "specs");
const program = join(folder, "program.js");

/**
 * How each host runs the specs; undefined where it isn't installed.
 * @type {Record<string, { specs: string[], start: (specs: string[]) => Promise<string> | undefined }>}
 */
const HOSTS = {
  deno: {
    specs: [...ONCE, ...PER_ENGINE, ...EVERYWHERE],
    start: (specs) => runProgram(needTool("deno"), ["run", "--no-prompt", program, ...specs]),
  },
  firefox: {
    specs: [...PER_ENGINE, ...EVERYWHERE],
    start: (specs) => runBrowser("firefox", specs),
  },
  bun: {
    specs: [...PER_ENGINE, ...EVERYWHERE],
    start: (specs) => runProgram(needTool("bun"), [program, ...specs]),
  },
  chromium: { specs: EVERYWHERE, start: (specs) => runBrowser("chromium", specs) },
  node: {
    specs: EVERYWHERE,
    start: (specs) => {
      const node = process.versions.bun || process.versions.deno
        ? findOnPath("node")
        : process.execPath;
      return node === undefined ? undefined : runProgram(node, [program, ...specs]);
    },
  },
};

const TIMEOUT_MS = 300_000;

/**
 * @param {string} command
 * @param {string[]} args
 */
async function runProgram(command, args) {
  return (await run(command, args, { timeoutMs: TIMEOUT_MS })).output;
}

/**
 * @param {string} browser
 * @param {string[]} specs
 */
function runBrowser(browser, specs) {
  if (findBrowser(browser) === undefined) return undefined;
  return runPage(browser, join(root, folder), {
    query: `specs=${specs.join(",")}`,
    timeoutMs: TIMEOUT_MS,
  });
}

async function build() {
  for (const script of ["build-wasm", "bundle-specs"]) {
    const { code, output } = await run(needTool("bun"), [`scripts/${script}.ts`], { cwd: root });
    if (code !== 0) throw new Failure(`scripts/${script}.ts failed:\n${output}`);
  }
}

/**
 * Builds what is needed and runs all hosts, two at a time.
 * @param {(host: string, output: string | undefined) => void} tell called as each has ended; without
 *   an output it is not installed
 */
export async function testWasm(tell) {
  await build();
  const waiting = Object.entries(HOSTS);
  const work = async () => {
    for (let next; (next = waiting.shift());) {
      const [host, { specs, start }] = next;
      const begin = performance.now();
      let output;
      try {
        output = await start(specs);
      } catch (error) {
        output = `${error}\n0 passed, 1 failed\n`;
      }
      const seconds = Math.round((performance.now() - begin) / 1000);
      console.log(
        `${host}, ${seconds} s: ${output === undefined ? "not installed" : show(output)}`,
      );
      tell(host, output);
    }
  };
  await Promise.all([work(), work()]);
}

/**
 * All of it where something has failed: what workers said belongs to it.
 * @param {string} output
 */
function show(output) {
  const sums = output.trimEnd().split("\n").slice(-2).join("; ");
  return / 0 failed$/.test(sums) ? sums : output;
}

// node scripts/test-wasm.mjs
await runAsProgram(import.meta.url, async () => {
  let isGood = true;
  await testWasm((_host, output) =>
    isGood &&= output === undefined || / 0 failed\s*$/.test(output)
  );
  return isGood ? 0 : 1;
});
