// What the headers of shared libraries say, by LIEF (Python), the one package of a registry that
// reads ELF, Mach-O and PE alike.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { Failure, findOnPath, root, run } from "../tools.mjs";

const folder = join(root, "zig-out", "lief");
const python = process.platform === "win32"
  ? join(folder, "Scripts", "python.exe")
  : join(folder, "bin", "python");
const requirements = join(root, "scripts/release/requirements.txt");
const script = join(root, "scripts/release/inspect_library.py");

/**
 * @typedef {object} Facts
 * @property {string} format ELF, Mach-O or PE
 * @property {string} cpu
 * @property {string | null} name SONAME, install name or the DLL's own name
 * @property {string[]} libraries what it needs
 * @property {string[]} searchPaths where it looks for them
 * @property {string[]} exports
 * @property {boolean} isStripped
 * @property {string[]} [symbolVersions] ELF
 * @property {string} [minimumVersion] Mach-O and PE
 * @property {boolean} [isSigned] Mach-O
 */

/** @returns {Promise<string | undefined>} why LIEF can't be had */
export async function installInspector() {
  const stamp = join(folder, "installed.txt");
  const wanted = readFileSync(requirements, "utf8");
  const isInstalled = existsSync(stamp) && readFileSync(stamp, "utf8") === wanted;
  if (isInstalled && (await run(python, ["-c", "import lief"])).code === 0) return;
  const system = findOnPath("python3") ?? findOnPath("python");
  if (!system) return "Python is not installed";
  const made = await run(system, ["-m", "venv", "--clear", folder]);
  if (made.code !== 0) return "Python can't make a virtual environment";
  const options = ["--quiet", "--disable-pip-version-check", "--only-binary=:all:"];
  const installed = await run(python, [
    ...["-m", "pip", "install"],
    ...options,
    ...["--requirement", requirements],
  ]);
  if (installed.code !== 0) return `pip can't install LIEF: ${installed.output.trim()}`;
  writeFileSync(stamp, wanted);
}

/**
 * @param {string[]} paths
 * @returns {Promise<Facts[]>}
 */
export async function inspectLibraries(paths) {
  const { code, stdout, output } = await run(python, [script, ...paths]);
  if (code !== 0) throw new Failure(`LIEF can't read the libraries: ${output.trim()}`);
  return JSON.parse(stdout);
}
