// Node in other versions than the one that runs here, by the npm package `node`.
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { findOnPath, installPackages, root, run } from "./tools.mjs";

/**
 * The newest Node of a major version: the one on PATH, else one that npm installs into dist/nodes/.
 * @param {number} major
 * @returns {Promise<string | undefined>} its path; undefined where npm can't install it, or it can't run
 */
export async function findNode(major) {
  const here = findOnPath("node");
  if (here && (await run(here, ["--version"])).output.startsWith(`v${major}.`)) return here;
  const folder = join(root, "dist", "nodes", String(major));
  const ending = process.platform === "win32" ? ".exe" : "";
  const node = join(folder, "node_modules", "node", "bin", `node${ending}`);
  if (!existsSync(node)) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "package.json"), "{}");
    const install = ["install", "--prefix", folder, "--no-audit", "--no-fund", `node@${major}`];
    await run(findOnPath("npm") ?? "npm", install);
  }
  const runs = async () => existsSync(node) && (await run(node, ["--version"])).code === 0;
  if (await runs()) return node;
  // Node 26 is linked with it, and Debian's smallest systems have none.
  if (existsSync(node)) await installPackages(`Node ${major} doesn't start`, ["libatomic1"]);
  return (await runs()) ? node : undefined;
}
