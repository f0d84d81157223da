// npm run compile [-- --target bun-linux-x64 --library lib/x86_64-linux-gnu --outfile FILE]
//
// The command as one file that needs nothing else, by `bun build --compile`: Bun, the code and both
// shared libraries. At its first start it unpacks the libraries into the user's temporary folder;
// MP3_AUGMENT_LIB makes it use others, as LAME's licence asks for.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { Failure, needTool, root, run, runAsProgram } from "./tools.mjs";

/**
 * The program's first file.
 * @param {string[]} libraries their paths
 */
function makeEntry(libraries) {
  const imports = libraries.map((path, index) =>
    `import library${index} from ${JSON.stringify(path)} with { type: "file" };`
  );
  const pairs = libraries.map((path, index) =>
    `[${JSON.stringify(basename(path))}, library${index}]`
  );
  return `${imports.join("\n")}
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { loadLibrary } from ${JSON.stringify(join(root, "mod.ts"))};

if (!process.env.MP3_AUGMENT_LIB) {
  const files = [${pairs.join(", ")}].map(([name, path]) => ({ name, bytes: readFileSync(path) }));
  const hash = createHash("sha256");
  for (const { bytes } of files) hash.update(bytes);
  const id = hash.digest("hex").slice(0, 16);
  const user = process.getuid?.() ?? userInfo().username; // in a container a user may have no name
  const folder = join(tmpdir(), \`mp3-augment-\${user}-\${id}\`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (statSync(folder).uid !== (process.getuid?.() ?? 0)) {
    throw new Error(\`\${folder} belongs to somebody else\`); // who could put other libraries there
  }
  for (const { name, bytes } of files) {
    const path = join(folder, name);
    if (existsSync(path) && readFileSync(path).equals(bytes)) continue;
    const partial = \`\${path}.\${process.pid}\`;
    writeFileSync(partial, bytes, { mode: 0o700 });
    renameSync(partial, path);
  }
  loadLibrary({ path: folder });
}
await import(${JSON.stringify(join(root, "cli/main.ts"))});
`;
}

/** The folder in lib/ that this machine's set-up has filled. */
function defaultLibrary() {
  const folders = readdirSync(join(root, "lib"));
  const [only] = folders;
  if (only === undefined || folders.length > 1) {
    throw new Failure(`say which library: --library lib/NAME, of ${folders.join(", ")}`);
  }
  return join(root, "lib", only);
}

await runAsProgram(import.meta.url, async (args) => {
  const text = /** @type {const} */ ({ type: "string" });
  const options = { target: text, library: text, outfile: text };
  const { values } = parseArgs({ args, options });
  const outfile = resolve(values.outfile ?? join(root, "dist", "mp3-augment"));
  const folder = resolve(values.library ?? defaultLibrary());
  const libraries = readdirSync(folder).filter((name) => /\.(so|so\.0|dylib|dll)$/.test(name))
    .map((name) => join(folder, name));
  mkdirSync(dirname(outfile), { recursive: true });
  // Inside of the project, so that packages are found.
  mkdirSync(join(root, "dist"), { recursive: true });
  const work = mkdtempSync(join(root, "dist", "compile-"));
  try {
    const entry = join(work, "mp3-augment.ts");
    writeFileSync(entry, makeEntry(libraries));
    const target = values.target ? [`--target=${values.target}`] : [];
    const { code } = await run(
      needTool("bun"),
      ["build", "--compile", ...target, entry, "--outfile", outfile],
      { show: true },
    );
    if (code !== 0) throw new Failure("bun build failed");
  } finally {
    rmSync(work, { recursive: true });
  }
  process.stderr.write(`${outfile}\n`);
});
