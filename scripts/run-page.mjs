// A page in a browser without a driver: it is served to it, and posts what it has to say. Its last
// line is "N passed, N failed".
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { Failure, findOnPath, root, runAsProgram } from "./tools.mjs";

/**
 * How each browser is told to open a page in a profile of its own.
 * @type {Record<string, { names: string[], args: (profile: string, url: string) => string[] }>}
 */
const BROWSERS = {
  chromium: {
    names: ["chromium", "chromium-browser", "google-chrome"],
    // Root, as containers are, may have no sandbox.
    args: (profile, url) => [
      "--headless=new",
      "--no-sandbox",
      "--disable-gpu",
      "--no-first-run",
      `--user-data-dir=${profile}`,
      url,
    ],
  },
  firefox: {
    names: ["firefox-esr", "firefox"],
    args: (profile, url) => ["--headless", "--no-remote", "--profile", profile, url],
  },
};

/** @param {string} browser */
export function findBrowser(browser) {
  return BROWSERS[browser]?.names.map((name) => findOnPath(name)).find((path) =>
    path !== undefined
  );
}

const TYPES = {
  html: "text/html",
  js: "text/javascript",
  css: "text/css",
  wasm: "application/wasm",
};

/**
 * Opens `index.html` of a folder, and waits until the page has posted its last line.
 * @param {string} browser of `BROWSERS`
 * @param {string} folder
 * @param {{ query?: string, timeoutMs?: number, say?: (line: string) => void }} [options]
 * @returns {Promise<string>} all lines
 */
export async function runPage(browser, folder, { query = "", timeoutMs = 120_000, say } = {}) {
  const path = findBrowser(browser);
  if (path === undefined) throw new Failure(`${browser} is not installed`);
  const profile = mkdtempSync(join(tmpdir(), "mp3-augment-page-"));
  /** @type {import("node:child_process").ChildProcess | undefined} */
  let child;
  /** @type {import("node:http").Server | undefined} */
  let server;
  try {
    return await new Promise((resolve, reject) => {
      let lines = "";
      server = createServer((request, response) => {
        // Shared memory wants both.
        response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
        response.setHeader("Cross-Origin-Embedder-Policy", "require-corp");
        if (request.method === "GET") return void serve(folder, request.url ?? "/", response);
        let body = "";
        request.on("data", (chunk) => body += chunk).on("end", () => {
          response.end();
          lines += `${body}\n`;
          say?.(body);
          if (/^\d+ passed, \d+ failed$/m.test(body)) resolve(lines);
        });
      }).listen(0, "127.0.0.1", () => {
        const address = /** @type {import("node:net").AddressInfo} */ (server?.address());
        const url = `http://127.0.0.1:${address.port}/${query && `?${query}`}`;
        child = spawn(path, BROWSERS[browser]?.args(profile, url) ?? [], {
          stdio: "ignore",
          detached: process.platform !== "win32",
          env: { ...process.env, HOME: profile },
        });
        child.on("error", reject);
      });
      setTimeout(() => {
        reject(new Failure(`${browser} has not come to an end in ${timeoutMs} ms:\n${lines}`));
      }, timeoutMs).unref();
    });
  } finally {
    await end(child);
    server?.closeAllConnections();
    server?.close();
    rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

/**
 * @param {string} folder
 * @param {string} url
 * @param {import("node:http").ServerResponse} response
 */
function serve(folder, url, response) {
  const { pathname } = new URL(url, "http://127.0.0.1");
  const path = join(folder, pathname === "/" ? "index.html" : pathname);
  try {
    const type = TYPES[/** @type {keyof typeof TYPES} */ (/\w+$/.exec(path)?.[0] ?? "")];
    if (type) response.setHeader("Content-Type", type);
    response.end(readFileSync(path));
  } catch {
    response.writeHead(404).end();
  }
}

/**
 * Ends a browser with all the processes it has started.
 * @param {import("node:child_process").ChildProcess | undefined} child
 */
async function end(child) {
  if (child?.pid === undefined || child.exitCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  if (process.platform === "win32") child.kill();
  else process.kill(-child.pid, "SIGKILL");
  await ended;
}

// node scripts/run-page.mjs BROWSER FOLDER [QUERY]
await runAsProgram(
  import.meta.url,
  async ([browser = "chromium", folder = "dist/specs", query = ""]) => {
    const lines = await runPage(browser, join(root, folder), { query, say: console.log });
    return / 0 failed\n$/.test(lines) ? 0 : 1;
  },
);
