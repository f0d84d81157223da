import type { Handle } from "../ffi/symbols.ts";
import { Mp3AugmentError } from "../ffi/errors.ts";

/** What a use after the end gets. */
export function closedError(): Mp3AugmentError {
  return new Mp3AugmentError("INVALID_OPTION", "the stream is closed: make a new one");
}

interface Owned {
  readonly pointer: Handle;
  readonly destroy: (pointer: Handle) => void;
}

/** Frees what its owner has forgotten. */
const forgotten = new FinalizationRegistry<Owned>(({ pointer, destroy }) => destroy(pointer));

/** A native object: freed once, at the latest when it is garbage. */
export class NativeHandle {
  #owned: Owned | undefined;

  /** Takes over an object that C has made. */
  constructor(pointer: Handle, destroy: (pointer: Handle) => void) {
    this.#owned = { pointer, destroy };
    forgotten.register(this, this.#owned, this);
  }

  /** The pointer, for a call; throws when it was freed. */
  get pointer(): Handle {
    if (this.#owned !== undefined) return this.#owned.pointer;
    throw closedError();
  }

  /** Frees the object; does nothing the second time. */
  free(): void {
    const owned = this.#owned;
    if (owned === undefined) return;
    this.#owned = undefined;
    forgotten.unregister(this);
    owned.destroy(owned.pointer);
  }
}
