// Fetches LAME 3.100 and minimp3.h into third_party/. Whichever way they come, every file is
// checked against the same digests, those of the upstream release: scripts/sources/pins.json.
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { gunzipSync } from "node:zlib";
import { readTar } from "./tar.mjs";
import { Failure, findOnPath, root, run, runAsProgram } from "./tools.mjs";

/**
 * @typedef {{ folder: string, url: string, archiveSha256?: string, files: Record<string, string> }} Pin
 *   `files`: sha256 by path inside `folder`
 * @typedef {Map<string, Uint8Array>} Files contents by path inside `folder`
 * @typedef {{ work: string, timeoutMs: number, vendored?: Promise<string> }} Context
 *   `work`: a temporary folder of this run; `vendored`: where cargo has put the crates
 * @typedef {{ origin(pin: Pin): string, get(pin: Pin, context: Context): Promise<Files> }} Source
 */

export const pinsPath = join(root, "scripts", "sources", "pins.json");
const SOURCE_NAMES = ["upstream", "cargo", "debian"];
const UPSTREAM_TIMEOUT_MS = 5_000;
const CLIENT_TIMEOUT_MS = 180_000;
const MAX_DOWNLOAD_BYTES = 16 * 1024 * 1024;
const MAX_UNPACKED_BYTES = 64 * 1024 * 1024;

/** @type {Record<string, Record<string, Source>>} */
const sources = {
  lame: {
    upstream: {
      origin: (pin) => pin.url,
      get: async (pin, { timeoutMs }) =>
        unpackLame(await download(pin.url, timeoutMs), pin, pin.url),
    },
    cargo: {
      origin: () => "the crate mp3lame-sys",
      get: async (pin, context) =>
        undoCrateEdits(
          readFiles(join(await vendorCrates(context), "mp3lame-sys-0.1.11", "lame-3.100"), pin),
        ),
    },
    debian: {
      origin: () => "Debian's source package lame",
      get: async (pin, { work }) =>
        unpackLame(await downloadDebianLame(work), pin, "Debian's source package lame"),
    },
  },
  minimp3: {
    upstream: {
      origin: (pin) => pin.url,
      get: async (pin, { timeoutMs }) =>
        new Map([["minimp3.h", await download(pin.url, timeoutMs)]]),
    },
    cargo: {
      origin: () => "the crate minimp3-sys",
      get: async (pin, context) =>
        readFiles(join(await vendorCrates(context), "minimp3-sys-0.6.0", "minimp3"), pin),
    },
  },
};

/**
 * Makes `folder` hold every pinned file. Does nothing if it does already, which is found out by
 * hashing all of them: that takes 10 ms and misses no deleted or changed file.
 * @param {{ folder?: string, pins?: Record<string, Pin>, order?: string[], timeoutMs?: number,
 *   report?: (message: string) => void }} [options]
 * @returns {Promise<boolean>} whether anything had to be fetched
 */
export async function fetchSources({
  folder = join(root, "third_party"),
  pins = JSON.parse(readFileSync(pinsPath, "utf8")),
  order = parseOrder(process.env.MP3_AUGMENT_SOURCES),
  timeoutMs = UPSTREAM_TIMEOUT_MS,
  report = console.error,
} = {}) {
  const wanted = Object.entries(pins).filter(([, pin]) => !isComplete(folder, pin));
  if (wanted.length === 0) return false;

  mkdirSync(folder, { recursive: true });
  removeLeftovers(folder);
  /** @type {Context} */
  const context = { work: mkdtempSync(join(folder, `.fetching-${process.pid}-`)), timeoutMs };
  try {
    const outcomes = await Promise.allSettled(wanted.map(async ([name, pin]) => {
      const files = await fetchPackage(sources[name] ?? {}, pin, order, context, report);
      install(files, pin, folder, context.work);
    }));
    const errors = outcomes.flatMap((outcome) =>
      outcome.status === "rejected" ? [outcome.reason] : []
    );
    const unexpected = errors.find((error) => !(error instanceof Failure));
    if (unexpected) throw unexpected;
    if (errors.length > 0) throw new Failure(errors.map((error) => error.message).join("\n"));
  } finally {
    removeFolder(context.work);
  }
  return true;
}

/**
 * The sources to try, in order. `MP3_AUGMENT_SOURCES` narrows them, for machines where one is
 * known not to work and for tests.
 * @param {string | undefined} value for example "cargo" or "debian,cargo"
 */
export function parseOrder(value) {
  if (!value) return SOURCE_NAMES;
  const names = value.split(",").map((name) => name.trim());
  const unknown = names.find((name) => !SOURCE_NAMES.includes(name));
  if (unknown === undefined) return names;
  throw new Failure(
    `MP3_AUGMENT_SOURCES names "${unknown}"; it takes ${
      SOURCE_NAMES.join(", ")
    }, with commas between them`,
  );
}

/**
 * The first source that has exactly the pinned files wins. A wrong digest is reported at once,
 * even if another source then works.
 * @param {Record<string, Source>} packageSources
 * @param {Pin} pin
 * @param {string[]} order
 * @param {Context} context
 * @param {(message: string) => void} report
 */
async function fetchPackage(packageSources, pin, order, context, report) {
  const attempts = [];
  for (const name of order) {
    const source = packageSources[name];
    if (!source) continue;
    const origin = source.origin(pin);
    try {
      const files = await source.get(pin, context);
      throwIfWrong(files, pin, origin);
      report(`${pin.folder}: verified, from ${origin}`);
      return files;
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      attempts.push(`${origin}: ${error.message}`);
      report(`${error instanceof WrongDigest ? "WARNING: " : ""}${pin.folder}: ${attempts.at(-1)}`);
    }
  }
  const reasons = attempts.map((attempt) => `\n  - ${attempt}`).join("");
  throw new Failure(
    `${pin.folder} could not be fetched${
      reasons || `: it can't be had from ${order.join(" or ")}`
    }${adviceFor(pin)}`,
  );
}

/**
 * What whoever can reach neither upstream nor a registry does by hand.
 * @param {Pin} pin
 */
function adviceFor(pin) {
  const folder = `third_party/${pin.folder}/`;
  const what = pin.archiveSha256
    ? `unpack ${pin.url} as ${folder}`
    : `put ${pin.url} into ${folder}`;
  return `\n  Install cargo 1.68 or newer (rustup.rs), or ${what}, and try again: ` +
    "what is there and has the pinned digests is taken.";
}

/** Something arrived, but not what is pinned: worth a warning even if another source works. */
class WrongDigest extends Failure {}

/** @param {Uint8Array} bytes */
function sha256(bytes) {
  return createHash("sha256").update(bytes).digest("hex");
}

/**
 * @param {Files} files
 * @param {Pin} pin
 * @param {string} origin
 */
function throwIfWrong(files, pin, origin) {
  for (const [path, expected] of Object.entries(pin.files)) {
    const bytes = files.get(path);
    if (!bytes) throw new WrongDigest(`${path} is missing in what came from ${origin}`);
    throwIfWrongDigest(path, bytes, expected, origin);
  }
}

/**
 * @param {string} file
 * @param {Uint8Array} bytes
 * @param {string} expected
 * @param {string} origin
 */
function throwIfWrongDigest(file, bytes, expected, origin) {
  const actual = sha256(bytes);
  if (actual === expected) return;
  throw new WrongDigest(`${file} from ${origin} has sha256 ${actual}, but ${expected} is pinned`);
}

/**
 * @param {string} folder
 * @param {Pin} pin
 */
function isComplete(folder, pin) {
  const files = readFiles(join(folder, pin.folder), pin);
  return Object.entries(pin.files).every(([path, expected]) => {
    const bytes = files.get(path);
    return bytes && sha256(bytes) === expected;
  });
}

/**
 * Those of the pinned files that `folder` has.
 * @param {string} folder
 * @param {Pin} pin
 * @returns {Files}
 */
function readFiles(folder, pin) {
  const paths = Object.keys(pin.files).filter((path) => existsSync(join(folder, path)));
  return new Map(paths.map((path) => [path, readFileSync(join(folder, path))]));
}

/**
 * Puts the pinned files in place by renaming, so that nobody ever sees half a folder, neither
 * after an interruption nor while two set-ups run at once.
 * @param {Files} files
 * @param {Pin} pin
 * @param {string} folder
 * @param {string} work
 */
function install(files, pin, folder, work) {
  const fresh = join(work, pin.folder);
  for (const path of Object.keys(pin.files)) {
    mkdirSync(dirname(join(fresh, path)), { recursive: true });
    writeFileSync(join(fresh, path), /** @type {Uint8Array} */ (files.get(path)));
  }
  const target = join(folder, pin.folder);
  try {
    if (isComplete(folder, pin)) return; // another set-up was faster
    if (existsSync(target)) renameSync(target, join(work, `${pin.folder}.old`));
    renameSync(fresh, target);
  } catch (error) {
    if (!isComplete(folder, pin)) throw error;
  }
}

/**
 * Removes what killed runs have left. The folders' names tell whose they are: other set-ups may be
 * running right now.
 * @param {string} folder
 */
function removeLeftovers(folder) {
  for (const name of readdirSync(folder)) {
    const pid = /^\.fetching-(\d+)-/.exec(name)?.[1];
    if (pid && !isRunning(Number(pid))) removeFolder(join(folder, name));
  }
}

/**
 * A folder that can't be removed now (a killed run's cargo may still be writing) is left to the
 * next run: it is no reason to fail.
 * @param {string} path
 */
function removeFolder(path) {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {
    console.error(`${path} is left to be removed by the next set-up`);
  }
}

/** @param {number} pid */
function isRunning(pid) {
  try {
    return process.kill(pid, 0); // sends nothing, only asks
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === "EPERM";
  }
}

/**
 * @param {string} url
 * @param {number} timeoutMs how long the other side may be silent
 */
async function download(url, timeoutMs) {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), timeoutMs);
  try {
    const response = await fetch(url, { signal: silence.signal });
    if (!response.ok || !response.body) throw new Failure(`the server answered ${response.status}`);
    const chunks = [];
    let byteLength = 0;
    for await (const chunk of response.body) {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), timeoutMs);
      byteLength += chunk.length;
      if (byteLength > MAX_DOWNLOAD_BYTES) {
        throw new Failure("the file is far larger than expected");
      }
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  } catch (error) {
    if (error instanceof Failure) throw error;
    if (silence.signal.aborted) throw new Failure(`no answer for ${timeoutMs / 1000} s`);
    const { message, cause } = /** @type {Error} */ (error);
    throw new Failure(`can't be reached (${cause instanceof Error ? cause.message : message})`);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * @param {Uint8Array} tarball
 * @param {Pin} pin
 * @param {string} origin
 * @returns {Files}
 */
function unpackLame(tarball, pin, origin) {
  if (pin.archiveSha256) {
    throwIfWrongDigest(`${pin.folder}.tar.gz`, tarball, pin.archiveSha256, origin);
  }
  const top = `${pin.folder}/`;
  const entries = readTar(gunzipSync(tarball, { maxOutputLength: MAX_UNPACKED_BYTES }));
  return new Map([...entries].map(([name, bytes]) => [name.slice(top.length), bytes]));
}

/**
 * Both crates come in one go, so both packages share one run of cargo.
 * @param {Context} context
 */
function vendorCrates(context) {
  context.vendored ??= (async () => {
    const cargo = findOnPath("cargo");
    if (!cargo) throw new Failure("cargo is not installed");
    const manifest = join(root, "scripts", "sources", "Cargo.toml");
    const folder = join(context.work, "crates");
    const args = ["vendor", "--locked", "--versioned-dirs", "--manifest-path", manifest, folder];
    const { code, output } = await run(cargo, args, { timeoutMs: CLIENT_TIMEOUT_MS });
    if (code !== 0) throw new Failure(`cargo vendor failed: ${lastLines(output)}`);
    return folder;
  })();
  return context.vendored;
}

/** What the crate mp3lame-sys 0.1.11 changes in LAME 3.100: [file, the crate's text, LAME's text]. */
export const crateEdits = [
  ["include/libmp3lame.sym", "lame_init\n", "lame_init\nlame_init_old\n"],
  ["libmp3lame/util.c", "\nvoid\nlame_report_fnc(", "\nvoid \nlame_report_fnc("],
  ["libmp3lame/util.c", "(__linux__) && !defined(__ANDROID__)\n", "(__linux__)\n"],
  ["libmp3lame/util.c", "/*\n         * Set the Linux mask", "/* \n         * Set the Linux mask"],
];

/**
 * Turns the crate's files back into LAME's own; their digests are checked afterwards as always.
 * @param {Files} files
 * @returns {Files}
 */
export function undoCrateEdits(files) {
  const restored = new Map(files);
  for (const [path = "", theirs = "", upstream = ""] of crateEdits) {
    const text = Buffer.from(restored.get(path) ?? []).toString("latin1");
    const parts = text.split(theirs);
    if (parts.length !== 2) {
      throw new Failure(
        `${path} holds ${JSON.stringify(theirs)} ${parts.length - 1} times, not once`,
      );
    }
    restored.set(path, Buffer.from(parts.join(upstream), "latin1"));
  }
  return restored;
}

/**
 * Downloads LAME's tarball with apt-get, from the archives this machine already uses. Lists and
 * settings are private to `work`: the system's own stay as they are. `trusted=yes` spares the
 * archive's keys, because the pinned digest decides what is accepted.
 * @param {string} work
 */
async function downloadDebianLame(work) {
  const apt = findOnPath("apt-get");
  if (!apt) throw new Failure("apt-get is not installed");
  const format = "deb-src [trusted=yes] $(REPO_URI) $(RELEASE) $(COMPONENT)";
  const targets = await run(apt, ["indextargets", "--format", format, "Created-By: Packages"]);
  const lines = [
    ...new Set(targets.stdout.split("\n").filter((line) => line.startsWith("deb-src "))),
  ];
  if (lines.length === 0) throw new Failure("apt-get knows no package archive");

  const folder = join(work, "debian");
  mkdirSync(join(folder, "lists", "partial"), { recursive: true });
  mkdirSync(join(folder, "cache", "archives", "partial"), { recursive: true });
  writeFileSync(join(folder, "sources.list"), `${lines.join("\n")}\n`);
  const settings = [
    `Dir::Etc::sourcelist=${join(folder, "sources.list")}`,
    "Dir::Etc::sourceparts=/dev/null",
    `Dir::State::lists=${join(folder, "lists")}`,
    `Dir::Cache=${join(folder, "cache")}`,
    "APT::Sandbox::User=root",
  ].flatMap((setting) => ["-o", setting]);
  const options = { cwd: folder, timeoutMs: CLIENT_TIMEOUT_MS };
  const update = await run(apt, [...settings, "update"], options);
  const source = await run(apt, [...settings, "source", "--download-only", "lame"], options);
  const tarball = join(folder, "lame_3.100.orig.tar.gz");
  if (existsSync(tarball)) return readFileSync(tarball);
  throw new Failure(`apt-get source failed: ${lastLines(update.output + source.output)}`);
}

/** @param {string} text */
function lastLines(text) {
  return text.trim().split("\n").slice(-3).join("; ");
}

await runAsProgram(import.meta.url, async () => {
  if (!await fetchSources()) console.error("third_party/ is complete");
});
