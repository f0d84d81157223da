import { bun } from "./bun.ts";
import { CACHE_VARIABLE, type CachedFile, cacheFolder, cachePlaces } from "./cache.ts";
import { digestOf, fillCache, readFile, readFront, SourceError } from "./cache.ts";
import { deno } from "./deno.ts";
import { DIGESTS } from "./digests.ts";
import { download } from "./download.ts";
import { ELF_FRONT_BYTES, faultOfElf } from "./elf.ts";
import { Mp3AugmentError } from "./errors.ts";
import { guard } from "./guard.ts";
import { node } from "./node.ts";
import type { Needs, Platform, Runtime } from "./runtime.ts";
import { ABI_VERSION, type Native } from "./symbols.ts";
import { fileNames, filePath, type Pair, targetName } from "./target.ts";

/** The environment variable that names the folder of the libraries. */
export const LIBRARY_VARIABLE = "MP3_AUGMENT_LIB";

/** Where the caller says that the libraries are. */
export interface Wish {
  /** The folder that holds them, and no other. */
  readonly path?: string | undefined;
  /** Both files inside the executable, to be unpacked. */
  readonly embedded?: Pair<string> | undefined;
}

/** The loaded library and the runtime that has loaded it. */
export interface Library {
  readonly native: Native;
  readonly runtime: Runtime;
  /** The folder it came from. */
  readonly folder: string;
}

/** The folder that holds the libraries, and why it is looked into. */
interface Place {
  readonly folder: string;
  readonly reason: string;
}

/** What those can do for whom no library is there, or none may be opened. */
const WAY_OUT = "The same without a library, in WebAssembly: `await loadWasm()` of " +
  "mp3-augment/wasm";

/** The one folder that counts: an explicit one is not silently passed over. */
function findPlace({ path, embedded }: Wish, runtime: Runtime, platform: Platform): Place {
  if (path !== undefined) return { folder: path, reason: "the path given to loadLibrary" };
  const fromEnvironment = runtime.readEnvironment(LIBRARY_VARIABLE);
  if (fromEnvironment) {
    return { folder: fromEnvironment, reason: `the environment variable ${LIBRARY_VARIABLE}` };
  }
  if (embedded !== undefined) return unpack(embedded, runtime, platform);
  const beside = new URL(`../lib/${targetName(platform)}/`, import.meta.url);
  if (beside.protocol !== "file:") return fetchOnce(beside, runtime, platform);
  const folder = filePath(beside, platform).replace(/\/$/, "");
  if (!runtime.embedsFiles) return { folder, reason: "beside the module" };
  const { lame, shim } = fileNames(platform);
  return unpack({ lame: `${folder}/${lame}`, shim: `${folder}/${shim}` }, runtime, platform);
}

/** From the executable's own files, from which the system can't open a library. */
function unpack(paths: Pair<string>, runtime: Runtime, platform: Platform): Place {
  const names = fileNames(platform);
  const prepare = (part: keyof Pair<string>): CachedFile => {
    const advice = "put both files into the executable and name them in loadLibrary({ embedded })";
    const bytes = attempt(() => readFile(paths[part]), paths[part], `: ${advice}`);
    return { name: names[part], digest: digestOf(bytes), read: () => bytes };
  };
  const reason = `unpacked from ${paths.lame} and ${paths.shim}`;
  return cache({ prepare, reason, needs: {} }, runtime, platform);
}

/** From the server that the module came from. */
function fetchOnce(beside: URL, runtime: Runtime, platform: Platform): Place {
  const names = fileNames(platform);
  const digests = DIGESTS[targetName(platform)];
  const prepare = (part: keyof Pair<string>): CachedFile => {
    const name = names[part];
    const digest = digests?.[name];
    if (digest === undefined) {
      const message = `this copy of the module has no sha256 of ${name}`;
      throw new SourceError("LIBRARY_INCOMPATIBLE", message);
    }
    const { href } = new URL(name, beside);
    return { name, digest, read: () => attempt(() => download(href), href) };
  };
  const needs = { net: [beside.host] };
  return cache({ prepare, reason: `fetched from ${beside.href}`, needs }, runtime, platform);
}

/** What `read` gives, or an error that names its source. */
function attempt(read: () => Uint8Array, source: string, advice = ""): Uint8Array {
  try {
    return read();
  } catch (cause) {
    const message = `${source} could not be read (${messageOf(cause)})${advice}`;
    throw new SourceError("LIBRARY_NOT_FOUND", message, { cause });
  }
}

/** Files that are no files of the system yet. */
interface Source {
  prepare(part: keyof Pair<string>): CachedFile;
  readonly reason: string;
  /** For the source alone. */
  readonly needs: Needs;
}

/** Puts the files into the user's cache folder. */
function cache(source: Source, runtime: Runtime, platform: Platform): Place {
  const root = cacheFolder(runtime, platform);
  const variables = cachePlaces(platform).map(([name]) => name);
  try {
    const files = { lame: source.prepare("lame"), shim: source.prepare("shim") };
    if (root === undefined) throw new Error(`none of ${variables.join(", ")} is set or readable`);
    return { folder: fillCache(root, files), reason: source.reason };
  } catch (cause) {
    const ofSource = cause instanceof SourceError;
    const folder = [root ?? "FOLDER"];
    const needs = { ...source.needs, read: folder, write: folder, ffi: folder, env: variables };
    const advice = runtime.advice(cause, needs);
    throw new Mp3AugmentError(
      ofSource ? cause.code : "LIBRARY_NOT_FOUND",
      `the libraries, ${source.reason}, could not be put into ${root ?? "a cache folder"}: ` +
        `${messageOf(cause)}. ` +
        (ofSource ? "Else set " : `Set ${CACHE_VARIABLE} to a folder that you may write, or `) +
        `${LIBRARY_VARIABLE} to one that holds the libraries of ${targetName(platform)}` +
        (advice === undefined ? "" : `. ${advice}`) + `. ${WAY_OUT}`,
      { cause },
    );
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Refuses a file that would be opened and then end the process; others the system refuses. */
function checkFile(path: string, runtime: Runtime, { arch, os }: Platform): void {
  if (os !== "linux" || !runtime.mayRead(path)) return;
  let file: ReturnType<typeof readFront>;
  try {
    file = readFront(path, ELF_FRONT_BYTES);
  } catch {
    return; // opening it fails as well, and says why
  }
  const fault = faultOfElf(file.front, file.byteSize, arch);
  if (fault === undefined) return;
  throw new Mp3AugmentError(
    "LIBRARY_INCOMPATIBLE",
    `${path} ${fault}: build or install it again`,
  );
}

function open(runtime: Runtime, platform: Platform, place: Place): Native {
  const { lame, shim } = fileNames(platform);
  const folder = place.folder.replace(/[/\\]+$/, "");
  for (const name of [lame, shim]) checkFile(`${folder}/${name}`, runtime, platform);
  try {
    return runtime.open(`${folder}/${lame}`, `${folder}/${shim}`);
  } catch (cause) {
    const saying = `${runtime.name} says: ${messageOf(cause)}`;
    if (/\bmp3a_\w/.test(messageOf(cause))) throw incompatible(folder, "lacks a function", saying);
    const advice = runtime.advice(cause, { ffi: [folder] }) ??
      `build it there by "npm run setup" (or "deno task setup", "zig build") in the module's folder, ` +
        `or set ${LIBRARY_VARIABLE} to the folder that holds both files`;
    throw new Mp3AugmentError(
      "LIBRARY_NOT_FOUND",
      `${lame} and ${shim} could not be opened in ${folder} (${place.reason}): ${advice}. ` +
        `${WAY_OUT}. ${saying}`,
      { cause },
    );
  }
}

/** The library is of another release. */
function incompatible(folder: string, fault: string, saying = ""): Mp3AugmentError {
  return new Mp3AugmentError(
    "LIBRARY_INCOMPATIBLE",
    `the library in ${folder} ${fault}: build the library from the same release as the module` +
      (saying && `. ${saying}`),
  );
}

/** The adapter of the runtime that runs this, or undefined for another one. */
function currentRuntime(): Runtime | undefined {
  return deno() ?? bun() ?? node();
}

/** Finds, opens and checks the library. */
export function openLibrary(wish: Wish = {}): Library {
  const runtime = currentRuntime();
  const platform = runtime?.platform();
  if (runtime === undefined || platform === undefined) {
    throw new Mp3AugmentError(
      "LIBRARY_NOT_FOUND",
      "there is a native library for Deno, Bun and Node.js on x86_64 and aarch64, on Linux, macOS and " +
        `Windows. ${WAY_OUT}`,
    );
  }
  const place = findPlace(wish, runtime, platform);
  const native = open(runtime, platform, place);
  const found = native.mp3a_abi_version();
  if (found !== ABI_VERSION) {
    const fault = `has ABI version ${found}, this module needs ${ABI_VERSION}`;
    throw incompatible(place.folder, fault);
  }
  return { native: guard(native), runtime, folder: place.folder };
}
