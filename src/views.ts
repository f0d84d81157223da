/** Typed arrays as they really are: a subclass may say of itself what it likes. */
import { Mp3AugmentError, show } from "../ffi/errors.ts";

const typedArray = Object.getPrototypeOf(Float32Array.prototype) as object;

function builtInGetter<T>(key: PropertyKey): (view: unknown) => T {
  const getter = Object.getOwnPropertyDescriptor(typedArray, key)?.get;
  return (view) => getter?.call(view) as T;
}

/** What kind of typed array it is; undefined for anything else. */
export const tagOf: (view: unknown) => string | undefined = builtInGetter(Symbol.toStringTag);
/** How many elements it has; 0 where its memory is gone. */
export const lengthOf: (view: unknown) => number = builtInGetter("length");
const bufferOf = builtInGetter<ArrayBufferLike>("buffer");
const byteOffsetOf = builtInGetter<number>("byteOffset");

type View = Float32Array | Int16Array;
const VIEWS = { Float32Array, Int16Array };

/** Whether a buffer's memory may be written into by other threads at any time. */
export function isSharedBuffer(buffer: unknown): boolean {
  return Object.prototype.toString.call(buffer) === "[object SharedArrayBuffer]";
}

/** Whether that is so for a view's memory. */
export function isShared(view: View): boolean {
  return isSharedBuffer(bufferOf(view));
}

function isDetached(view: View): boolean {
  if (lengthOf(view) > 0) return false;
  try {
    new Uint8Array(bufferOf(view) as ArrayBuffer);
    return false;
  } catch {
    return true;
  }
}

/** Throws for what is no array of this kind, or has lost its memory. */
export function checkView(view: unknown, kind: keyof typeof VIEWS, name: string): void {
  if (tagOf(view) !== kind) {
    throw new Mp3AugmentError(
      "INVALID_AUDIO",
      `${name} is ${show(view)}, not ${/^[AEIOU]/.test(kind) ? "an" : "a"} ${kind}: ` +
        `convert it, for example by ${kind}.from()`,
    );
  }
  if (isDetached(view as View)) {
    throw new Mp3AugmentError(
      "INVALID_AUDIO",
      `${name} has a detached buffer (it was transferred): pass audio that this thread still owns`,
    );
  }
}

/** A plain view of the same memory, of a checked one. */
export function plainView<T extends View>(
  view: T,
  start: number = 0,
  length: number = lengthOf(view),
): T {
  const Plain = VIEWS[tagOf(view) as keyof typeof VIEWS];
  const byteOffset = byteOffsetOf(view) + Plain.BYTES_PER_ELEMENT * start;
  return new Plain(bufferOf(view) as ArrayBuffer, byteOffset, length) as T;
}

/** Memory that another thread may write into is never given to the library. */
export function privateView<T extends View>(view: T): T {
  return isShared(view) ? new VIEWS[tagOf(view) as keyof typeof VIEWS](view) as T : view;
}

/** Lets `write` fill views, by way of private memory where they are shared. */
export function writeInto<T extends View>(
  views: readonly T[],
  write: (views: readonly T[]) => void,
): void {
  const targets = views.map(privateView);
  write(targets);
  views.forEach((view, index) => {
    const target = targets[index];
    if (target !== undefined && target !== view) view.set(target);
  });
}
