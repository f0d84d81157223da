/** The README's examples, as pasted. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { library } from "../../src/native.ts";
import { projectPath, runScript, runtimeName, test } from "../harness.ts";

/** What the blocks print: the runtime's own, and the one of the transform. */
const PRINTS = { Deno: "true", Bun: "2", Node: "true" };
const HEADINGS = [
  { heading: `${runtimeName} \\(`, prints: PRINTS[runtimeName] },
  { heading: "## The transform", prints: "true\ntrue" },
];

/** Inside the project the package's name leads to it, but for Node, which has its JavaScript elsewhere. */
function localize(code: string): string {
  return code.replace(/"mp3-augment(\/transform)?"/, (name, entry = "") => {
    if (runtimeName === "Deno") return `"@mp3-augment/mp3-augment${entry}"`;
    if (runtimeName === "Bun") return name;
    return `"${new URL(`../../${entry ? "transform" : "mod"}.js`, import.meta.url).href}"`;
  });
}

for (const { heading, prints } of HEADINGS) {
  test(`the README's block after ${heading} runs as pasted`, async () => {
    const readme = readFileSync(projectPath("README.md"), "utf8");
    const [, code = ""] = new RegExp(`^${heading}[^]*?\`\`\`[jt]s\n([^]*?)\`\`\``, "m")
      .exec(readme) ?? [];
    assert.match(code, /^import/);
    mkdirSync(projectPath("demo/out"), { recursive: true });
    const extension = runtimeName === "Node" ? "mjs" : "ts";
    const path = projectPath(`demo/out/readme-${runtimeName.toLowerCase()}.${extension}`);
    writeFileSync(path, localize(code));
    const { stdout, stderr } = await runScript(path, [`--allow-ffi=${library().folder}`]);
    assert.equal(stderr, "");
    assert.equal(stdout.trim(), prints);
  });
}

test("the README is one page", () => {
  const readme = readFileSync(projectPath("README.md"), "utf8");
  assert.ok(new TextEncoder().encode(readme).length <= 10_000);
  assert.ok(readme.split("\n").length <= 150);
});

test("links of the README and of docs/ lead to files that are there", () => {
  const pages = readdirSync(projectPath("docs")).filter((name) => name.endsWith(".md"));
  for (const page of ["README.md", "SECURITY.md", ...pages.map((name) => `docs/${name}`)]) {
    const text = readFileSync(projectPath(page), "utf8");
    for (const [, target = ""] of text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)) {
      if (/^https?:/.test(target)) continue;
      assert.ok(existsSync(projectPath(join(dirname(page), target))), `${page}: ${target}`);
    }
  }
});
