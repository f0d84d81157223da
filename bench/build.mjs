// Builds the bench's programs in C by `zig cc`, into bench/.build. What is up to date stays.
import { existsSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { Failure, isMusl, needTool, root, run } from "../scripts/tools.mjs";

const lame = join(root, "third_party", "lame-3.100");
const buildFolder = join(root, "bench", ".build");

// As in build.zig, which says why.
const LAME_DEFINES = [
  ..."STDC_HEADERS HAVE_ERRNO_H HAVE_FCNTL_H HAVE_LIMITS_H HAVE_STDINT_H HAVE_INTTYPES_H"
    .split(
      " ",
    ),
  ..."HAVE_STRCHR HAVE_MEMCPY TAKEHIRO_IEEE754_HACK USE_FAST_LOG NDEBUG".split(
    " ",
  ),
  "ieee754_float32_t=float",
  'PACKAGE="lame"',
].map((name) => `-D${name}`);
const SSE_DEFINES = ["-DHAVE_XMMINTRIN_H", "-DMIN_ARCH_SSE"];

// The baseline CPU, for that is what a distributed library is built for.
const FLAGS = [
  ..."-std=gnu11 -O3 -mcpu=baseline -fno-sanitize=undefined -ffp-contract=off"
    .split(" "),
  "-fomit-frame-pointer",
];
const INCLUDES = [
  `-I${join(lame, "include")}`,
  `-I${join(root, "csrc")}`,
  `-isystem${join(root, "third_party", "minimp3")}`,
];

/** @param {string[]} args */
async function compile(args) {
  const { code, output } = await run(needTool("zig"), [
    "cc",
    ...FLAGS,
    ...args,
  ]);
  if (code !== 0) throw new Failure(`zig cc failed:\n${output.trim()}`);
}

/**
 * @param {string} target
 * @param {string[]} inputs
 */
function isUpToDate(target, inputs) {
  if (!existsSync(target)) return false;
  const { mtimeMs } = statSync(target);
  return inputs.every((input) => statSync(input).mtimeMs < mtimeMs);
}

/** Why C programs are not built here, or undefined. */
function whyNot() {
  return process.platform === "win32" ? "the programs in C need POSIX" : undefined;
}

/** Stock LAME as object files. */
async function buildStockLame() {
  const folder = join(buildFolder, "lame");
  const sources = join(lame, "libmp3lame");
  mkdirSync(folder, { recursive: true });
  const files = readdirSync(sources).filter((name) =>
    name.endsWith(".c") && name !== "mpglib_interface.c"
  );
  const isX86 = process.arch === "x64";
  if (isX86) files.push("vector/xmm_quantize_sub.c");
  /** @type {string[]} */
  const objects = [];
  for (const file of files) {
    const source = join(sources, file);
    const object = join(folder, file.replace("/", "-").replace(/\.c$/, ".o"));
    objects.push(object);
    if (isUpToDate(object, [source])) continue;
    const usesSse = isX86 && /fft\.c$|^vector\//.test(file);
    const defines = usesSse ? [...LAME_DEFINES, ...SSE_DEFINES] : LAME_DEFINES;
    await compile([
      `-I${sources}`,
      `-I${join(lame, "include")}`,
      ...defines,
      "-w",
      "-c",
      source,
      "-o",
      object,
    ]);
  }
  return objects;
}

/** The folder of the two libraries. */
function libraryFolder() {
  const cpu = process.arch === "x64" ? "x86_64" : "aarch64";
  const os = process.platform === "darwin" ? "macos" : `linux-${isMusl() ? "musl" : "gnu"}`;
  return process.env.MP3_AUGMENT_LIB || join(root, "lib", `${cpu}-${os}`);
}

/** @param {"mp3augment" | "mp3lame"} name */
function libraryFile(name) {
  const major = name === "mp3lame" ? "0" : "";
  const file = process.platform === "darwin"
    ? `lib${name}${major && `.${major}`}.dylib`
    : `lib${name}.so${major && `.${major}`}`;
  return join(libraryFolder(), file);
}

/**
 * @param {string} name of the program
 * @param {string[]} sources relative to the project
 * @param {string[]} libraries object files and shared libraries
 * @param {string[]} dependencies what else makes it out of date
 */
async function link(name, sources, libraries, dependencies) {
  const program = join(buildFolder, name);
  const paths = sources.map((source) => join(root, source));
  if (!isUpToDate(program, [...paths, ...libraries, ...dependencies])) {
    const rpath = `-Wl,-rpath,${libraryFolder()}`;
    const pthread = ["-lm", "-lpthread"];
    const args = [...INCLUDES, ...paths, ...libraries, rpath, ...pthread];
    mkdirSync(buildFolder, { recursive: true });
    await compile([...args, "-o", program]);
  }
  return program;
}

const serveFiles = [
  join(root, "bench", "peers", "serve.h"),
  join(root, "bench", "build.mjs"),
];

/** @typedef {Promise<{ command: string, args: string[] } | { skipped: string }>} Start */

/**
 * Stock LAME and minimp3 in one thread.
 * @returns {Start}
 */
export async function buildStock() {
  const reason = whyNot();
  if (reason) return { skipped: reason };
  const sources = ["bench/peers/stock.c", "bench/peers/serve.c"];
  const program = await link(
    "stock",
    sources,
    await buildStockLame(),
    serveFiles,
  );
  return { command: program, args: [] };
}

/**
 * This library, called from C.
 * @returns {Start}
 */
export async function buildCApi() {
  const reason = whyNot();
  if (reason) return { skipped: reason };
  const sources = ["bench/peers/c-api.c", "bench/peers/serve.c"];
  const libraries = [libraryFile("mp3augment"), libraryFile("mp3lame")];
  return {
    command: await link("c-api", sources, libraries, serveFiles),
    args: [],
  };
}

/** The measurement of bench/threshold.c, on the sources as they are and the built libmp3lame. */
export async function buildThreshold() {
  const reason = whyNot();
  if (reason) throw new Failure(reason);
  const rooms = ["common", "encode", "decode", "roundtrip", "."];
  const files = rooms.flatMap((room) =>
    readdirSync(join(root, "csrc", room)).map((name) => join("csrc", room, name))
  );
  // threshold.c includes pipeline.c, to reach inside.
  const sources = files.filter((path) =>
    path.endsWith(".c") && !/pipeline\.c$|windows_link\.c$/.test(path)
  );
  const paths = ["bench/threshold.c", ...sources];
  const headers = files.filter((path) => path.endsWith(".h")).map((path) => join(root, path));
  return await link("threshold", paths, [libraryFile("mp3lame")], headers);
}
