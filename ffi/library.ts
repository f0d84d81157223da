import { fileURLToPath } from "node:url";
import { Mp3AugmentError } from "../src/errors.ts";
import { currentRuntime, type Platform, type Runtime } from "./runtime.ts";
import { ABI_VERSION, type Native } from "./symbols.ts";

/** The environment variable that names the folder of the libraries. */
export const LIBRARY_VARIABLE = "MP3_AUGMENT_LIB";

/** The loaded library and the runtime that has loaded it. */
export interface Library {
  readonly native: Native;
  readonly runtime: Runtime;
  /** The folder it came from. */
  readonly folder: string;
}

/** A folder that may hold the libraries, and why it is looked into. */
interface Place {
  readonly folder: string;
  readonly reason: string;
}

/** `lib/<name>/`, as `build.zig` names it. */
function targetName({ arch, os, libc }: Platform): string {
  if (os === "linux") return `${arch}-linux-${libc}`;
  return os === "macos" ? `${arch}-macos` : `${arch}-windows-gnu`;
}

function fileNames({ os }: Platform): { lame: string; shim: string } {
  if (os === "windows") return { lame: "mp3lame.dll", shim: "mp3augment.dll" };
  if (os === "macos") return { lame: "libmp3lame.0.dylib", shim: "libmp3augment.dylib" };
  return { lame: "libmp3lame.so.0", shim: "libmp3augment.so" };
}

/** The one folder that counts: an explicit one is not silently passed over. */
function findPlace(path: string | undefined, runtime: Runtime, target: string): Place {
  if (path !== undefined) return { folder: path, reason: "the path given to loadLibrary" };
  const fromEnvironment = runtime.readEnvironment(LIBRARY_VARIABLE);
  if (fromEnvironment) {
    return { folder: fromEnvironment, reason: `the environment variable ${LIBRARY_VARIABLE}` };
  }
  // The JavaScript for Node is one folder deeper.
  const root = import.meta.url.endsWith("/dist/ffi/library.js") ? "../.." : "..";
  const beside = new URL(`${root}/lib/${target}`, import.meta.url);
  if (beside.protocol !== "file:") {
    throw new Mp3AugmentError(
      "LIBRARY_NOT_FOUND",
      `the module was loaded from ${beside.protocol}, where no library can be opened: ` +
        `set ${LIBRARY_VARIABLE} to a local folder that holds the libraries of ${target}`,
    );
  }
  return { folder: fileURLToPath(beside), reason: "beside the module" };
}

function open(runtime: Runtime, platform: Platform, place: Place): Native {
  const { lame, shim } = fileNames(platform);
  const folder = place.folder.replace(/[/\\]+$/, "");
  try {
    return runtime.open(`${folder}/${lame}`, `${folder}/${shim}`);
  } catch (cause) {
    const advice = runtime.permissionAdvice(cause, folder) ??
      `build it there by "npm run setup" (or "deno task setup", "zig build") in the module's folder, ` +
        `or set ${LIBRARY_VARIABLE} to the folder that holds both files`;
    throw new Mp3AugmentError(
      "LIBRARY_NOT_FOUND",
      `${lame} and ${shim} could not be opened in ${folder} (${place.reason}): ${advice}. ` +
        `${runtime.name} says: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
}

/** Finds, opens and checks the library. `path`: the folder to look into, and no other. */
export function openLibrary(path?: string): Library {
  const runtime = currentRuntime();
  const platform = runtime?.platform();
  if (runtime === undefined || platform === undefined) {
    throw new Mp3AugmentError(
      "LIBRARY_INCOMPATIBLE",
      "this needs Deno, Bun or Node.js on x86_64 or aarch64, on Linux, macOS or Windows",
    );
  }
  const place = findPlace(path, runtime, targetName(platform));
  const native = open(runtime, platform, place);
  const found = native.mp3a_abi_version();
  if (found !== ABI_VERSION) {
    throw new Mp3AugmentError(
      "LIBRARY_INCOMPATIBLE",
      `the library in ${place.folder} has ABI version ${found}, this module needs ${ABI_VERSION}: ` +
        `build the library from the same release as the module`,
    );
  }
  return { native, runtime, folder: place.folder };
}
