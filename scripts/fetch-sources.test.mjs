import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { beforeEach, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import {
  crateEdits,
  fetchSources,
  parseOrder,
  pinsPath,
  undoCrateEdits,
} from "./fetch-sources.mjs";
import { readTar } from "./tar.mjs";
import { Failure, root } from "./tools.mjs";

/** @param {string | Uint8Array} data */
const sha256 = (data) => createHash("sha256").update(data).digest("hex");

/**
 * A tar archive of one header per entry, as the reader expects it.
 * @param {{ name: string, text?: string, type?: string }[]} entries
 */
function makeTar(entries) {
  const blocks = entries.map(({ name, text = "", type = "0" }) => {
    const header = Buffer.alloc(512);
    header.write(name, 0);
    header.write(text.length.toString(8).padStart(11, "0"), 124);
    header.write("        ", 148);
    header.write(type, 156);
    header.write("ustar\0" + "00", 257);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(sum.toString(8).padStart(6, "0") + "\0 ", 148);
    const padding = Buffer.alloc((512 - text.length % 512) % 512);
    return Buffer.concat([header, Buffer.from(text), padding]);
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

describe("readTar", () => {
  test("returns the files, not the folders", () => {
    const long = "x".repeat(700);
    const files = readTar(
      makeTar([{ name: "a/", type: "5" }, { name: "a/b", text: long }, { name: "c" }]),
    );
    assert.deepEqual([...files].map(([name, bytes]) => [name, String(bytes)]), [["a/b", long], [
      "c",
      "",
    ]]);
  });

  for (const name of ["../out", "a/../../out", "/out", "a/..", "c:/out", "..\\out", "\\out"]) {
    test(`refuses the name ${name}`, () => {
      assert.throws(() => readTar(makeTar([{ name }])), /would leave its folder/);
    });
  }

  test("refuses links", () => {
    for (const type of ["1", "2"]) {
      assert.throws(
        () => readTar(makeTar([{ name: "link", type }])),
        /neither a file nor a folder/,
      );
    }
  });

  test("refuses damaged and cut-off archives", () => {
    const archive = makeTar([{ name: "a", text: "some text" }]);
    assert.throws(() => readTar(archive.subarray(0, 512)), /ends inside a/);
    assert.throws(() => readTar(archive.subarray(0, 1024)), /no end mark/);
    archive[0] = 0x62;
    assert.throws(() => readTar(archive), /damaged header/);
  });
});

describe("fetchSources", () => {
  const lameC = "int lame;\n";
  const minimp3H = "// minimp3\n";
  const tarball = gzipSync(makeTar([{ name: "lame-3.100/libmp3lame/lame.c", text: lameC }]));

  /** @type {string} */
  let folder;
  /** @type {import("node:http").Server} */
  let server;
  /** @type {Map<string, string | Buffer | undefined>} what the server has; undefined: it stays silent */
  let served;
  /** @type {Parameters<typeof fetchSources>[0] & { pins: any, order: string[] }} */
  let options;
  /** @type {string[]} */
  let reports;
  let requestCount = 0;

  beforeEach(async (context) => {
    folder = mkdtempSync(join(tmpdir(), "mp3-augment-sources-"));
    served = new Map().set("/lame", tarball).set("/minimp3.h", minimp3H);
    requestCount = 0;
    server = createServer((request, response) => {
      requestCount++;
      const path = request.url ?? "";
      if (!served.has(path)) response.writeHead(404).end();
      else if (served.get(path) !== undefined) response.end(served.get(path));
    });
    await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
    // Not by afterEach: Node 20 leaves it out after a test that skips itself.
    /** @type {import("node:test").TestContext} */ (context).after(() => {
      server.close();
      server.closeAllConnections();
      rmSync(folder, { recursive: true });
    });
    const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
    const base = `http://127.0.0.1:${port}`;
    const pins = {
      lame: {
        folder: "lame-3.100",
        url: `${base}/lame`,
        archiveSha256: sha256(tarball),
        files: { "libmp3lame/lame.c": sha256(lameC) },
      },
      minimp3: {
        folder: "minimp3",
        url: `${base}/minimp3.h`,
        files: { "minimp3.h": sha256(minimp3H) },
      },
    };
    reports = [];
    options = { folder, pins, order: ["upstream"], report: (message) => reports.push(message) };
  });

  const assertComplete = () => {
    assert.equal(readFileSync(join(folder, "lame-3.100", "libmp3lame", "lame.c"), "utf8"), lameC);
    assert.equal(readFileSync(join(folder, "minimp3", "minimp3.h"), "utf8"), minimp3H);
    assert.deepEqual(readdirSync(folder).sort(), ["lame-3.100", "minimp3"]);
  };

  test("takes both from upstream, and the second time nothing", async () => {
    assert.equal(await fetchSources(options), true);
    assertComplete();
    assert.equal(requestCount, 2);
    assert.equal(await fetchSources(options), false);
    assert.equal(requestCount, 2);
  });

  test("notices a deleted and a changed file", async () => {
    await fetchSources(options);
    rmSync(join(folder, "lame-3.100", "libmp3lame", "lame.c"));
    writeFileSync(join(folder, "minimp3", "minimp3.h"), "changed");
    assert.equal(await fetchSources(options), true);
    assertComplete();
  });

  test("a wrong digest names the file, both digests and the origin, and installs nothing", async () => {
    served.set("/minimp3.h", "something else");
    const { url } = options.pins.minimp3;
    await assert.rejects(fetchSources(options), (error) => {
      assert.ok(error instanceof Failure);
      assert.ok(error.message.includes(
        `minimp3.h from ${url} has sha256 ${sha256("something else")}, but ${
          sha256(minimp3H)
        } is pinned`,
      ));
      return true;
    });
    assert.equal(existsSync(join(folder, "minimp3")), false);
    assert.ok(reports.some((message) => message.startsWith("WARNING: minimp3: ")));

    served.set("/lame", gzipSync("no archive"));
    await rejectsAfterRemoval(/lame-3\.100\.tar\.gz from .* has sha256 .* is pinned/);
  });

  test("a wrong file inside a good archive is an error too", async () => {
    options.pins.lame.files = { "libmp3lame/lame.c": sha256("another") };
    await assert.rejects(fetchSources(options), /libmp3lame\/lame\.c from .* has sha256/);
    options.pins.lame.files = { "libmp3lame/none.c": sha256("") };
    await assert.rejects(fetchSources(options), /libmp3lame\/none\.c is missing in what came from/);
  });

  /** @param {RegExp} expected */
  async function rejectsAfterRemoval(expected) {
    rmSync(join(folder, "lame-3.100"), { recursive: true, force: true });
    await assert.rejects(fetchSources(options), expected);
  }

  test("lists every attempt when all fail", async () => {
    served.delete("/lame");
    served.set("/minimp3.h", undefined);
    await assert.rejects(fetchSources({ ...options, timeoutMs: 1000 }), (error) => {
      const { message } = /** @type {Error} */ (error);
      assert.match(
        message,
        /^lame-3\.100 could not be fetched\n {2}- http.*: the server answered 404$/m,
      );
      assert.match(message, /^minimp3 could not be fetched\n {2}- http.*: no answer for 1 s$/m);
      return true;
    });
    assert.deepEqual(readdirSync(folder), []);
    await assert.rejects(
      fetchSources({ ...options, order: ["debian"], pins: { minimp3: options.pins.minimp3 } }),
      /minimp3 could not be fetched: it can't be had from debian/,
    );
  });

  test("goes on after an interruption", async () => {
    mkdirSync(join(folder, "lame-3.100"));
    const dead = join(folder, `.fetching-${spawnSync(process.execPath, ["--version"]).pid}-x`);
    const alive = join(folder, `.fetching-${process.pid}-x`);
    for (const left of [dead, alive]) mkdirSync(left);
    await fetchSources(options);
    assert.equal(existsSync(dead), false);
    assert.equal(existsSync(alive), true, "that run may still be going on");
    rmSync(alive, { recursive: true });
    assertComplete();
  });

  test("several runs at once don't disturb each other", async () => {
    await Promise.all(Array.from({ length: 8 }, () => fetchSources(options)));
    assertComplete();
  });

  for (const order of ["cargo", "debian,cargo"]) {
    test(`the real sources through ${order} equal the upstream ones`, async (t) => {
      const pins = JSON.parse(readFileSync(pinsPath, "utf8"));
      pins.lame.url = options.pins.lame.url;
      pins.minimp3.url = options.pins.minimp3.url;
      try {
        await fetchSources({ ...options, pins, order: parseOrder(`upstream,${order}`) });
      } catch (error) {
        // Neither client nor network is this test's to have, but what arrives must be right.
        if (!(error instanceof Failure)) throw error;
        return t.skip(reports.filter((line) => !line.includes("http")).join("; "));
      }
      const warnings = reports.filter((message) =>
        /^WARNING: .* from http.* is pinned$/.test(message)
      );
      assert.equal(
        warnings.length,
        2,
        "upstream's wrong digests are told although the others were right",
      );
      assert.ok(
        !reports.some((message) => /^WARNING: .*(crate|Debian)/.test(message)),
        reports.join("\n"),
      );
    });
  }
});

test("MP3_AUGMENT_SOURCES takes known names only", () => {
  assert.deepEqual(parseOrder(undefined), ["upstream", "cargo", "debian"]);
  assert.deepEqual(parseOrder("debian, cargo"), ["debian", "cargo"]);
  assert.throws(() => parseOrder("cargo,moon"), /names "moon"; it takes upstream, cargo, debian/);
});

test("the crate's edits are undone to the byte, and only if all of them are there", () => {
  /** @type {Map<string, Uint8Array>} */
  const upstream = new Map();
  for (const [path = ""] of crateEdits) {
    upstream.set(path, readFileSync(join(root, "third_party", "lame-3.100", path)));
  }
  const crate = new Map(upstream);
  for (const [path = "", theirs = "", ours = ""] of crateEdits) {
    const text = Buffer.from(crate.get(path) ?? []).toString("latin1");
    crate.set(path, Buffer.from(text.replace(ours, () => theirs), "latin1"));
  }
  assert.notDeepEqual(crate, upstream);
  assert.deepEqual(undoCrateEdits(crate), upstream);
  assert.throws(() => undoCrateEdits(new Map()), /0 times, not once/);
});
