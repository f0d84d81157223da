/** What threads say to each other. */
import type { Result, Task } from "./clips.ts";

/** What a worker is told. */
export type Order = { readonly module: WebAssembly.Module } | { readonly task: Task } | "cancel";

/** What it answers. */
export type Answer = "ready" | Result;

/** The memory of arrays that go to another thread for good. */
export function memoryOf(arrays: readonly ArrayBufferView[]): ArrayBufferLike[] {
  return arrays.map(({ buffer }) => buffer);
}
