// npm run release:dry: all that a release has, in dist/release/, without a clone for its users: the
// command as one executable per target, both C libraries per target with header, pkg-config file and
// licences, both packages' contents, the sources, and the sums of all of it. lib/ must hold all
// targets: `npm run build -- release`.
import { createHash } from "node:crypto";
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { makePackage } from "./package.ts";
import { executables } from "./release/executables.ts";
import { libraryPaths, targets } from "./release/targets.mjs";
import { Failure, needTool, root, run, runAsProgram } from "./tools.mjs";

const folder = join(root, "dist", "release");
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

async function must(command: string, args: string[], cwd = root): Promise<string> {
  const { code, stdout, output } = await run(command, args, { cwd });
  if (code !== 0) throw new Failure(`${basename(command)} ${args.join(" ")} failed:\n${output}`);
  return stdout;
}

/** The same bytes for the same files. */
function tar(archive: string, from: string, ...what: string[]): Promise<string> {
  const fixed = ["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--mtime=@0"];
  return must("tar", [...fixed, "--gzip", `--file=${archive}`, "--create", "-C", from, ...what]);
}

async function makeExecutables() {
  for (const [name, target] of Object.entries(executables)) {
    if (!name.startsWith("bun-")) continue; // Deno's fetch their runtime from a server
    const suffix = target.includes("windows") ? ".exe" : "";
    const outfile = join(folder, `mp3-augment-${version}-${target}${suffix}`);
    await must(needTool("bun"), ["scripts/compile.ts", "--target", name, "--outfile", outfile]);
  }
}

const PKG_CONFIG = `prefix=\${pcfiledir}/../..
Name: mp3augment
Description: Audio through a real MP3 encoder and decoder, in memory
Version: ${version}
Cflags: -I\${prefix}/include
Libs: -L\${prefix}/lib -lmp3augment
`;

/** What a C program needs of a target. */
export async function makeArchive(
  target: (typeof targets)[number],
  work: string,
  into = folder,
): Promise<string> {
  const name = `mp3augment-${version}-${target.name}`;
  const at = (path: string) => join(work, name, path);
  for (const path of ["include", "lib/pkgconfig"]) mkdirSync(at(path), { recursive: true });
  copyFileSync(join(root, "csrc/mp3augment.h"), at("include/mp3augment.h"));
  for (const path of Object.values(libraryPaths(target))) {
    copyFileSync(path, at(`lib/${basename(path)}`));
  }
  writeFileSync(at("lib/pkgconfig/mp3augment.pc"), PKG_CONFIG);
  for (const path of ["LICENSE", "THIRD_PARTY.md"]) copyFileSync(join(root, path), at(path));
  cpSync(join(root, "licenses"), at("licenses"), { recursive: true });
  const archive = join(into, `${name}.tar.gz`);
  await tar(archive, work, name);
  return archive;
}

/** The project's and the third parties' sources, as LAME's licence asks for. */
async function makeSources(work: string) {
  const name = `mp3-augment-${version}-source`;
  const files = (await must("git", ["ls-files"])).trim().split("\n");
  for (const path of [...files, "third_party"]) {
    cpSync(join(root, path), join(work, name, path), { recursive: true });
  }
  await tar(join(folder, `${name}.tar.gz`), work, name);
}

await runAsProgram(import.meta.url, async () => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const work = mkdtempSync(join(root, "dist", "release-"));
  try {
    copyFileSync(await makePackage(), join(folder, `mp3-augment-${version}.tgz`));
    await must(needTool("deno"), ["publish", "--dry-run", "--allow-dirty", "--no-check"]);
    for (const target of targets) await makeArchive(target, work);
    await makeSources(work);
    await makeExecutables();
  } finally {
    rmSync(work, { recursive: true });
  }
  const names = readdirSync(folder).sort();
  const sums = names.map((name) =>
    `${createHash("sha256").update(readFileSync(join(folder, name))).digest("hex")}  ${name}\n`
  );
  writeFileSync(join(folder, "sha256sums.txt"), sums.join(""));
  for (const name of names) console.error(`${statSync(join(folder, name)).size}  ${name}`);
});
