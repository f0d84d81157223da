/** `mp3-augment merge`: the shards' manifests as one, and whether all is there. */
import process from "node:process";
import type { Command } from "commander";
import { mergeShards } from "../dataset/merge.ts";

const EXAMPLES = `
Example:
  $ mp3-augment merge augmented/

It fails, and changes nothing, if a shard is missing or has not finished, if two shards have the same
file, or if an output isn't what its manifest says.`;

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
    .action(async (folder: string, options: { hash: boolean; json: boolean }) => {
      const result = await mergeShards(folder, options.hash);
      process.stdout.write(
        options.json
          ? `${JSON.stringify(result)}\n`
          : `${result.shards} shards, ${result.files} files, ${result.outputs} outputs: ${result.manifest}\n`,
      );
    });
}
