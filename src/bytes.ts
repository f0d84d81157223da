import { Mp3AugmentError, show } from "../ffi/errors.ts";
import { isSharedBuffer, tagOf } from "./views.ts";

function invalid(message: string): Mp3AugmentError {
  return new Mp3AugmentError("INVALID_AUDIO", message);
}

/** Bytes as C takes them: a plain view. Those that other threads may change are copied. */
export function toBytes(given: unknown, name: string): Uint8Array {
  const kind = Object.prototype.toString.call(given);
  const isBuffer = kind === "[object ArrayBuffer]" || kind === "[object SharedArrayBuffer]";
  if (!isBuffer && !ArrayBuffer.isView(given)) {
    throw invalid(`${name} is ${show(given)}; it must be a Uint8Array or another view of bytes`);
  }
  if (!isBuffer && tagOf(given) !== undefined && tagOf(given) !== "Uint8Array") {
    throw invalid(`${name} is ${show(given)}; it must be a Uint8Array: take one of its buffer`);
  }
  const bytes = view(given as ArrayBuffer | ArrayBufferView, isBuffer, name);
  if (bytes.byteLength > 0xffffffff) {
    throw invalid(`${name} has ${bytes.byteLength} bytes; at most 4 GiB are allowed: split it`);
  }
  return isSharedBuffer(bytes.buffer) ? new Uint8Array(bytes) : bytes;
}

function view(
  given: ArrayBuffer | ArrayBufferView,
  isBuffer: boolean,
  name: string,
): Uint8Array {
  try {
    // With a length, so that the view doesn't follow its buffer's.
    if (isBuffer) return new Uint8Array(given as ArrayBuffer, 0, given.byteLength);
    const { buffer, byteOffset, byteLength } = given as ArrayBufferView;
    return new Uint8Array(buffer, byteOffset, byteLength);
  } catch (cause) {
    throw new Mp3AugmentError(
      "INVALID_AUDIO",
      `${name} has a detached buffer (it was transferred): pass bytes that this thread still owns`,
      { cause },
    );
  }
}
