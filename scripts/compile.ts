// npm run compile [-- --target bun-linux-arm64 --outfile FILE]
//
// The command as one file that needs nothing else, by `bun build --compile`: Bun, the code and both
// shared libraries, which it unpacks into the user's cache at its first start. MP3_AUGMENT_LIB makes
// it use others, as LAME's licence asks for. Another platform's libraries come from
// `zig build release`.
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { executables, hostExecutable, isExecutable } from "./release/executables.ts";
import { libraryPaths, targets } from "./release/targets.mjs";
import { Failure, needTool, root, run, runAsProgram } from "./tools.mjs";

/**
 * The program's first file.
 * @param libraries their paths
 */
function makeEntry({ lame, shim }: { lame: string; shim: string }) {
  const quote = JSON.stringify;
  return `import lame from ${quote(lame)} with { type: "file" };
import shim from ${quote(shim)} with { type: "file" };
import process from "node:process";
import { loadLibrary } from ${quote(join(root, "mod.ts"))};

try {
  loadLibrary({ embedded: { lame, shim } });
  await import(${quote(join(root, "cli/main.ts"))});
} catch (error) {
  process.stderr.write(\`error: \${error.message}\\n\`);
  process.exitCode = 3;
}
`;
}

/** @param name of the executable's platform */
function librariesOf(name: string) {
  const target = isExecutable(name) && targets.find((one) => one.name === executables[name]);
  if (!target || !name.startsWith("bun-")) {
    const names = Object.keys(executables).filter((one) => one.startsWith("bun-"));
    throw new Failure(`${name} is none of ${names.join(", ")}`);
  }
  const libraries = libraryPaths(target);
  if (existsSync(libraries.lame) && existsSync(libraries.shim)) return libraries;
  throw new Failure(`lib/${target.name} is not built: zig build release`);
}

await runAsProgram(import.meta.url, async (args) => {
  const text = { type: "string" } as const;
  const { values } = parseArgs({ args, options: { target: text, outfile: text } });
  const { target = hostExecutable } = values;
  const libraries = librariesOf(target);
  const outfile = resolve(values.outfile ?? join(root, "dist", "mp3-augment"));
  mkdirSync(dirname(outfile), { recursive: true });
  // Inside of the project, so that packages are found.
  mkdirSync(join(root, "dist"), { recursive: true });
  const work = mkdtempSync(join(root, "dist", "compile-"));
  try {
    const entry = join(work, "mp3-augment.ts");
    writeFileSync(entry, makeEntry(libraries));
    const { code, output } = await run(
      needTool("bun"),
      ["build", "--compile", `--target=${target}`, entry, "--outfile", outfile],
    );
    if (code !== 0) throw new Failure(`bun build failed:\n${output}`);
  } finally {
    rmSync(work, { recursive: true });
  }
  process.stderr.write(`${outfile}\n`);
});
