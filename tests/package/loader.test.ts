/** Libraries that are fetched from a server or unpacked from an executable, and their cache. */
import assert from "node:assert/strict";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import process from "node:process";
import { cachePlaces, fillCache } from "../../ffi/cache.ts";
import { fileNames } from "../../ffi/target.ts";
import { digestsModule, digestsOf, incompleteTargets } from "../../scripts/write-digests.ts";
import { library } from "../../src/native.ts";
import { type Outcome, projectPath, run, runScript, runtimeName, test } from "../harness.ts";

const { folder: libraryFolder, runtime } = library();
const platform = runtime.platform();
assert(platform);
const names = fileNames(platform);
const target = basename(libraryFolder);
const onWindows = platform.os === "windows";

async function inTemporaryFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "mp3-augment-loader-"));
  try {
    await body(folder);
  } finally {
    chmodSync(folder, 0o700);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The one folder of both libraries in a cache; nothing else may be left there. */
function cachedFolder(cache: string): string {
  const [only, ...more] = readdirSync(cache);
  assert.deepEqual(more, []);
  const folder = join(cache, only ?? "");
  assert.deepEqual(readdirSync(folder).sort(), [names.lame, names.shim].sort());
  return folder;
}

function assertWholeCache(cache: string): void {
  const folder = cachedFolder(cache);
  for (const name of [names.lame, names.shim]) {
    assert.deepEqual(readFileSync(join(folder, name)), readFileSync(join(libraryFolder, name)));
    if (!onWindows) assert.equal(statSync(join(folder, name)).mode & 0o077, 0);
  }
  if (!onWindows) assert.equal(statSync(folder).mode & 0o777, 0o700);
}

const EMBEDDED = projectPath("tests/scripts/load-embedded.ts");

/** Loads the library from files as an executable would. */
async function unpack(
  cache: string,
  from = libraryFolder,
  env: Record<string, string> = {},
): Promise<string> {
  const parameters = [join(from, names.lame), join(from, names.shim)];
  const { stdout, stderr } = await runScript(EMBEDDED, ["--allow-all"], {
    // Without a home Bun would keep its own cache in the current folder.
    env: {
      BUN_RUNTIME_TRANSPILER_CACHE_PATH: "0",
      MP3_AUGMENT_CACHE: cache,
      MP3_AUGMENT_LIB: "",
      ...env,
    },
    parameters,
  });
  assert.equal(stderr, "");
  return stdout.trim();
}

test("embedded: unpacked, and unpacked again where the cache was damaged", async () => {
  await inTemporaryFolder(async (folder) => {
    const cache = join(folder, "not", "there yet");
    assert.equal(await unpack(cache), "loaded 100");
    assertWholeCache(cache);
    const unpacked = cachedFolder(cache);
    const shim = readFileSync(join(unpacked, names.shim));
    writeFileSync(join(unpacked, names.shim), shim.subarray(0, shim.length / 2));
    const lame = readFileSync(join(unpacked, names.lame));
    lame[lame.length >> 1]! ^= 1;
    writeFileSync(join(unpacked, names.lame), lame);
    chmodSync(unpacked, 0o777);
    assert.equal(await unpack(cache), "loaded 100");
    assertWholeCache(cache);
  });
});

test("embedded: a good cache isn't written again", async () => {
  await inTemporaryFolder(async (folder) => {
    await unpack(folder);
    const shim = join(cachedFolder(folder), names.shim);
    const { ino, mtimeMs } = statSync(shim);
    assert.equal(await unpack(folder), "loaded 100");
    assert.deepEqual({ ino, mtimeMs }, {
      ino: statSync(shim).ino,
      mtimeMs: statSync(shim).mtimeMs,
    });
  });
});

test("embedded: what can't be put into its place leaves nothing beside it", () =>
  inTemporaryFolder((root) => {
    const read = () => Uint8Array.of(1, 2, 3);
    const digest = "039058c6f2c0cb492c533b0a4d14ef77cc0f78abccced5287d84a1a2011cfb81";
    const [lame, shim] = ["lame", "shim"].map((name) => ({ name, digest, read }));
    assert(lame && shim);
    const folder = fillCache(root, { lame, shim });
    assert.deepEqual(readdirSync(folder).sort(), ["lame", "shim"]);
    rmSync(join(folder, "shim"));
    mkdirSync(join(folder, "shim", "taken"), { recursive: true });
    assert.throws(() => fillCache(root, { lame, shim }), /rename|directory|EISDIR|ENOTEMPTY/);
    assert.deepEqual(readdirSync(folder).sort(), ["lame", "shim"]);
    return Promise.resolve();
  }));

test("embedded: processes that start at once don't collide", async () => {
  await inTemporaryFolder(async (folder) => {
    const outputs = await Promise.all(Array.from({ length: 4 }, () => unpack(folder)));
    assert.deepEqual(outputs, Array(4).fill("loaded 100"));
    assertWholeCache(folder);
  });
});

if (!onWindows) {
  test("embedded: a link or another user's folder in the cache is refused", async () => {
    await inTemporaryFolder(async (folder) => {
      await unpack(folder);
      const unpacked = cachedFolder(folder);
      const elsewhere = join(folder, "elsewhere");
      renameSync(unpacked, elsewhere);
      symlinkSync(elsewhere, unpacked);
      assert.match(await unpack(folder), /^LIBRARY_NOT_FOUND .* is a link or a file: remove it/);
      rmSync(unpacked);
      renameSync(elsewhere, unpacked);
      assert.equal(await unpack(folder), "loaded 100");
      if (process.getuid?.() !== 0) return;
      chownSync(unpacked, 12345, 12345); // which root may write into all the same
      assert.match(
        await unpack(folder),
        /^LIBRARY_NOT_FOUND .* belongs to user 12345, but this runs as 0: remove it/,
      );
      chownSync(unpacked, 0, 0);
      const shim = join(unpacked, names.shim);
      const { ino } = statSync(shim);
      chownSync(shim, 12345, 12345);
      assert.equal(await unpack(folder), "loaded 100");
      assert.notEqual(statSync(shim).ino, ino);
      assertWholeCache(folder);
    });
  });

  test("embedded: a link in the place of a library is replaced", async () => {
    await inTemporaryFolder(async (folder) => {
      const cache = join(folder, "cache");
      await unpack(cache);
      const shim = join(cachedFolder(cache), names.shim);
      renameSync(shim, join(folder, "target"));
      symlinkSync(join(folder, "target"), shim);
      assert.equal(await unpack(cache), "loaded 100");
      assert.ok(lstatSync(shim).isFile());
      assertWholeCache(cache);
    });
  });
}

test("embedded: other files go to another folder", async () => {
  await inTemporaryFolder(async (folder) => {
    const [cache, other] = [join(folder, "cache"), join(folder, "other")];
    mkdirSync(other);
    copyFileSync(join(libraryFolder, names.lame), join(other, names.lame));
    const shim = readFileSync(join(libraryFolder, names.shim));
    writeFileSync(join(other, names.shim), new Uint8Array([...shim, 0])); // still loadable
    assert.equal(await unpack(cache), "loaded 100");
    assert.equal(await unpack(cache, other), "loaded 100");
    assert.equal(readdirSync(cache).length, 2);
  });
});

test("embedded: the default folder is the user's cache", async () => {
  if (platform.os !== "linux") return;
  await inTemporaryFolder(async (folder) => {
    assert.equal(
      await unpack("", libraryFolder, { XDG_CACHE_HOME: "", HOME: folder }),
      "loaded 100",
    );
    assertWholeCache(join(folder, ".cache", "mp3-augment"));
    const xdg = { XDG_CACHE_HOME: join(folder, "xdg"), HOME: "" };
    assert.equal(await unpack("", libraryFolder, xdg), "loaded 100");
    assertWholeCache(join(folder, "xdg", "mp3-augment"));
  });
});

test("embedded: without a folder to write into the message says what to do", async () => {
  await inTemporaryFolder(async (folder) => {
    const file = join(folder, "a file");
    writeFileSync(file, "");
    const message = await unpack(join(file, "cache"));
    assert.match(message, /^LIBRARY_NOT_FOUND .*a file.*MP3_AUGMENT_CACHE.*MP3_AUGMENT_LIB/);
    assert.match(
      message,
      /holds the libraries of \S+\. The same without a library, in WebAssembly: /,
    );
    const homeless = await unpack("", libraryFolder, {
      XDG_CACHE_HOME: "",
      HOME: "",
      LOCALAPPDATA: "",
    });
    assert.match(
      homeless,
      /^LIBRARY_NOT_FOUND .*none of MP3_AUGMENT_CACHE,.* is set.*MP3_AUGMENT_LIB/,
    );
    const missing = await unpack(folder, join(folder, "none"));
    assert.match(missing, /^LIBRARY_NOT_FOUND .*none.*loadLibrary\({ embedded }\)/);
  });
});

if (runtimeName === "Bun" && platform.os === "linux") {
  test("executable: one file, in an empty folder, with an empty environment", async () => {
    await inTemporaryFolder(async (folder) => {
      const main = join(folder, "main.ts");
      const at = (path: string) => JSON.stringify(path);
      writeFileSync(
        main,
        `import lame from ${at(join(libraryFolder, names.lame))} with { type: "file" };
import shim from ${at(join(libraryFolder, names.shim))} with { type: "file" };
import { compressRoundtrip, loadLibrary } from ${at(projectPath("mod.ts"))};
loadLibrary({ embedded: { lame, shim } });
const options = { sampleRate: 8000, bitrateKbps: 8 } as const;
console.log(compressRoundtrip(new Float32Array(100), options).length);
`,
      );
      const [executable, empty] = [join(folder, "program"), join(folder, "empty")];
      mkdirSync(empty);
      const parameters = ["build", "--compile", `--outfile=${executable}`, main];
      const built = await run(process.execPath, parameters);
      assert.equal(built.code, 0, built.stderr);
      rmSync(main);
      const command = 'cd "$1" && exec env -i HOME="$1" "$2"';
      const { stdout, stderr } = await run("/bin/sh", ["-c", command, "sh", empty, executable]);
      assert.equal(stderr, "");
      assert.equal(stdout.trim(), "100");
      assertWholeCache(join(empty, ".cache", "mp3-augment"));
    });
  });
}

test("digests: of what lib/ holds, and a release needs all targets", () => {
  const digests = digestsOf(projectPath("lib"));
  assert.deepEqual(Object.keys(digests[target] ?? {}).sort(), [names.lame, names.shim].sort());
  assert.match(
    digestsModule(digests),
    new RegExp(`"${target}": \\{[^}]*"${names.lame}": "[0-9a-f]{64}"`),
  );
  assert(!incompleteTargets(digests).includes(target));
  assert.equal(incompleteTargets({}).length, 8);
  assert.equal(incompleteTargets({ [target]: {} }).length, 8);
});

/** A server of the package, as a registry serves it. */
interface Registry {
  readonly host: string;
  readonly requests: string[];
  /** Texts and bytes instead of the project's. */
  readonly replaced: Map<string, string | Uint8Array>;
  close(): Promise<void>;
}

const MAIN = `import { compressRoundtrip, Mp3AugmentError } from "./mod.ts";
try {
  const options = { sampleRate: 8000, bitrateKbps: 8 } as const;
  console.log("loaded", compressRoundtrip(new Float32Array(100), options).length);
} catch (error) {
  if (!(error instanceof Mp3AugmentError)) throw error;
  console.log(error.code, error.message);
}`;

async function startRegistry(): Promise<Registry> {
  const requests: string[] = [];
  const digests = digestsModule(digestsOf(projectPath("lib")));
  const replaced = new Map<string, string | Uint8Array>([
    ["/main.ts", MAIN],
    ["/ffi/digests.ts", digests],
  ]);
  const server = createServer(({ url = "" }, response) => {
    requests.push(url);
    const known = /^\/(?:mod\.ts|(?:src|ffi|lib)\/[\w./-]+)$/.test(url) && !url.includes("..");
    const content = replaced.get(url) ?? (known ? readFileSync(projectPath(url.slice(1))) : "");
    const type = url.endsWith(".ts") ? "application/typescript" : "application/octet-stream";
    response.writeHead(content.length > 0 ? 200 : 404, {
      "content-type": type,
      connection: "close",
    });
    response.end(content);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const close = () => new Promise<void>((resolve) => server.close(() => resolve()));
  return { host: `127.0.0.1:${port}`, requests, replaced, close };
}

/** What docs/deploy.md names, for another server and cache folder. */
function permissionsFor(host: string, cache: string): string[] {
  const deploy = readFileSync(projectPath("docs/deploy.md"), "utf8");
  const [, line = ""] = /^deno run (--allow-net=\$SERVER .*) example\.ts$/m.exec(deploy) ?? [];
  assert.match(line, /--allow-ffi/);
  return line.replace("$SERVER", host).replaceAll("$CACHE", cache).split(" ");
}

const homeCache = cachePlaces(platform).at(-1) ?? ["", ""];

interface RemoteRun {
  registry: Registry;
  /** Of Deno's own cache of modules, and of the libraries. */
  folder: string;
  permissions?: string[];
}

/** The default cache folder of a user whose home is `folder`. */
const libraryCache = (folder: string) => folder + homeCache[1];

function runRemote({ registry: { host }, folder, permissions }: RemoteRun): Promise<Outcome> {
  const cache = libraryCache(folder);
  return run(process.execPath, [
    "run",
    "--no-prompt",
    "--no-check",
    "--no-config",
    "--quiet",
    `--allow-import=${host}`,
    ...permissions ?? permissionsFor(host, cache),
    `http://${host}/main.ts`,
  ], { DENO_DIR: join(folder, "deno"), [homeCache[0]]: folder, NO_COLOR: "1" });
}

async function load(remote: RemoteRun): Promise<string> {
  const { stdout, stderr } = await runRemote(remote);
  assert.equal(stderr, "");
  return stdout.trim();
}

async function withRegistry(
  body: (registry: Registry, folder: string) => Promise<void>,
): Promise<void> {
  await inTemporaryFolder(async (folder) => {
    const registry = await startRegistry();
    try {
      await body(registry, folder);
    } finally {
      await registry.close();
    }
  });
}

/** How often the server was asked for a library. */
const fetchCount = ({ requests }: Registry) =>
  requests.filter((path) => path.startsWith("/lib/")).length;

if (runtimeName === "Deno") {
  test("embedded: what deno compile has included is unpacked by itself", async () => {
    await inTemporaryFolder(async (folder) => {
      const script = projectPath("tests/scripts/load-standalone.ts");
      const env = { MP3_AUGMENT_CACHE: folder, MP3_AUGMENT_LIB: "" };
      const { stdout, stderr } = await runScript(script, ["--allow-all"], { env });
      assert.equal(stderr, "");
      assert.equal(stdout.trim(), "loaded 100");
      assertWholeCache(folder);
    });
  });

  test("remote: fetched once, with the documented permissions, and then offline", async () => {
    await inTemporaryFolder(async (folder) => {
      const registry = await startRegistry();
      const remote = { registry, folder };
      try {
        assert.equal(await load(remote), "loaded 100");
        assertWholeCache(libraryCache(folder));
        assert.equal(fetchCount(registry), 2);
      } finally {
        await registry.close();
      }
      const offline = permissionsFor(registry.host, libraryCache(folder)).slice(1);
      assert.equal(await load({ ...remote, permissions: offline }), "loaded 100");
    });
  });

  test("remote: damaged files are fetched again", async () => {
    await withRegistry(async (registry, folder) => {
      await load({ registry, folder });
      const cached = cachedFolder(libraryCache(folder));
      writeFileSync(join(cached, names.shim), "half");
      const lame = readFileSync(join(cached, names.lame));
      lame[lame.length >> 1]! ^= 1;
      writeFileSync(join(cached, names.lame), lame);
      assert.equal(await load({ registry, folder }), "loaded 100");
      assertWholeCache(libraryCache(folder));
      assert.equal(fetchCount(registry), 4);
    });
  });

  test("remote: other bytes than the package's are refused", async () => {
    await withRegistry(async (registry, folder) => {
      const shim = readFileSync(join(libraryFolder, names.shim));
      registry.replaced.set(`/lib/${target}/${names.shim}`, new Uint8Array([...shim, 0]));
      const message = await load({ registry, folder });
      assert.match(
        message,
        /^LIBRARY_INCOMPATIBLE .*augment.* has the sha256 \w{64} instead of \w{64}/,
      );
      assert.match(message, /\. Else set MP3_AUGMENT_LIB to one that holds the libraries of /);
      const [cached = ""] = readdirSync(libraryCache(folder));
      assert.deepEqual(readdirSync(join(libraryCache(folder), cached)), [names.lame]);
    });
  });

  test("remote: a copy without digests loads nothing", async () => {
    await withRegistry(async (registry, folder) => {
      registry.replaced.set("/ffi/digests.ts", "export const DIGESTS = {};");
      assert.match(await load({ registry, folder }), /^LIBRARY_INCOMPATIBLE .*no sha256 of /);
      assert.equal(fetchCount(registry), 0);
    });
  });

  test("remote: a file that the server lacks is named", async () => {
    await withRegistry(async (registry, folder) => {
      registry.replaced.set(`/lib/${target}/${names.lame}`, "");
      assert.match(
        await load({ registry, folder }),
        /^LIBRARY_NOT_FOUND .*lame\S+ could not be read \(status 404\)/,
      );
    });
  });

  test("remote: processes that start at once don't collide", async () => {
    await withRegistry(async (registry, folder) => {
      const runs = Array.from({ length: 3 }, () => load({ registry, folder }));
      assert.deepEqual(await Promise.all(runs), Array(3).fill("loaded 100"));
      assertWholeCache(libraryCache(folder));
    });
  });

  test("remote: every permission is needed, and the message names it", async () => {
    await withRegistry(async (registry, folder) => {
      const all = permissionsFor(registry.host, libraryCache(folder));
      for (const missing of all) {
        rmSync(libraryCache(folder), { recursive: true, force: true });
        const permissions = all.filter((permission) => permission !== missing);
        const message = await load({ registry, folder, permissions });
        assert.match(message, /^LIBRARY_NOT_FOUND /);
        const name = missing.startsWith("--allow-env") ? "--allow-env=" : missing;
        assert(message.includes(name), `${missing}: ${message}`);
      }
    });
  });
}
