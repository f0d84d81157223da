// npm run play: docs/play.html, one file to hear and see what MP3 does, with the library in
// WebAssembly inside.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { Failure, root, runAsProgram } from "../scripts/tools.mjs";
import { renderPlay } from "./page.ts";

/** The part of Bun's bundler that is used here: Deno checks this file too. */
interface BunBuild {
  build(options: {
    entrypoints: string[];
    target: "browser";
    format: "iife";
    minify: boolean;
    define: Record<string, string>;
  }): Promise<{ outputs: { text(): Promise<string> }[] }>;
  Transpiler: new (
    options: { loader: "js" },
  ) => { scanImports(script: string): { path: string }[] };
}

/** The page's script, in which nothing ends the element that it stands in. */
async function bundle(): Promise<string> {
  const { build, Transpiler } = (globalThis as unknown as { Bun: BunBuild }).Bun;
  const { outputs } = await build({
    entrypoints: [join(root, "play", "client.ts")],
    target: "browser",
    format: "iife",
    minify: true,
    // A worker from a page of a disk can't be a module.
    define: { "import.meta.url": '""', "import.meta.require": "undefined" },
  });
  const [output, ...others] = outputs;
  if (!output || others.length > 0) throw new Failure("bun made no single file of play/client.ts");
  const script = (await output.text()).replaceAll("</script", "<\\/script");
  // A page from a disk has nothing beside it.
  const [missing] = new Transpiler({ loader: "js" }).scanImports(script);
  if (missing) throw new Failure(`the page would import ${missing.path}`);
  return script;
}

/** Makes the page. @returns its path */
export async function makePlay(path = join(root, "docs", "play.html")): Promise<string> {
  writeFileSync(path, renderPlay(await bundle()));
  return path;
}

await runAsProgram(import.meta.url, async () => {
  process.stdout.write(`${await makePlay()}\n`);
});
