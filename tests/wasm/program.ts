/** The specs of the module against WebAssembly: the bundle's entry, by `scripts/bundle-specs.ts`. */
import { loadWasm } from "../../wasm.ts";
import { runSpecs } from "./harness.ts";

const SPECS: Record<string, () => Promise<unknown>> = {
  "check-library": () => import("./check-library.ts"),
  "check-kernels": () => import("./check-kernels.ts"),
  wasm: () => import("./wasm.ts"),
  async: () => import("../module/async.test.ts"),
  batch: () => import("../module/batch.test.ts"),
  "coded-rate": () => import("../module/coded-rate.test.ts"),
  decode: () => import("../module/decode.test.ts"),
  encode: () => import("../module/encode.test.ts"),
  errors: () => import("../module/errors.test.ts"),
  forms: () => import("../module/forms.test.ts"),
  grid: () => import("../module/grid.test.ts"),
  modes: () => import("../module/modes.test.ts"),
  options: () => import("../module/options.test.ts"),
  pcm16: () => import("../module/pcm16.test.ts"),
  positions: () => import("../module/positions.test.ts"),
  sound: () => import("../module/sound.test.ts"),
  streams: () => import("../module/streams.test.ts"),
  transform: () => import("../module/transform.test.ts"),
};

interface Host {
  location?: { search: string };
  process?: { argv: string[]; exitCode?: number };
}

const { location, process } = globalThis as Host;
const isPage = "document" in globalThis;

let told: Promise<unknown> = Promise.resolve();
function say(line: string): void {
  if (!isPage) return console.log(line);
  told = told.then(() => fetch("/", { method: "POST", body: line }));
}

const wanted = isPage
  ? new URLSearchParams(location?.search).get("specs")?.split(",") ?? []
  : process?.argv.slice(2) ?? [];

try {
  await loadWasm();
  for (const name of wanted.length > 0 ? wanted : Object.keys(SPECS)) await SPECS[name]?.();
  const isGood = await runSpecs(say);
  if (process !== undefined) process.exitCode = isGood ? 0 : 1;
} catch (error) {
  say(`${(error as Error)?.stack ?? error}\n0 passed, 1 failed`);
  if (process !== undefined) process.exitCode = 1;
}
