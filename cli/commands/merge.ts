/** `mp3-augment merge`: the shards' manifests as one, and whether all is there. */
import process from "node:process";
import type { Command } from "commander";
import { mergeShards } from "../dataset/merge.ts";
import { printable } from "../errors.ts";
import { stopOnSignals } from "../interrupt.ts";
import { tellResult, warn } from "../tell.ts";

const EXAMPLES = `
Example:
  $ mp3-augment merge augmented/

It fails, and changes nothing, if a shard is missing or has not finished, if a shard's manifest, journal
and plan don't agree, if two shards have the same file, or if an output isn't what its manifest says.`;

/** Adds the command. */
export function add(program: Command): void {
  program.command("merge")
    .summary("join and verify the manifests of shards")
    .description(
      "Joins the manifests of all shards in DST into one, after looking at every output.",
    )
    .argument("<DST>", "the output folder of the shards")
    .option("--no-hash", "compare sizes only, not contents")
    .option("--json", "print the result as JSON", false)
    .addHelpText("after", EXAMPLES)
    .option("--force", "replace a manifest.jsonl that is none of a run's", false)
    .action(merge);
}

async function merge(
  folder: string,
  options: { hash: boolean; json: boolean; force: boolean },
): Promise<void> {
  const stop = stopOnSignals(() => {});
  try {
    const result = await mergeShards(folder, {
      comparesHashes: options.hash,
      force: options.force,
      signal: stop.signal,
      say: warn,
    });
    const { shards, files, outputs, failed, manifest } = result;
    if (failed > 0) warn(`${failed} sources have failed, as their shards have told`);
    if (options.json) return tellResult(result);
    const text = `${shards} shards, ${files} files, ${outputs} outputs: ${manifest}`;
    process.stdout.write(`${printable(text)}\n`);
  } finally {
    stop.release();
  }
}
