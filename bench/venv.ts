// Python packages in a virtual environment of their own, made by whoever needs them first.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { findOnPath, run } from "../scripts/tools.mjs";

/** What is installed, and where. */
export interface Venv {
  /** Where it is; git ignores it. */
  readonly folder: string;
  /** A file for pip. */
  readonly requirements: string;
  /** A line of Python that shows that it works. */
  readonly probe: string;
  /** For messages. */
  readonly name: string;
}

/** The environment's Python, installed at the first call, or why there is none. */
export async function prepareVenv(venv: Venv): Promise<{ python: string } | { skipped: string }> {
  const python = process.platform === "win32"
    ? join(venv.folder, "Scripts", "python.exe")
    : join(venv.folder, "bin", "python");
  const skipped = await install(venv, python);
  return skipped === undefined ? { python } : { skipped };
}

/** @returns why it is not installed */
async function install(
  { folder, requirements, probe, name }: Venv,
  python: string,
): Promise<string | undefined> {
  const stamp = join(folder, "installed.txt");
  const wanted = readFileSync(requirements, "utf8");
  const isInstalled = existsSync(stamp) && readFileSync(stamp, "utf8") === wanted;
  // The Python that it was made with may be gone.
  if (isInstalled && await attempt(python, ["-c", probe]) === undefined) return undefined;

  const systemPython = findOnPath("python3") ?? findOnPath("python");
  if (!systemPython) return "Python is not installed";
  const made = await attempt(systemPython, ["-m", "venv", "--clear", folder]);
  if (made !== undefined) return `Python can't make a virtual environment: ${made}`;
  const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
  // No compiling from source: a missing wheel means that the package isn't made for this machine.
  const args = [...pip, "--only-binary=:all:", "--requirement", requirements];
  const installed = await attempt(python, args);
  if (installed !== undefined) return `pip can't install ${name}: ${installed}`;
  const works = await attempt(python, ["-c", probe]);
  if (works !== undefined) return `${name} doesn't run here: ${works}`;
  writeFileSync(stamp, wanted);
  return undefined;
}

/** @returns the last line of a failure */
async function attempt(command: string, args: string[]): Promise<string | undefined> {
  try {
    const { code, output } = await run(command, args);
    return code === 0 ? undefined : output.trim().split("\n").at(-1) ?? `exit code ${code}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
