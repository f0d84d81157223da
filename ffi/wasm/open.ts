/** The module's adapter: what `deno.ts`, `bun.ts` and `node.ts` are for a native library. */
import { Mp3AugmentError } from "../errors.ts";
import { guard } from "../guard.ts";
import type { Library } from "../library.ts";
import type { Runtime } from "../runtime.ts";
import { ABI_VERSION } from "../symbols.ts";
import { createEngine, type Engine } from "./engine.ts";
import { fromLetters } from "./letters.ts";
import { createCompletions, createNative } from "./native.ts";
import { Pool } from "./pool.ts";

/** Where the module may come from; a promise of it, too. */
export type WasmSource =
  | string
  | URL
  | Response
  | ArrayBuffer
  | Uint8Array
  | WebAssembly.Module;

/** What is built into `lib/wasm32/`, as text: imports need no permission and no server. */
interface Embedded {
  /** The module, compressed by gzip. */
  readonly gzipLetters: string;
}
interface WorkerProgram {
  readonly program: string;
}

/** The module that is inside the package. */
export async function readEmbedded(): Promise<Uint8Array> {
  // @ts-ignore: scripts/build-wasm.ts makes it
  const { gzipLetters } = await import("../../lib/wasm32/embedded.js") as Embedded;
  const compressed = fromLetters(gzipLetters);
  const stream = new Blob([compressed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** What workers run; undefined where it isn't there: then there are none. */
async function readProgram(): Promise<string | undefined> {
  try {
    // @ts-ignore: scripts/build-wasm.ts makes it
    return (await import("../../lib/wasm32/worker.js") as WorkerProgram).program;
  } catch {
    return undefined;
  }
}

async function compile(source: WasmSource | undefined): Promise<WebAssembly.Module> {
  if (source instanceof WebAssembly.Module) return source;
  if (source === undefined) return WebAssembly.compile(await readEmbedded() as BufferSource);
  const isAddress = typeof source === "string" || source instanceof URL;
  const given = isAddress ? await fetch(source) : source;
  if (!(given instanceof Response)) return WebAssembly.compile(given as BufferSource);
  if (!given.ok) throw new Error(`${given.url} answers with status ${given.status}`);
  return WebAssembly.compile(await given.arrayBuffer()); // whatever type the server says it has
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Compiles and checks the module, and starts an instance of it. */
export async function openWasm(
  source: WasmSource | Promise<WasmSource> | undefined,
): Promise<Library> {
  const [module, program] = await Promise.all([load(source), readProgram()]);
  let engine: Engine;
  try {
    engine = createEngine(module);
    const found = engine.mp3a_abi_version();
    if (found !== ABI_VERSION) throw new Error(`it has ABI version ${found}, not ${ABI_VERSION}`);
  } catch (cause) {
    throw new Mp3AugmentError(
      "LIBRARY_INCOMPATIBLE",
      `the WebAssembly module is not of this release: ${messageOf(cause)}`,
      { cause },
    );
  }
  const pool = new Pool(module, engine, program);
  return {
    native: guard(createNative(engine, pool)),
    runtime: createRuntime(pool),
    folder: "WebAssembly",
  };
}

/** Nothing of it is asked but the completions: there is no library to be found. */
function createRuntime(pool: Pool): Runtime {
  return {
    name: "WebAssembly",
    embedsFiles: false,
    platform: () => undefined,
    readEnvironment: () => undefined,
    mayRead: () => false,
    open: (lamePath) => {
      throw new Error(`${lamePath} is no WebAssembly module`);
    },
    advice: () => undefined,
    createCompletions: (_native, onFinished) => createCompletions(pool, onFinished),
  };
}

async function load(
  source: WasmSource | Promise<WasmSource> | undefined,
): Promise<WebAssembly.Module> {
  try {
    return await compile(await source);
  } catch (cause) {
    throw new Mp3AugmentError(
      "LIBRARY_NOT_FOUND",
      `the WebAssembly module could not be loaded: ${messageOf(cause)}. ` +
        (source === undefined
          ? "A clone needs `npm run build:wasm` first"
          : "source may be a URL, a Response, bytes or a WebAssembly.Module; without it the " +
            "module's own is taken"),
      { cause },
    );
  }
}
