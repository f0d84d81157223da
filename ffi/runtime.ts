import type { Handle, Native } from "./symbols.ts";

/** The platform, in Zig's words. */
export interface Platform {
  readonly arch: "x86_64" | "aarch64";
  readonly os: "linux" | "macos" | "windows";
  /** Of Linux: which C library the process runs on. */
  readonly libc?: "gnu" | "musl";
}

/** The completions of background jobs, as the runtime hears of them. */
export interface Completions {
  readonly queue: Handle;
  /** To be called for each job after its start; keeps the process alive until it has finished. */
  expectOne(): void;
}

/** What the runtime may have to be allowed: servers, folders, and environment variables. */
export type Needs = Readonly<
  Partial<Record<"net" | "read" | "write" | "ffi" | "env", readonly string[]>>
>;

/** A way to open and call C libraries. */
export interface Binding {
  /** Opens libmp3lame and then the shim. Throws the runtime's own error. */
  open(lamePath: string, shimPath: string): Native;
  /** A queue that calls `onFinished` with the tag of each job. */
  createCompletions(native: Native, onFinished: (tag: number) => void): Completions | undefined;
  /**
   * New memory for a result, of the library's, which uses it again once it is collected; there may
   * be anything in it. Undefined, or none such: the runtime's own is as good.
   */
  allocate?(native: Native, byteLength: number): ArrayBuffer | undefined;
}

/** What differs between runtimes. */
export interface Runtime extends Binding {
  readonly name: string;
  /** Whether this is an executable that has the module's files inside. */
  readonly embedsFiles: boolean;
  /** The platform; undefined parts are ones that there is no library for. */
  platform(): Platform | undefined;
  /** An environment variable; undefined also when it may not be read. */
  readEnvironment(name: string): string | undefined;
  /** Whether a file may be read without asking anybody. */
  mayRead(path: string): boolean;
  /** What to do about an error of what takes these needs, if it is the runtime's affair. */
  advice(error: unknown, needs: Needs): string | undefined;
}
