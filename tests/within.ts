/** Limits of seconds for what waits, in every runtime. */
import { test } from "./harness.ts";

/**
 * Declares a test of what waits: one that isn't through within so many seconds has failed, in every
 * runtime, and the others go on.
 */
export function testWithin(seconds: number, name: string, body: () => Promise<void>): void {
  test(name, () => within(seconds, body()));
}

/** What a promise comes to, or an error when it takes longer. */
export function within<T>(seconds: number, promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout>;
  const limit = new Promise<never>((_, reject) => {
    const error = new Error(`it hangs: nothing came within ${seconds} s`);
    timer = setTimeout(() => reject(error), 1000 * seconds);
  });
  return Promise.race([promise, limit]).finally(() => clearTimeout(timer));
}
