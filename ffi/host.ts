import type { Platform } from "./runtime.ts";

/** The process, as Bun and Node have it: the part that is used here. */
export interface HostProcess {
  arch: string;
  platform: string;
  env: Record<string, string | undefined>;
  getBuiltinModule(name: "node:fs"): { readFileSync(path: string, encoding: "utf8"): string };
  report?: { getReport(): { header: { glibcVersionRuntime?: string } } };
}

/** What a host that describes itself as Node does runs on. */
export function platformOf(process: HostProcess): Platform | undefined {
  const arch = process.arch === "x64" ? "x86_64" : "aarch64";
  if (process.arch !== "x64" && process.arch !== "arm64") return undefined;
  if (process.platform === "linux") return { arch, os: "linux", libc: libcOf(process) };
  if (process.platform === "darwin") return { arch, os: "macos" };
  return process.platform === "win32" ? { arch, os: "windows" } : undefined;
}

/** Which C library this process has mapped. */
function libcOf(process: HostProcess): "gnu" | "musl" {
  try {
    const maps = process.getBuiltinModule("node:fs").readFileSync("/proc/self/maps", "utf8");
    return maps.includes("/ld-musl-") ? "musl" : "gnu";
  } catch { // Node's --permission may forbid it; the report is slower
    return process.report?.getReport().header.glibcVersionRuntime === undefined ? "musl" : "gnu";
  }
}
