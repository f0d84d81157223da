// A release's archive for C: both libraries of a target, the header, a pkg-config file and licences.
import { copyFileSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { Failure, findOnPath, needTool, root, run } from "../tools.mjs";
import { libraryPaths, type targets } from "./targets.mjs";

type Target = (typeof targets)[number];

const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

/** Runs a program that must succeed. */
export async function must(command: string, args: string[], cwd = root): Promise<string> {
  const { code, stdout, output } = await run(command, args, { cwd });
  if (code !== 0) throw new Failure(`${basename(command)} ${args.join(" ")} failed:\n${output}`);
  return stdout;
}

/** Makes an archive: the same bytes for the same files. */
export function tar(archive: string, from: string, ...what: string[]): Promise<string> {
  const fixed = ["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--mtime=@0"];
  return must("tar", [...fixed, "--gzip", `--file=${archive}`, "--create", "-C", from, ...what]);
}

const PKG_CONFIG = `prefix=\${pcfiledir}/../..
Name: mp3augment
Description: Audio through a real MP3 encoder and decoder, in memory
Version: ${version}
Cflags: -I\${prefix}/include
Libs: -L\${prefix}/lib -lmp3augment
`;

/** What Windows' linkers want instead of the DLL itself, MSVC's and MinGW's alike. */
async function makeImportLibrary({ name, shim }: Target, folder: string) {
  const header = readFileSync(join(root, "csrc/mp3augment.h"), "utf8");
  const names = [...header.matchAll(/^MP3A_API\b[^;(]*?\b(mp3a_\w+)\(/gm)].map(([, name]) => name);
  const definitions = join(folder, "mp3augment.def");
  writeFileSync(definitions, `LIBRARY ${shim}\nEXPORTS\n${names.join("\n")}\n`);
  const machine = name.startsWith("aarch64") ? "arm64" : "i386:x86-64";
  const library = join(folder, "mp3augment.lib");
  await must(needTool("zig"), ["dlltool", "-m", machine, "-d", definitions, "-l", library]);
  rmSync(definitions);
}

/**
 * Makes a target's archive.
 * @param work a folder for what goes in
 * @returns its path
 */
export async function makeArchive(target: Target, work: string, into: string): Promise<string> {
  const name = `mp3augment-${version}-${target.name}`;
  const at = (path: string) => join(work, name, path);
  for (const path of ["include", "lib/pkgconfig"]) mkdirSync(at(path), { recursive: true });
  copyFileSync(join(root, "csrc/mp3augment.h"), at("include/mp3augment.h"));
  for (const path of Object.values(libraryPaths(target))) {
    copyFileSync(path, at(`lib/${basename(path)}`));
  }
  if (target.format === "PE") await makeImportLibrary(target, at("lib"));
  writeFileSync(at("lib/pkgconfig/mp3augment.pc"), PKG_CONFIG);
  for (const path of ["LICENSE", "THIRD_PARTY.md"]) copyFileSync(join(root, path), at(path));
  cpSync(join(root, "licenses"), at("licenses"), { recursive: true });
  const archive = join(into, `${name}.tar.gz`);
  await tar(archive, work, name);
  return archive;
}

const PROGRAM = `#include <mp3augment.h>
#include <stdio.h>
int main(void) {
  static float samples[48000];
  mp3a_options options = {.struct_byte_size = sizeof options, .sample_rate_hz = 48000,
                          .bitrate_kbps = 64, .quality = 7, .channel_count = 1};
  samples[24000] = 1;
  int32_t status = mp3a_roundtrip(&options, samples, NULL, 48000, samples, NULL, 48000, NULL);
  printf("%s %d", mp3a_status_message(status), samples[24000] > 0.3f);
  return status;
}
`;

/**
 * Compiles a ten-line program against an archive and runs it.
 * @param runner what runs programs of this target, if not this machine itself
 * @param folder an empty one
 */
export async function tryArchive(
  archive: string,
  target: Target,
  folder: string,
  runner: { command: string[]; env: NodeJS.ProcessEnv } = { command: [], env: {} },
): Promise<void> {
  mkdirSync(folder, { recursive: true });
  await must("tar", ["xzf", archive, "--strip-components=1", "-C", folder]);
  writeFileSync(join(folder, "program.c"), PROGRAM);
  const lib = join(folder, "lib");
  const isWindows = target.format === "PE";
  const program = join(isWindows ? lib : folder, isWindows ? "program.exe" : "program");
  const gcc = isWindows ? undefined : findOnPath("gcc");
  await must(gcc ?? needTool("zig"), [
    ...gcc ? [] : ["cc", ...isWindows ? ["-target", target.zig] : []],
    ...[join(folder, "program.c"), "-o", program, `-I${join(folder, "include")}`],
    ...[`-L${lib}`, "-lmp3augment", ...isWindows ? [] : [`-Wl,-rpath,${lib}`]],
  ]);
  const [command = program, ...args] = [...runner.command, program];
  const { code, stdout, output } = await run(command, args, { env: runner.env });
  if (code !== 0 || !stdout.endsWith(" 1")) {
    throw new Failure(`the program ended with ${code}: ${output}`);
  }
}
