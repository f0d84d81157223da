// The recipe of docs/replace-lame.md, done: somebody's own libmp3lame takes the place of ours.
import assert from "node:assert/strict";
import { cpSync, existsSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { installPackages, isMusl, needTool, root, run } from "./tools.mjs";

/** Prints the libraries in use and a checksum of what a round trip makes. */
const program = `
  const { compressRoundtrip } = await import(${
  JSON.stringify(pathToFileURL(join(root, "mod.ts")))
});
  const { readFileSync } = await import("node:fs");
  const samples = Float32Array.from({ length: 30000 }, (_, i) => ((i * i) % 1999) / 1999 - 0.5);
  let sum = 0;
  for (const quality of [2, 5, 7]) {
    const output = compressRoundtrip(samples, { sampleRate: 44100, bitrateKbps: 64, quality });
    for (const bits of new Uint32Array(output.buffer)) sum = (Math.imul(sum, 31) + bits) | 0;
  }
  const maps = readFileSync("/proc/self/maps", "utf8");
  const paths = [...maps.matchAll(/\\S+libmp3(?:lame|augment)\\.so\\S*/g)].map(([path]) => path);
  console.log(JSON.stringify({ sum, paths: [...new Set(paths)].sort() }));
`;

async function useLibraries(runtime: string, folder: string) {
  const args = runtime === "deno" ? ["eval", program] : ["-e", program];
  const env = { MP3_AUGMENT_LIB: folder };
  const { code, stdout, output } = await run(needTool(runtime), args, { env });
  assert.equal(code, 0, output);
  return JSON.parse(stdout);
}

const cpu = process.arch === "arm64" ? "aarch64" : "x86_64";
const built = join(root, "lib", `${cpu}-linux-gnu`);
const isGlibc = process.platform === "linux" && !isMusl();

/** Round trips in both runtimes with another libmp3lame give what they give with ours. */
async function replaceBy(lame: string) {
  const folder = mkdtempSync(join(tmpdir(), "mp3-augment-own-lame-"));
  try {
    cpSync(built, folder, { recursive: true });
    rmSync(join(folder, "libmp3lame.so.0"));
    cpSync(realpathSync(lame), join(folder, "libmp3lame.so.0"));
    for (const runtime of ["deno", "bun"]) {
      const ours = await useLibraries(runtime, built);
      const own = await useLibraries(runtime, folder);
      assert.deepEqual(own.paths, [
        join(folder, "libmp3augment.so"),
        join(folder, "libmp3lame.so.0"),
      ]);
      assert.equal(own.sum, ours.sum); // the same LAME, so the same bits
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test("a stock LAME takes the place of our libmp3lame", { skip: !isGlibc }, async () => {
  const { code, output } = await run(needTool("zig"), ["build", "stock"]);
  assert.equal(code, 0, output.slice(-2000));
  await replaceBy(join(root, "zig-out/stock/libmp3lame.so.0"));
});

/** Debian's build, which is installed where it may be. */
async function findDebiansLame(): Promise<string | undefined> {
  if (!isGlibc) return undefined;
  const path = `/usr/lib/${cpu}-linux-gnu/libmp3lame.so.0`;
  if (!existsSync(path)) await installPackages("Debian's LAME is not here", ["libmp3lame0"]);
  return existsSync(path) ? path : undefined;
}

const debians = await findDebiansLame();
const lack = debians ? false : "Debian's libmp3lame0 is not here and can't be installed";
test(
  "Debian's LAME takes the place of our libmp3lame",
  { skip: lack },
  () => replaceBy(debians ?? ""),
);
