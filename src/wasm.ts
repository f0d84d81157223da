/** The library in WebAssembly, for where no native one can be loaded. */
import { Mp3AugmentError } from "../ffi/errors.ts";
import { openWasm, type WasmSource } from "../ffi/wasm/open.ts";
import { adopt, isLoaded } from "./native.ts";
import { checkObject, namesOf } from "./option-names.ts";

export type { WasmSource };

/** Where the WebAssembly module is. */
export interface LoadWasmOptions {
  /**
   * The module: a URL (which is fetched), a `Response`, bytes, a compiled `WebAssembly.Module`, or
   * a promise of one. Default: the one inside the package, which needs no server, no permission and
   * nothing of a bundler. Give one to load `mp3augment.wasm` by itself, or where WebAssembly may
   * not be compiled from bytes, as at the edge.
   */
  source?: WasmSource | Promise<WasmSource>;
}

let loading: Promise<void> | undefined;

/**
 * Loads the library in WebAssembly: then every function of the main module works here, with the
 * same bits, in browsers, at the edge and in runtimes that may not open native libraries. Native
 * libraries are faster and use all cores for one clip: where they load, leave this out.
 *
 * Calls in the background and batches run on workers, one per core; where there are none, in
 * slices between which the event loop turns. A second call does nothing.
 *
 * @returns a promise that rejects with an {@linkcode Mp3AugmentError}: `LIBRARY_NOT_FOUND` when the
 * module can't be had, `LIBRARY_INCOMPATIBLE` when it is of another release, `INVALID_OPTION` when
 * a native library is loaded already
 *
 * @example
 * ```ts
 * import { compressRoundtrip } from "@mp3-augment/mp3-augment";
 * import { loadWasm } from "@mp3-augment/mp3-augment/wasm";
 *
 * await loadWasm();
 * const samples = new Float32Array(48000);
 * console.log(compressRoundtrip(samples, { sampleRate: 48000, bitrateKbps: 32 }).length); // 48000
 * ```
 */
// An async function also turns the errors of its checks into rejections.
export async function loadWasm(options: LoadWasmOptions = {}): Promise<void> {
  const { source } = checkObject(options, namesOf<LoadWasmOptions>({ source: true }));
  loading ??= load(source as LoadWasmOptions["source"]);
  await loading;
}

async function load(source: LoadWasmOptions["source"]): Promise<void> {
  try {
    if (isLoaded() || !adopt(await openWasm(source))) {
      throw new Mp3AugmentError(
        "INVALID_OPTION",
        "the native library is already loaded: call loadWasm before any other function, or not at all",
      );
    }
  } catch (error) {
    loading = undefined; // it may go better another time
    throw error;
  }
}
