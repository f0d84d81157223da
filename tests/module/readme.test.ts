/** The README's examples, as pasted. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { library } from "../../src/native.ts";
import { projectPath, runScript, runtimeName, test } from "../harness.ts";

const PRINTS = { Deno: "true", Bun: "2", Node: "true" };

test("the README's example runs as pasted", async () => {
  const readme = readFileSync(projectPath("README.md"), "utf8");
  const [, code = ""] = new RegExp(`^${runtimeName} [^]*?\`\`\`[jt]s\n([^]*?)\`\`\``, "m")
    .exec(readme) ?? [];
  assert.match(code, /^import/);
  // Inside the project its own name leads to it.
  mkdirSync(projectPath("demo/out"), { recursive: true });
  const extension = runtimeName === "Node" ? "mjs" : "ts";
  const path = projectPath(`demo/out/readme-${runtimeName.toLowerCase()}.${extension}`);
  // Node has the package's JavaScript elsewhere.
  const built = new URL("../../mod.js", import.meta.url).href;
  writeFileSync(path, runtimeName === "Node" ? code.replace('"mp3-augment"', `"${built}"`) : code);
  const { stdout, stderr } = await runScript(path, [`--allow-ffi=${library().folder}`]);
  assert.equal(stderr, "");
  assert.equal(stdout.trim(), PRINTS[runtimeName]);
});
