/**
 * The library in WebAssembly, for browsers, edge runtimes and wherever no native library can be
 * loaded: after `await loadWasm()` every function of the main module works, with the same bits.
 *
 * @module
 */
export { loadWasm, type LoadWasmOptions, type WasmSource } from "./src/wasm.ts";
