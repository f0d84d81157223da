/** As much of WASI as a program needs that prints and ends. */

/** Errno's names. */
const BADF = 8, SPIPE = 70;

class Exit extends Error {
  readonly code: number;

  constructor(code: number) {
    super(`exit ${code}`);
    this.code = code;
  }
}

/** Runs a program; what it prints, and how it ended. */
export async function runWasi(
  bytes: BufferSource,
  parameters: readonly string[] = [],
): Promise<{ code: number; output: string }> {
  const args = ["program", ...parameters].map((text) => new TextEncoder().encode(`${text}\0`));
  let output = "";
  const view = () => new DataView((instance.exports["memory"] as WebAssembly.Memory).buffer);
  const imports = {
    args_sizes_get: (count: number, byteSize: number) => {
      view().setUint32(count, args.length, true);
      view().setUint32(byteSize, args.reduce((sum, { length }) => sum + length, 0), true);
      return 0;
    },
    args_get: (pointers: number, at: number) => {
      for (const text of args) {
        view().setUint32(pointers, at, true);
        new Uint8Array(view().buffer, at, text.length).set(text);
        pointers += 4;
        at += text.length;
      }
      return 0;
    },
    clock_time_get: (_id: number, _precision: bigint, time: number) => {
      view().setBigUint64(time, BigInt(Math.round(performance.now() * 1e6)), true);
      return 0;
    },
    fd_write: (_fd: number, parts: number, count: number, written: number) => {
      let total = 0;
      for (let i = 0; i < count; i++) {
        const at = view().getUint32(parts + 8 * i, true);
        const length = view().getUint32(parts + 8 * i + 4, true);
        output += new TextDecoder().decode(new Uint8Array(view().buffer, at, length));
        total += length;
      }
      view().setUint32(written, total, true);
      return 0;
    },
    fd_fdstat_get: () => BADF,
    fd_seek: () => SPIPE,
    fd_close: () => 0,
    proc_exit: (code: number) => {
      throw new Exit(code);
    },
  };
  const module = await WebAssembly.compile(bytes);
  const instance = await WebAssembly.instantiate(module, { wasi_snapshot_preview1: imports });
  try {
    (instance.exports["_start"] as () => void)();
  } catch (error) {
    if (error instanceof Exit) return { code: error.code, output };
    throw error;
  }
  return { code: 0, output };
}
