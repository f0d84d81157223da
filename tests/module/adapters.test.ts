/**
 * The adapters of every runtime in each of them, by runtimes that are made up: which calls they make of
 * an FFI, and what they tell of platforms and permissions that aren't this machine's.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { Worker } from "node:worker_threads";
import { createPollingCompletions, createWaitingCompletions } from "../../ffi/completions.ts";
import { bun } from "../../ffi/bun.ts";
import { cacheFolder, fillCache } from "../../ffi/cache.ts";
import { deno } from "../../ffi/deno.ts";
import { faultOfElf } from "../../ffi/elf.ts";
import { type HostProcess, platformOf } from "../../ffi/host.ts";
import { bindByKoffi, type Koffi } from "../../ffi/koffi.ts";
import { openLibrary } from "../../ffi/library.ts";
import { bindByNodeFfi, type NodeFfi } from "../../ffi/node-ffi.ts";
import { node } from "../../ffi/node.ts";
import type { Platform, Runtime } from "../../ffi/runtime.ts";
import { type CFunction, type Handle, type Native, SYMBOLS } from "../../ffi/symbols.ts";
import { fileNames, filePath, targetName } from "../../ffi/target.ts";
import { projectPath, runtimeName, test } from "../harness.ts";
import { timersOfOneCall } from "../scripts/timers.ts";
import { testWithin } from "../within.ts";

type Call = (...parameters: unknown[]) => unknown;
const NAMES = Object.keys(SYMBOLS);

/** A process as Node has it. `maps`: what is mapped; without it nobody may read that. */
function makeProcess(arch: string, platform: string, maps?: string, glibc?: string): HostProcess {
  return {
    arch,
    platform,
    env: { HOME: "/home" },
    getBuiltinModule: () => ({
      readFileSync: (path) => {
        if (maps === undefined || path !== "/proc/self/maps") throw new Error("denied");
        return maps;
      },
    }),
    report: {
      getReport: () => ({ header: glibc === undefined ? {} : { glibcVersionRuntime: glibc } }),
    },
  };
}

/** Lets a global be something else while the body runs. */
function withGlobal(name: string, value: unknown, body: () => void): void {
  const before = Object.getOwnPropertyDescriptor(globalThis, name);
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  try {
    body();
  } finally {
    if (before) Object.defineProperty(globalThis, name, before);
    else delete (globalThis as Record<string, unknown>)[name];
  }
}

const GNU = "7f0 /lib/libc.so.6", MUSL = "7f0 /lib/ld-musl-x86_64.so.1";
const PLATFORM: Platform = { arch: "x86_64", os: "linux", libc: "gnu" };
const PLATFORMS: [HostProcess, Platform | undefined][] = [
  [makeProcess("x64", "linux", GNU), PLATFORM],
  [makeProcess("arm64", "linux", MUSL), { arch: "aarch64", os: "linux", libc: "musl" }],
  [makeProcess("x64", "linux", undefined, "2.36"), PLATFORM],
  [makeProcess("x64", "linux"), { arch: "x86_64", os: "linux", libc: "musl" }],
  [makeProcess("arm64", "darwin", GNU), { arch: "aarch64", os: "macos" }],
  [makeProcess("x64", "win32", GNU), { arch: "x86_64", os: "windows" }],
  [makeProcess("x64", "freebsd", GNU), undefined],
  [makeProcess("ia32", "linux", GNU), undefined],
  [makeProcess("arm", "darwin", GNU), undefined],
  [makeProcess("x64", "linux", `${GNU}\n7f1 /srv/musl/a.so`), PLATFORM],
];

test("a process tells its platform, and that its folder and its files", () => {
  for (const [process, platform] of PLATFORMS) {
    assert.deepEqual(platformOf(process), platform, `${process.arch} ${process.platform}`);
  }
  const targets = [
    ["x86_64-linux-gnu", "libmp3lame.so.0", "libmp3augment.so"],
    ["aarch64-linux-musl", "libmp3lame.so.0", "libmp3augment.so"],
    ["aarch64-macos", "libmp3lame.0.dylib", "libmp3augment.dylib"],
    ["x86_64-windows-gnu", "mp3lame.dll", "mp3augment.dll"],
  ];
  const platforms = [0, 1, 4, 5].map((index) => PLATFORMS[index]?.[1] as Platform);
  assert.deepEqual(
    platforms.map((platform) => [targetName(platform), ...Object.values(fileNames(platform))]),
    targets,
  );
  const url = new URL("file:///C:/a%20b/c");
  assert.deepEqual(platforms.map((platform) => filePath(url, platform)), [
    ...Array(3).fill("/C:/a b/c"),
    "C:/a b/c",
  ]);
  const share = new URL("file://server/share/c");
  assert.equal(filePath(share, { arch: "x86_64", os: "windows" }), "//server/share/c");
});

test("the cache's folder: a variable of its own, else where the platform's users keep caches", () => {
  const folderOf = (os: Platform["os"], environment: Record<string, string>) =>
    cacheFolder(
      { readEnvironment: (name: string) => environment[name] } as Runtime,
      os === "linux" ? { arch: "x86_64", os, libc: "gnu" } : { arch: "x86_64", os },
    );
  const all = { LOCALAPPDATA: "C:\\u\\", HOME: "/home/", XDG_CACHE_HOME: "/xdg" };
  assert.equal(folderOf("windows", all), "C:\\u/mp3-augment/cache");
  assert.equal(folderOf("macos", all), "/home/Library/Caches/mp3-augment");
  assert.equal(folderOf("linux", all), "/xdg/mp3-augment");
  assert.equal(folderOf("linux", { HOME: "/home" }), "/home/.cache/mp3-augment");
  for (const os of ["windows", "macos", "linux"] as const) {
    assert.equal(folderOf(os, { ...all, MP3_AUGMENT_CACHE: "/own//" }), "/own");
    assert.equal(folderOf(os, {}), undefined);
  }
});

test("the cache: who can't put a file there takes another's, if it is the same one", () => {
  const root = fs.mkdtempSync(join(tmpdir(), "mp3-augment-cache-"));
  const bytes = { lame: Uint8Array.of(1, 2), shim: Uint8Array.of(3) };
  const file = (name: "lame" | "shim") => ({
    name,
    digest: createHash("sha256").update(bytes[name]).digest("hex"),
    read: () => bytes[name],
  });
  const files = { lame: file("lame"), shim: file("shim") };
  // As on Windows, where no library that is open is replaced.
  const fillWhile = (renameSync: (from: string, to: string) => void) => {
    const getBuiltinModule = (name: string) =>
      name === "node:fs" ? { ...fs, renameSync } : process.getBuiltinModule(name);
    let folder = "";
    withGlobal("process", { getBuiltinModule }, () => folder = fillCache(root, files));
    return folder;
  };
  try {
    const refused = Object.assign(new Error("in use"), { code: "EPERM" });
    const refuse = () => {
      throw refused;
    };
    assert.throws(() => fillWhile(refuse), (error) => error === refused);
    const folder = fillWhile((from, to) => {
      fs.copyFileSync(from, to);
      refuse();
    });
    assert.deepEqual(fs.readdirSync(folder).sort(), ["lame", "shim"], "nothing else is left");
    const short = [files.shim, files.lame].map(({ digest }) => digest.slice(0, 16));
    assert.equal(folder, `${root}/${short.join("-")}`); // paths on Windows must not be long
    assert.deepEqual(new Uint8Array(fs.readFileSync(join(folder, "lame"))), bytes.lame);
    assert.equal(fillWhile(refuse), folder, "both are there");
    fs.writeFileSync(join(folder, "lame"), "other");
    assert.throws(() => fillWhile(refuse), (error) => error === refused);
    assert.equal(fillWhile(fs.renameSync), folder);
    assert.deepEqual(new Uint8Array(fs.readFileSync(join(folder, "lame"))), bytes.lame);
  } finally {
    fs.rmSync(root, { recursive: true });
  }
});

/** A file's front: headers of two segments behind the ELF header, sections at its end. */
function makeElf(segments: [type: number, offset: number, byteSize: number][], sections: number) {
  const front = new Uint8Array(4096);
  const view = new DataView(front.buffer);
  front.set([0x7f, 0x45, 0x4c, 0x46, 2, 1]);
  view.setUint16(18, 62, true);
  view.setBigUint64(32, 64n, true);
  view.setBigUint64(40, BigInt(sections), true);
  view.setUint16(54, 56, true), view.setUint16(56, segments.length, true);
  view.setUint16(58, 64, true), view.setUint16(60, 3, true);
  segments.forEach(([type, offset, byteSize], index) => {
    const at = 64 + 56 * index;
    view.setUint32(at, type, true);
    view.setBigUint64(at + 8, BigInt(offset), true);
    view.setBigUint64(at + 32, BigInt(byteSize), true);
  });
  return front;
}

test("an ELF file is as long as its segments, its sections and their headers ask for", () => {
  const cases: [front: Uint8Array, byteSize: number][] = [
    [makeElf([[1, 0, 5000], [1, 8192, 1000]], 6000), 9192], // the segments
    [makeElf([[1, 8192, 1000], [1, 0, 5000]], 6000), 9192],
    [makeElf([[1, 0, 5000], [4, 8192, 1000]], 6000), 6192], // one that isn't loaded
    [makeElf([], 0), 192],
    [makeElf([[1, 0, 50]], 0).subarray(0, 100), 192], // whose headers go on behind the front
    [makeElf(Array(70).fill([1, 0, 90]), 0), 64 + 70 * 56], // headers alone
  ];
  for (const [front, byteSize] of cases) {
    assert.equal(faultOfElf(front, byteSize, "x86_64"), undefined, `${byteSize}`);
    const fault = `is cut off: it has ${byteSize - 1} bytes of ${byteSize}`;
    assert.equal(faultOfElf(front, byteSize - 1, "x86_64"), fault);
    assert.equal(faultOfElf(front, byteSize, "aarch64"), "is not made for aarch64");
  }
  const wrong: [at: number, byte: number][] = [[0, 0], [3, 0], [4, 1], [5, 2]];
  for (const [at, byte] of wrong) {
    const front = makeElf([], 0);
    front[at] = byte;
    assert.equal(faultOfElf(front, 5000, "x86_64"), "is no 64-bit ELF library");
  }
  const least = makeElf([], 0);
  assert.equal(faultOfElf(least.subarray(0, 64), 192, "x86_64"), undefined);
  assert.equal(faultOfElf(least.subarray(0, 63), 192, "x86_64"), "is no 64-bit ELF library");
});

test("Node: what it tells of itself, and which FFI it takes", () => {
  withGlobal("process", undefined, () => assert.equal(node(), undefined));
  withGlobal("process", { versions: {} }, () => assert.equal(node(), undefined));
  const opened: string[] = [];
  const asked: unknown[] = [];
  const makeNode = (hasFfi: boolean, permission?: object) => ({
    ...makeProcess("x64", "win32"),
    versions: { node: "24.0.0" },
    ...(permission && { permission }),
    getBuiltinModule: (name: string) => {
      if (name === "node:ffi") return hasFfi ? makeNodeFfi(opened).ffi : undefined;
      return { createRequire: () => (asked.push("koffi"), () => makeKoffi(opened)) };
    },
  });
  withGlobal("process", makeNode(true), () => {
    const runtime = node();
    assert.ok(runtime);
    assert.deepEqual([runtime.name, runtime.embedsFiles], ["Node.js", false]);
    assert.deepEqual(runtime.platform(), { arch: "x86_64", os: "windows" });
    assert.equal(runtime.readEnvironment("HOME"), "/home");
    assert.equal(runtime.readEnvironment("NONE"), undefined);
    assert.equal(runtime.mayRead("/file"), true);
    runtime.open("lame", "shim");
    assert.match(runtime.advice({ code: "MODULE_NOT_FOUND" }, {}) ?? "", /npm install koffi/);
    assert.match(runtime.advice({ code: "ERR_ACCESS_DENIED" }, {}) ?? "", /--allow-ffi$/);
    assert.match(runtime.advice({ code: "ERR_DLOPEN_DISABLED" }, {}) ?? "", /--allow-addons/);
    assert.equal(runtime.advice(new Error("else"), {}), undefined);
    assert.equal(runtime.advice(undefined, {}), undefined);
  });
  assert.deepEqual([opened, asked], [["ffi lame", "ffi shim"], []]);
  const denying = { has: (...parameters: string[]) => (asked.push(parameters), false) };
  withGlobal("process", makeNode(false, denying), () => {
    const runtime = node();
    assert.equal(runtime?.mayRead("/file"), false);
    runtime?.open("lame", "shim");
  });
  assert.deepEqual(asked, [["fs.read", "/file"], "koffi"]);
  assert.deepEqual(opened.slice(2), ["koffi lame", "koffi shim"]);
});

/** Calls that give back their name and parameters; those that make something give a null pointer. */
function makeNodeFfi(opened: string[]) {
  const tables: Record<string, { arguments: string[]; return: string }>[] = [];
  const ffi: NodeFfi = {
    dlopen: (path, symbols) => {
      opened.push(`ffi ${path}`);
      tables.push(symbols);
      const functions = Object.keys(symbols).map((name): [string, Call] => {
        const isNull = symbols[name]?.return === "pointer" && name !== "mp3a_status_message";
        return [name, (...parameters) => isNull ? 0n : [name, ...parameters]];
      });
      return { functions: Object.fromEntries(functions) };
    },
    toString: (pointer) => `text of ${pointer}`,
  };
  return { ffi, tables };
}

function makeKoffi(opened: string[], types: Record<string, string[]> = {}): Koffi {
  return {
    load: (path) => {
      opened.push(`koffi ${path}`);
      return {
        func: (name, result, parameters) => {
          types[name] = [result, ...parameters];
          const call: Call = (...given) => [name, ...given];
          const async = (...given: unknown[]) => {
            const back = given.pop() as Call;
            if (given[0] === "bad") back(new Error("it failed"));
            else back(null, [name, ...given]);
          };
          return Object.assign(call, { async });
        },
      };
    },
  };
}

/** What crosses as an address. */
const MEMORY = /^(floats|pcm16|bytes|options|stats|info|cell|handle|callback)$/;

test("node:ffi: types, null pointers and texts", () => {
  const opened: string[] = [];
  const { ffi, tables } = makeNodeFfi(opened);
  const binding = bindByNodeFfi(ffi);
  const native = binding.open("lame", "shim") as unknown as Record<string, Call>;
  assert.deepEqual(opened, ["ffi lame", "ffi shim"]);
  assert.deepEqual(tables[0], {});
  const numbers: Record<string, string> = { i32: "int32", u32: "uint32", count: "uint32" };
  Object.assign(numbers, { f32: "float32", f64: "float64", void: "void", string: "pointer" });
  const typeOf = (type: string) => MEMORY.test(type) ? "pointer" : numbers[type];
  for (const [name, { parameters, result }] of Object.entries<CFunction>(SYMBOLS)) {
    const expected = { arguments: parameters.map(typeOf), return: typeOf(result) };
    assert.deepEqual(tables[1]?.[name], expected, name);
    const given = native[name]?.(1, 2);
    if (result === "handle") assert.equal(given, null, name);
    else if (result === "string") assert.equal(given, `text of ${name},1,2`);
    else assert.deepEqual(given, [name, 1, 2]);
  }
  assert.equal(binding.createCompletions, createPollingCompletions);
});

testWithin(5, "koffi: types, and what blocks waits on another thread", async () => {
  const opened: string[] = [];
  const types: Record<string, string[]> = {};
  const binding = bindByKoffi(makeKoffi(opened, types));
  const native = binding.open("lame", "shim") as unknown as Record<string, Call>;
  assert.deepEqual(opened, ["koffi lame", "koffi shim"]);
  assert.deepEqual(Object.keys(types), NAMES);
  const numbers: Record<string, string> = { i32: "int32_t", u32: "uint32_t", count: "uint32_t" };
  Object.assign(numbers, { f32: "float", f64: "double", void: "void", string: "str" });
  for (const [name, { parameters, result, blocks }] of Object.entries<CFunction>(SYMBOLS)) {
    const expected = [result, ...parameters].map((type) =>
      MEMORY.test(type) ? "void *" : numbers[type]
    );
    assert.deepEqual(types[name], expected, name);
    const given = native[name]?.(1, 2);
    assert.equal(given instanceof Promise, blocks === true, name);
    assert.deepEqual(await given, [name, 1, 2]);
  }
  await assert.rejects(async () => await native["mp3a_queue_wait"]?.("bad"), /it failed/);
  assert.equal(binding.createCompletions, createWaitingCompletions);
});

const QUEUE = "queue" as unknown as Handle;

test("a timer looks for finished jobs while there are some, and no longer", () => {
  const timers: string[] = [];
  const waiting = [3, 1, 0, 2, 0, 7, 0, 0];
  const finished: number[] = [];
  let drain: (() => void) | undefined;
  const native = {
    mp3a_queue_create: (notify: unknown) => (timers.push(`notify ${notify}`), QUEUE),
    mp3a_queue_poll: (queue: unknown) => (assert.equal(queue, QUEUE), waiting.shift()),
  } as unknown as Native;
  const setTimer = (body: () => void, ms: number) => {
    drain = body;
    timers.push(`every ${ms}`);
    return 5;
  };
  withGlobal(
    "setInterval",
    setTimer,
    () =>
      withGlobal("clearInterval", (id: unknown) => timers.push(`clear ${id}`), () => {
        const completions = createPollingCompletions(native, (tag) => finished.push(tag));
        assert.equal(completions?.queue, QUEUE);
        for (let i = 0; i < 3; i++) completions?.expectOne();
        drain?.();
        assert.deepEqual(timers, ["notify null", "every 1"]);
        drain?.();
        assert.deepEqual(timers.slice(2), ["clear 5"]);
        completions?.expectOne();
        drain?.();
        assert.deepEqual(timers.slice(3), ["every 1", "clear 5"]);
        timers.length = 0;
        const woken = createPollingCompletions(native, () => {}, (body) => {
          drain = body;
          return "callback" as unknown as Handle;
        });
        woken?.expectOne();
        assert.deepEqual(timers, ["notify callback", "every 2147483647"]);
      }),
  );
  assert.deepEqual(finished, [3, 1, 2, 7]);
  const none = { mp3a_queue_create: () => null } as unknown as Native;
  assert.equal(createPollingCompletions(none, () => {}), undefined);
  assert.equal(createWaitingCompletions(none, () => {}), undefined);
});

testWithin(5, "one call waits while jobs are under way, and no longer", async () => {
  const finished: number[] = [];
  let waitCount = 0;
  const native = {
    mp3a_queue_create: (notify: unknown) => (assert.equal(notify, null), QUEUE),
    mp3a_queue_wait: (queue: unknown) => (assert.equal(queue, QUEUE), Promise.resolve(++waitCount)),
  } as unknown as Native;
  const completions = createWaitingCompletions(native, (tag) => finished.push(tag));
  const settle = () => new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(completions?.queue, QUEUE);
  completions?.expectOne();
  completions?.expectOne();
  await settle();
  assert.deepEqual(finished, [1, 2]);
  completions?.expectOne();
  await settle();
  assert.deepEqual([finished, waitCount], [[1, 2, 3], 3]);
});

test("Deno: platforms, permissions, and an FFI that it may lack", () => {
  const build = { arch: "aarch64", os: "linux", env: "musl", standalone: true };
  const granted = ["env HOME", "read /lib", "ffi /lib"];
  const makeDeno = (changed: object, dlopen: unknown = () => ({ symbols: {} })) => ({
    build: { ...build, ...changed },
    dlopen,
    env: { get: (name: string) => `value of ${name}` },
    permissions: {
      querySync: ({ name, ...subject }: Record<string, string>) => {
        const [key = "", value = ""] = Object.entries(subject)[0] ?? [];
        const keys: Record<string, string> = { env: "variable", net: "host" };
        assert.equal(key, keys[name ?? ""] ?? "path");
        return { state: granted.includes(`${name} ${value}`) ? "granted" : "prompt" };
      },
    },
  });
  const withDeno = (made: object, body: (runtime: ReturnType<typeof deno>) => void) =>
    withGlobal("Deno", made, () => body(deno()));
  const platforms: [object, Platform | undefined][] = [
    [{}, { arch: "aarch64", os: "linux", libc: "musl" }],
    [{ arch: "x86_64", env: "gnu" }, { arch: "x86_64", os: "linux", libc: "gnu" }],
    [{ os: "darwin" }, { arch: "aarch64", os: "macos" }],
    [{ os: "windows" }, { arch: "aarch64", os: "windows" }],
    [{ os: "freebsd" }, undefined],
    [{ arch: "riscv64" }, undefined],
  ];
  for (const [changed, platform] of platforms) {
    withDeno(makeDeno(changed), (runtime) => assert.deepEqual(runtime?.platform(), platform));
  }
  withDeno(makeDeno({}, null), (runtime) => assert.equal(runtime, undefined));
  withDeno(makeDeno({}), (runtime) => {
    assert.deepEqual([runtime?.name, runtime?.embedsFiles], ["Deno", true]);
    assert.equal(runtime?.readEnvironment("HOME"), "value of HOME");
    assert.equal(runtime?.readEnvironment("PATH"), undefined);
    assert.deepEqual(["/lib", "/etc"].map((path) => runtime?.mayRead(path)), [true, false]);
    assert.equal(runtime?.advice(undefined, { ffi: ["/lib"], read: ["/lib"] }), undefined);
    assert.equal(
      runtime?.advice(undefined, { net: ["host"], read: ["/lib"], ffi: ["/lib", "/a"] }),
      "Deno needs --allow-net=host --allow-ffi=/lib,/a",
    );
  });
  const opened: [string, Record<string, { parameters: string[]; nonblocking: boolean }>][] = [];
  const open = (path: string, symbols: typeof opened[0][1]) => (opened.push([path, symbols]), {
    symbols: { mp3a_status_message: () => "pointer", mp3a_abi_version: () => 7 },
  });
  const made = {
    ...makeDeno({}, open),
    UnsafePointerView: { getCString: (pointer: unknown) => `text of ${pointer}` },
  };
  withDeno(made, (runtime) => {
    const native = runtime?.open("lame", "shim");
    assert.equal(native?.mp3a_status_message(1), "text of pointer");
    assert.equal(native?.mp3a_abi_version(), 7);
  });
  assert.deepEqual(opened.map(([path]) => path), ["lame", "shim"]);
  assert.deepEqual(opened[0]?.[1], {});
  for (const [name, { parameters, blocks }] of Object.entries<CFunction>(SYMBOLS)) {
    const { nonblocking, parameters: types } = opened[1]?.[1][name] ?? {};
    assert.deepEqual([nonblocking, types?.length], [blocks ?? false, parameters.length], name);
  }
});

test("Deno: before a library is opened its front is read, where nobody has to be asked for that", () => {
  for (const state of ["granted", "prompt", "denied"]) {
    const looked: string[] = [];
    const readNothing = (path: string) => {
      looked.push(path);
      throw new Error("there is nothing");
    };
    const made = {
      build: { arch: "x86_64", os: "linux", env: "gnu", standalone: false },
      permissions: { querySync: () => ({ state }) },
      dlopen: (path: string) => assert.fail(`dlopen of ${path}`),
    };
    const getBuiltinModule = () => ({ openSync: readNothing });
    withGlobal(
      "process",
      { getBuiltinModule },
      () =>
        withGlobal("Deno", made, () =>
          assert.throws(() => openLibrary({ path: "/a/" }), {
            code: "LIBRARY_NOT_FOUND",
            message:
              /^libmp3lame\.so\.0 and libmp3augment\.so could not be opened in \/a \(the path/,
          })),
    );
    const both = ["/a/libmp3lame.so.0", "/a/libmp3augment.so"];
    assert.deepEqual(looked, state === "granted" ? both : []);
  }
});

test("where there is no library, the error tells which machines have one, and what runs there", () => {
  const denied = {
    code: "LIBRARY_NOT_FOUND",
    message:
      /^there is a native library for Deno, Bun and Node\.js on x86_64 and aarch64, on Linux, macOS and Windows\. .*`await loadWasm\(\)` of mp3-augment\/wasm$/,
  };
  const build = { arch: "riscv64", os: "linux", standalone: false };
  const elsewhere = { build, dlopen: () => assert.fail("nothing is opened") };
  withGlobal("Deno", elsewhere, () => assert.throws(() => openLibrary({ path: "/a" }), denied));
  const inNothing = () => assert.throws(() => openLibrary({ path: "/a" }), denied);
  withGlobal("Deno", undefined, () => withGlobal("process", undefined, inNothing));
});

if (runtimeName === "Bun") {
  test("Bun: the library's memory is asked for from 16 KiB to 512 MiB, and not insisted on", () => {
    const taken: number[] = [];
    let asked = 0;
    const nativeWith = (release: unknown) => ({
      mp3a_memory_release: () => (asked++, release),
      mp3a_memory_take: (byteLength: number) => (taken.push(byteLength), null),
    } as unknown as Native);
    const sizes = [0, 16383, 16384, 16385, 0x1ffffffe, 0x1fffffff, 0x20000000];
    const allocate = bun()?.allocate;
    for (const size of sizes) assert.equal(allocate?.(nativeWith(7), size), undefined);
    assert.deepEqual([taken, asked], [[16384, 16385, 0x1ffffffe, 0x1fffffff], 1]);
    const withoutRelease = bun()?.allocate;
    for (const size of sizes) assert.equal(withoutRelease?.(nativeWith(null), size), undefined);
    assert.equal(taken.length, 4, "what nobody could take back isn't taken");
  });

  testWithin(
    10,
    "Bun: the library calls back; in a worker, which may be terminated, a timer looks",
    async () => {
      assert.deepEqual(await timersOfOneCall(), [2147483647]);
      const worker = new Worker(projectPath("tests/scripts/timers-inside.ts"));
      const inWorker = await new Promise((resolve, reject) => {
        worker.once("message", resolve);
        worker.once("error", reject);
      });
      assert.deepEqual(inWorker, [1]);
      await worker.terminate();
    },
  );
}
