/** The house rules of docs/architecture.md and CONTRIBUTING.md, held against the code. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path/posix";
import { projectPath, test } from "../harness.ts";

/** What a room may know: other rooms by their paths, and things from outside by these names. */
const OUTSIDE: Record<string, RegExp> = {
  "LAME's public API": /^<lame\.h>$/,
  "LAME's internal types": /^libmp3lame\//,
  "minimp3": /^<minimp3\.h>$/,
  "`lib/`": /^lib\//,
  "npm": /^(?!\.|lib\/|node:|@mp3-augment\/|bun:|<)[^"]+$/,
  "`node:`": /^node:/,
};
const MAX_WIDTH = 100;
const MAX_LINES = 600;

interface Room {
  /** A folder, with the slash at its end, or a file. */
  path: string;
  knows: string;
}

function list(folder: string, pattern: RegExp): string[] {
  return readdirSync(projectPath(folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      return /^(\..*|node_modules|out)$/.test(entry.name) ? [] : list(path, pattern);
    }
    return pattern.test(path) ? [path] : [];
  });
}

const read = (path: string): string => readFileSync(projectPath(path), "utf8");

/** The table "room, holds, knows"; a row may name several rooms. */
function readRooms(): Room[] {
  const rows = read("docs/architecture.md").matchAll(/^\| (`[^|]+?) +\|[^|]+\| ([^|]+?) +\|$/gm);
  return [...rows].flatMap(([, names = "", knows = ""]) =>
    [...names.matchAll(/`([^`]+)`/g)].map(([, path = ""]) => ({ path, knows }))
  );
}

const rooms = readRooms();
const sources = [
  "mod.ts",
  "transform.ts",
  "wasm.ts",
  ...["src", "ffi", "cli", "play", "bench", "demo"].flatMap((folder) => list(folder, /\.ts$/)),
  ...list("csrc", /\.[ch]$/),
];

/** The innermost room. */
function roomOf(file: string): Room {
  const found =
    rooms.filter(({ path }) => path.endsWith("/") ? file.startsWith(path) : file === path)
      .sort((a, b) => b.path.length - a.path.length)[0];
  assert.ok(found, `docs/architecture.md has no room for ${file}`);
  return found;
}

/** What a file imports or includes: a file of the project from its root, or a name from outside. */
function mentions(file: string): string[] {
  const text = read(file);
  if (/\.ts$/.test(file)) {
    const found = text.replace(/\/\*[^]*?\*\//g, "").matchAll(
      /(?:^import|\bfrom) "([^"]+)"|\bimport\("([^"]+)"\)/gm,
    );
    return [...found].map(([, name, lazy]) => name ?? lazy ?? "").map((name) =>
      name.startsWith(".") ? join(dirname(file), name) : name
    );
  }
  return [...text.matchAll(/^ *# *include ("([^"]+)"|<[^>]+>)/gm)].map(([, whole = "", name]) =>
    name && existsSync(projectPath(join("csrc", name))) ? join("csrc", name) : name ?? whole
  );
}

function isAllowed(room: Room, mention: string): boolean {
  if (mention.startsWith("lib/") || !existsSync(projectPath(mention))) {
    const names = Object.keys(OUTSIDE).filter((name) => OUTSIDE[name]?.test(mention));
    // The standard library and what the system has are everybody's.
    return names.length === 0 || names.some((name) => room.knows.includes(name));
  }
  const other = roomOf(mention);
  return other.path === room.path ||
    room.knows.split(/[`,]+\s*/).some((name) => name === other.path || name === mention);
}

test("no file knows more than its room may", () => {
  assert.ok(rooms.length > 15, "the table of docs/architecture.md can be read");
  const broken = sources.flatMap((file) => {
    const room = roomOf(file);
    if (/^all\b/.test(room.knows)) return [];
    return mentions(file).filter((mention) => !isAllowed(room, mention)).map((mention) =>
      `${file} (in ${room.path}, which knows ${room.knows}) knows ${mention}`
    );
  });
  assert.deepEqual(broken, []);
});

test("the main module needs no package", () => {
  const reached = new Set(["mod.ts"]);
  for (const file of reached) { // a set is walked to what is added on the way
    for (const mention of mentions(file)) {
      assert.ok(sources.includes(mention) || mention.startsWith("node:"), `${file}: ${mention}`);
      if (sources.includes(mention)) reached.add(mention);
    }
  }
  assert.ok(reached.size > 20);
  assert.ok(![...reached].some((file) => /wasm/.test(file)), "nor anything of WebAssembly");
});

test("rooms exist, and know rooms that exist", () => {
  for (const { path, knows } of rooms) {
    assert.ok(existsSync(projectPath(path)), path);
    for (const [, name = ""] of knows.matchAll(/`([^`:]+)`/g)) {
      assert.ok(existsSync(projectPath(name)), `${path} knows ${name}`);
    }
  }
});

/** A source and its header are one; the public header stands for itself. */
function unitOf(file: string): string {
  return file === "csrc/mp3augment.h" ? file : file.replace(/\.[ch]$/, "");
}

/** The first circle among files, as the way around it. */
function findCircle(files: readonly string[]): string[] | undefined {
  const next = new Map<string, Set<string>>();
  for (const file of files) {
    const unit = unitOf(file);
    const known = mentions(file).filter((name) => files.includes(name)).map(unitOf);
    next.set(unit, new Set([...next.get(unit) ?? [], ...known.filter((name) => name !== unit)]));
  }
  const done = new Set<string>();
  const walk = (unit: string, way: readonly string[]): string[] | undefined => {
    if (way.includes(unit)) return [...way.slice(way.indexOf(unit)), unit];
    if (done.has(unit)) return;
    for (const other of next.get(unit) ?? []) {
      const circle = walk(other, [...way, unit]);
      if (circle) return circle;
    }
    done.add(unit);
  };
  return [...next.keys()].map((unit) => walk(unit, [])).find((circle) => circle !== undefined);
}

for (const folder of ["csrc/", "ffi/", "src/", "cli/"]) {
  test(`no files of ${folder} know each other in a circle`, () => {
    const files = sources.filter((file) => file.startsWith(folder));
    assert.ok(files.length > 5);
    assert.equal(findCircle(files)?.join(" → "), undefined);
  });
}

test("a runtime's name stands in its adapter alone", () => {
  const names = /\b(Deno|Bun)\.[a-zA-Z]|bun:ffi/;
  const found = sources.filter((file) => /^(src\/|mod\.ts|transform\.ts|wasm\.ts)/.test(file))
    .filter((file) => names.test(read(file).replace(/^\s*(\/\/|\*|\/\*).*$/gm, "")));
  assert.deepEqual(found, []);
});

test(`C lines fit into ${MAX_WIDTH} columns, and files into ${MAX_LINES} lines`, () => {
  const wide = sources.filter((file) => /\.[ch]$/.test(file)).flatMap((file) =>
    read(file).split("\n").flatMap((line, i) =>
      [...line].length > MAX_WIDTH ? `${file}:${i + 1}` : []
    )
  );
  assert.deepEqual(wide, []);
  const long = sources.filter((file) => read(file).split("\n").length > MAX_LINES);
  assert.deepEqual(long, []);
});
