// Which specs are run for a mistake in which file: the fastest that know it first.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { root } from "../tools.mjs";

/** Of the first pattern that a file matches. Specs run in Bun, but for what another runtime runs. */
export const suites: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^src\/(abort|jobs)/, ["module/lifetimes", "module/async", "module/decode", "module/batch"]],
  [/^src\/batch/, ["module/lifetimes", "module/batch", "module/modes"]],
  [/^src\/(audio|views)/, [
    "module/errors",
    "module/forms",
    "module/shrinks",
    "module/batch",
    "deno:module/memory",
  ]],
  [/^src\/bitrates/, ["module/options", "module/grid", "module/transform"]],
  [/^src\/bytes/, ["module/decode", "module/shrinks"]],
  [/^src\/(compression|convert|draws|random|realistic|resample|transform)/, [
    "module/transform",
    "module/draws",
    "module/resample",
    "module/options",
  ]],
  [/^src\/(decode|mp3-info)/, [
    "module/decode",
    "module/errors",
    "module/shrinks",
    "deno:module/decode",
  ]],
  [/^src\/encode/, ["module/encode", "module/streams", "module/errors", "module/options"]],
  [/^src\/(handle|pieces|roundtrip-stream)/, [
    "module/lifetimes",
    "module/streams",
    "module/decode",
    "module/memory",
  ]],
  [/^src\/pcm16/, ["module/pcm16", "module/errors", "module/shrinks"]],
  [/^src\//, [
    "module/errors",
    "module/forms",
    "module/streams",
    "module/modes",
    "module/encode",
    "module/options",
    "module/positions",
    "module/coded-rate",
    "module/library",
    "module/async",
  ]],
  [/^ffi\/target/, ["module/adapters", "module/library"]],
  [/^ffi\/(cache|digests|download|elf|library|runtime)/, [
    "module/adapters",
    "module/library",
    "module/damaged-library",
    "package/loader",
    "deno:package/loader",
  ]],
  [/^ffi\/(deno)/, [
    "module/adapters",
    "deno:module/errors",
    "deno:module/async",
    "deno:module/library",
  ]],
  [/^ffi\/(host|koffi|node)/, [
    "module/adapters",
    "node:module/errors",
    "node:module/async",
    "node:module/library",
  ]],
  [/^ffi\//, [
    "module/adapters",
    "module/errors",
    "module/async",
    "module/shrinks",
    "module/library",
  ]],
  [/^cli\/audio\/(aiff|flac|wav|read|write)/, [
    "command/wav",
    "command/aiff",
    "command/flac",
    "command/formats",
    "command/opened",
    "command/cli",
    "command/hostile",
    "command/sources",
  ]],
  [/^cli\/audio\/(code|scratch)/, ["command/coding", "command/opened", "command/cli"]],
  [/^cli\/(main|entry)/, ["command/forms", "command/threads"]],
  [/^cli\/audio/, ["command/opened", "command/sources", "command/cli", "command/coding"]],
  [/^cli\/(commands\/)?report/, ["command/report", "command/told"]],
  [/^cli\/parquet\/(arrow|schema)/, [
    "command/arrow",
    "command/parquet-rewrite",
    "command/parquet",
  ]],
  [/^cli\/(parquet|dataset\/parquet)/, [
    "command/parquet-pages",
    "command/parquet-rewrite",
    "command/parquet",
  ]],
  [/^cli\/progress/, ["command/progress", "command/hostile"]],
  [/^cli\/(commands\/merge|dataset\/(merge|state|claim))/, ["command/merge", "command/dataset"]],
  [/^cli\/dataset\/lists/, ["command/lists", "command/dataset", "command/hostile"]],
  [/^cli\/dataset\/(tar|sample|pipe)/, ["command/tar", "command/pipes", "command/hostile"]],
  [/^cli\/dataset\/(hands|task\.|thread|work)/, [
    "command/threads",
    "command/dataset",
    "deno:command/threads", // which drops what a thread is told before it listens
  ]],
  [/^cli\/(draw|errors|options)/, ["command/arguments", "command/draws", "command/forms"]],
  [/^cli\/dataset\/(find|plan|tasks|twins)/, [
    "command/plan",
    "command/dataset",
    "command/tar",
    "command/hostile",
  ]],
  [/^cli\/(commands\/)?dataset/, [
    "command/dataset",
    "command/tar",
    "command/merge",
    "command/sources",
    "command/draws",
    "command/hostile",
  ]],
  [/^cli\//, [
    "command/arguments",
    "command/cli",
    "command/forms",
    "command/outputs",
    "command/hostile",
  ]],
];

export function specsOf(file: string): readonly string[] {
  return suites.find(([pattern]) => pattern.test(file))?.[1] ?? [];
}

/** For who survived those: all else that could notice, but for what takes minutes. */
export function otherSpecsOf(file: string, project = root): string[] {
  const folders = file.startsWith("cli/") ? ["command"] : ["module", "package"];
  return folders.flatMap((folder) =>
    readdirSync(join(project, "tests", folder)).flatMap((name) => {
      const [, spec] = /^(.+)\.test\.ts$/.exec(name) ?? [];
      return spec && spec !== "fuzz" ? [`${folder}/${spec}`] : [];
    })
  ).filter((spec) => !specsOf(file).includes(spec));
}

/** How a spec is run: by which tool, with which arguments. */
export function commandOf(spec: string): [tool: "bun" | "deno" | "node", args: string[]] {
  const [runtime, name] = spec.includes(":") ? spec.split(":") as [string, string] : ["bun", spec];
  const path = `tests/${name}.test`;
  if (runtime === "deno") {
    return ["deno", ["test", "-A", "--no-check", "--fail-fast", `${path}.ts`]];
  }
  if (runtime === "node") return ["node", ["--test", `dist/node/${path}.js`]];
  return ["bun", ["test", "--bail", "--timeout=600000", `./${path}.ts`]];
}
