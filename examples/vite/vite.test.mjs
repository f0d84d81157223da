// The example in a project that has the package as npm would install it: built by Vite, and run in a
// headless Chromium from a server that knows nothing but files.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { findChromium, needTool, root, run } from "../../scripts/tools.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "mp3-augment-vite-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** @param {string} command @param {string[]} args */
async function must(command, args, cwd = folder) {
  const { code, output } = await run(command, args, {
    cwd,
    timeoutMs: 300_000,
  });
  assert.equal(code, 0, output);
  return output;
}

/** Files of the built page, as any server would give them. */
function serve() {
  const types = { html: "text/html", js: "text/javascript" };
  return createServer(({ url = "/" }, response) => {
    const path = join(folder, "dist", url === "/" ? "index.html" : url);
    const type =
      types[/** @type {keyof typeof types} */ (/\w+$/.exec(path)?.[0] ?? "")];
    try {
      response.setHeader("Content-Type", type ?? "application/octet-stream");
      response.end(readFileSync(path));
    } catch {
      response.writeHead(404).end();
    }
  });
}

const canInstall =
  spawnSync("npm", ["view", "vite", "version"], { stdio: "ignore" }).status ===
    0;
const lacks = !findChromium()
  ? "there is no Chromium here"
  : !canInstall && "npm can't fetch Vite";

test("Vite builds the example, and it codes in Chromium", {
  skip: lacks,
  timeout: 300_000,
}, async () => {
  await must(needTool("bun"), ["scripts/package.ts"], root);
  const { version } = JSON.parse(
    readFileSync(join(root, "package.json"), "utf8"),
  );
  for (const name of ["package.json", "index.html", "main.js"]) {
    cpSync(join(here, name), join(folder, name));
  }
  const tarball = join(root, "dist", `mp3-augment-${version}.tgz`);
  await must("npm", ["install", "--no-audit", "--no-fund", tarball]);
  await must("npm", ["run", "build"]);
  const sizes = readdirSync(join(folder, "dist/assets")).map((name) => [
    name,
    statSync(join(folder, "dist/assets", name)).size,
  ]);
  assert.ok(
    sizes.every(([name]) => /\.js$/.test(String(name))),
    "no native library in the page",
  );

  const server = serve();
  await new Promise((resolve) =>
    server.listen(0, "127.0.0.1", () => resolve(undefined))
  );
  const browser = await chromium.launch({
    executablePath: findChromium() ?? "",
    args: ["--no-sandbox"],
  });
  try {
    const page = await browser.newPage();
    /** @type {string[]} */
    const errors = [];
    page.on("pageerror", (error) => errors.push(String(error)));
    page.on(
      "console",
      (message) => message.type() === "error" && errors.push(message.text()),
    );
    const { port } =
      /** @type {import("node:net").AddressInfo} */ (server.address());
    await page.goto(`http://127.0.0.1:${port}/`);
    const status = page.getByRole("status");
    // The bytes are those of the native library: tests/module/encode.test.ts compares those.
    await status.filter({ hasText: /^44100 samples, \d{4} bytes/ }).waitFor();
    const first = await status.textContent();
    await page.locator("input").setInputFiles(
      fileURLToPath(new URL("lena.wav", import.meta.resolve("audio-lena"))),
    );
    await status.filter({ hasText: /^5\d{5} samples, \d{5} bytes/ }).waitFor();
    assert.notEqual(await status.textContent(), first);
    const seconds = await page.evaluate(() =>
      new Promise((resolve) => {
        const player = /** @type {any} */ (globalThis).document.querySelector(
          "audio",
        );
        if (player.duration > 0) resolve(player.duration);
        player.onloadedmetadata = () => resolve(player.duration);
      })
    );
    assert.ok(Math.abs(Number(seconds) - 12.3) < 0.2, `${seconds} s`);
    assert.deepEqual(errors.filter((error) => !/favicon|404/.test(error)), []);
  } finally {
    await browser.close();
    server.close();
  }
});
