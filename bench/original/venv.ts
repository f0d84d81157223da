// The Python package that this project follows, in a virtual environment of its own: made by
// whoever needs it first (the bench or a test), in bench/.venv, which git ignores.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { findOnPath, run } from "../../scripts/tools.mjs";

const requirementsPath = fileURLToPath(
  new URL("requirements.txt", import.meta.url),
);
const folder = fileURLToPath(new URL("../.venv", import.meta.url));
const stampPath = join(folder, "installed.txt");
const python = process.platform === "win32"
  ? join(folder, "Scripts", "python.exe")
  : join(folder, "bin", "python");
const script = fileURLToPath(new URL("roundtrip.py", import.meta.url));

/** How to start the original's worker, installed at the first call, or why there is none. */
export async function prepareOriginal(): Promise<
  { command: string; args: string[] } | { skipped: string }
> {
  const skipped = await install();
  return skipped === undefined ? { command: python, args: [script] } : { skipped };
}

/** @returns why it is not installed */
async function install(): Promise<string | undefined> {
  const requirements = readFileSync(requirementsPath, "utf8");
  const isInstalled = existsSync(stampPath) &&
    readFileSync(stampPath, "utf8") === requirements;
  // The Python that it was made with may be gone.
  if (isInstalled && await works(python, ["-c", "import fast_mp3_augment"])) {
    return undefined;
  }

  const systemPython = findOnPath("python3") ?? findOnPath("python");
  if (!systemPython) return "Python is not installed";
  const made = await attempt(systemPython, ["-m", "venv", "--clear", folder]);
  if (made !== undefined) {
    return `Python can't make a virtual environment: ${made}`;
  }
  const pip = [
    "-m",
    "pip",
    "install",
    "--quiet",
    "--disable-pip-version-check",
  ];
  // No compiling from source: a missing wheel means that the package isn't made for this machine.
  const args = [
    ...pip,
    "--only-binary=:all:",
    "--requirement",
    requirementsPath,
  ];
  const installed = await attempt(python, args);
  if (installed !== undefined) {
    return `pip can't install fast-mp3-augment: ${installed}`;
  }
  writeFileSync(stampPath, requirements);
  return undefined;
}

async function works(command: string, args: string[]) {
  return await attempt(command, args) === undefined;
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
