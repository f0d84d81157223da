const MAX_BYTE_SIZE = 8 << 20;
const TIMEOUT_MS = 120_000;
const RUNNING = 0;
const DONE = 1;

// Reports [state, byte size] and then the bytes, of the file or of the error's text.
const SOURCE = `onmessage = async ({ data: { url, header, bytes } }) => {
  const report = (state, content) => {
    bytes.set(content);
    header[1] = content.length;
    Atomics.store(header, 0, state);
    Atomics.notify(header, 0);
  };
  try {
    const response = await fetch(url);
    if (!response.ok) throw new Error("status " + response.status);
    report(${DONE}, new Uint8Array(await response.arrayBuffer()));
  } catch (error) {
    const cause = error.cause ? " (" + error.cause.message + ")" : "";
    report(2, new TextEncoder().encode((error.message + cause).slice(0, 1000)));
  }
};`;

/**
 * A file from the network, synchronously: a worker fetches, this thread waits. So the first call
 * of the library can stay synchronous, and the module needs no top-level await, which would keep
 * every local user from `require` and bytecode.
 */
export function download(url: string): Uint8Array {
  const memory = new SharedArrayBuffer(8 + MAX_BYTE_SIZE);
  const header = new Int32Array(memory, 0, 2);
  const bytes = new Uint8Array(memory, 8);
  const worker = new Worker(`data:text/javascript,${encodeURIComponent(SOURCE)}`, {
    type: "module",
  });
  try {
    worker.postMessage({ url, header, bytes });
    Atomics.wait(header, 0, RUNNING, TIMEOUT_MS);
  } finally {
    worker.terminate();
  }
  const [state = RUNNING, byteSize = 0] = header;
  if (state === RUNNING) throw new Error(`no answer in ${TIMEOUT_MS / 1000} s`);
  const content = bytes.slice(0, byteSize);
  if (state === DONE) return content;
  throw new Error(new TextDecoder().decode(content));
}
