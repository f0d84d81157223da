/** What threads say to each other. */
import type { Result, Task } from "./clips.ts";

/** What a worker is told. */
export type Order = { readonly module: WebAssembly.Module } | { readonly task: Task } | "cancel";

/** What it answers. */
export type Answer = "ready" | Result;

type Arrays = readonly ArrayBufferView[];

/** The arrays that a task reads. */
export function inputsOf({ input }: Task): Arrays {
  return ArrayBuffer.isView(input) ? [input] : input;
}

/** The memory of arrays that go to another thread for good. */
export function memoryOf(arrays: Arrays): ArrayBufferLike[] {
  return arrays.map(({ buffer }) => buffer);
}

/** Gives memory back now, where the host can: its collector takes its time with large arrays. */
export function release(arrays: Arrays): void {
  for (const { buffer } of arrays as readonly { buffer: Transferable }[]) {
    if (buffer.byteLength > 0) buffer.transfer?.(0); // else it is gone already
  }
}

/** An `ArrayBuffer` of ES2024. */
interface Transferable {
  readonly byteLength: number;
  transfer?(byteLength: number): unknown;
}
