// How programs of other targets run on an x86-64 Linux machine: under Debian's qemu-user, musl and
// Wine, which are installed where that is possible.
import { existsSync, mkdirSync, mkdtempSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { findOnPath, root, run } from "../tools.mjs";

export interface Runner {
  /** What runs the programs, for the table. */
  by: string;
  /** To be put before a program and its arguments. */
  command: string[];
  env: NodeJS.ProcessEnv;
  /** A path as the program knows it. */
  toGuest(path: string): string;
}

const apt = findOnPath("apt-get");
const canInstall = apt !== undefined && process.getuid?.() === 0;
const quiet = { env: { DEBIAN_FRONTEND: "noninteractive" } };

let updated: Promise<unknown> | undefined;

/**
 * Installs Debian packages unless `isThere` already.
 * @returns why they are missing
 */
async function install(isThere: () => boolean, packages: string[]): Promise<string | undefined> {
  if (isThere()) return;
  if (canInstall && apt) {
    updated ??= run(apt, ["update"], quiet);
    await updated;
    console.error(`installing ${packages.join(" ")}`);
    await run(apt, ["install", "--yes", "--no-install-recommends", ...packages], quiet);
  }
  if (!isThere()) return `needs Debian's ${packages.join(", ")}`;
}

function plain(command: string[], by: string): Runner {
  return { by, command, env: {}, toGuest: (path) => path };
}

const armGlibc = "/usr/aarch64-linux-gnu";
const armMusl = join(root, "zig-out", "aarch64-musl");
const hasQemu = () => findOnPath("qemu-aarch64") !== undefined;

/** Debian's musl for arm64, unpacked into a folder of its own; the system stays as it is. */
async function unpackArmMusl() {
  const interpreter = join(armMusl, "lib/ld-musl-aarch64.so.1");
  if (existsSync(interpreter)) return;
  if (!apt) return "needs Debian's musl:arm64";
  const state = join(armMusl, "apt");
  for (const name of ["lists/partial", "cache/archives/partial"]) {
    mkdirSync(join(state, name), { recursive: true });
  }
  const settings = [
    "APT::Architecture=arm64",
    "APT::Architectures=arm64",
    `Dir::State::Lists=${state}/lists`,
    `Dir::Cache=${state}/cache`,
  ].flatMap((setting) => ["-o", setting]);
  await run(apt, [...settings, "update"]);
  await run(apt, [...settings, "download", "musl"], { cwd: state });
  const file = readdirSync(state).find((name) => name.endsWith(".deb"));
  if (file) await run("dpkg-deb", ["-x", join(state, file), armMusl]);
  if (!existsSync(interpreter)) return "Debian's musl:arm64 can't be downloaded";
}

const runners: Record<string, () => Promise<Runner | string>> = {
  "x86_64-linux-gnu": () => Promise.resolve(plain([], "this machine")),
  "aarch64-linux-gnu": async () => {
    const missing = await install(
      () => hasQemu() && existsSync(armGlibc),
      ["qemu-user", "libc6-arm64-cross"],
    );
    return missing ?? plain(["qemu-aarch64", "-L", armGlibc], "qemu-user, glibc");
  },
  "x86_64-linux-musl": async () => {
    const missing = await install(() => existsSync("/lib/ld-musl-x86_64.so.1"), ["musl"]);
    return missing ?? plain([], "this machine, musl");
  },
  "aarch64-linux-musl": async () => {
    const missing = await install(hasQemu, ["qemu-user"]) ?? await unpackArmMusl();
    return missing ?? plain(["qemu-aarch64", "-L", armMusl], "qemu-user, musl");
  },
  "x86_64-windows-gnu": async () => {
    const missing = await install(() => findOnPath("wine") !== undefined, ["wine", "wine64"]);
    if (missing) return missing;
    const prefix = mkdtempSync(join(tmpdir(), "mp3-augment-wine-"));
    const env = { WINEPREFIX: prefix, WINEDEBUG: "-all" };
    await run("wine", ["wineboot", "--init"], { env });
    const toGuest = (path: string) => `Z:${path.replaceAll("/", "\\")}`;
    return { by: "Wine", command: ["wine"], env, toGuest };
  },
};

/** @returns or why its programs can't run here */
export function findRunner(target: string): Promise<Runner | string> {
  if (process.platform !== "linux" || process.arch !== "x64") {
    return Promise.resolve("programs of all targets run on x86-64 Linux only");
  }
  const find = runners[target];
  return find ? find() : Promise.resolve("nothing on Linux runs it");
}
