/** One listener per signal, however many calls it aborts: Node warns of more than ten. */
const waiting = new WeakMap<AbortSignal, Set<() => void>>();

/** Calls `callback` when the signal aborts; returns what takes that back. */
export function onAbort(signal: AbortSignal | undefined, callback: () => void): () => void {
  if (signal === undefined) return () => {};
  const callbacks = waiting.get(signal) ?? listen(signal);
  callbacks.add(callback);
  return () => void callbacks.delete(callback);
}

function listen(signal: AbortSignal): Set<() => void> {
  const callbacks = new Set<() => void>();
  waiting.set(signal, callbacks);
  // It stays: without callbacks it does nothing, and the signal's end is its end.
  signal.addEventListener("abort", () => [...callbacks].forEach((callback) => callback()));
  return callbacks;
}
