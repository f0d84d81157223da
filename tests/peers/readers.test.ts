/**
 * Our Parquet files, tar streams and manifests in the programs that people load them with. pyarrow and
 * soundfile always; Hugging Face's datasets and webdataset by `npm run test:python`, as to install them
 * takes a minute; Lhotse, which needs torch, where MP3_AUGMENT_LHOTSE names a Python that has it.
 */
import assert from "node:assert/strict";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";
import { gzipSync } from "node:zlib";
import { prepareVenv } from "../../bench/venv.ts";
import { cliCommand, readJsonLines, runCli, withFolder, writeWav } from "../command/cli.ts";
import { projectPath, run, test } from "../harness.ts";
import { makeSignal } from "../signals.ts";

const SCRIPT = projectPath("tests/peers/readers.py");
const READERS = {
  folder: projectPath("dist/venv/readers"),
  requirements: projectPath("tests/peers/readers.txt"),
  probe: "import pyarrow.parquet, soundfile",
  name: "pyarrow",
};
const MORE_READERS = {
  folder: projectPath("dist/venv/more-readers"),
  requirements: projectPath("tests/peers/more-readers.txt"),
  probe: "import datasets, soundfile, webdataset",
  name: "datasets",
};
const { MP3_AUGMENT_PYTHON: wantsMore, MP3_AUGMENT_LHOTSE: lhotse } = process.env;

async function python(command: string, ...args: string[]): Promise<string> {
  const env = { HF_HUB_OFFLINE: "1", HF_HUB_DISABLE_PROGRESS_BARS: "1" };
  const { code, stdout, stderr } = await run(command, args, env);
  assert.equal(code, 0, stderr);
  return stdout;
}

async function dataset(...args: string[]): Promise<void> {
  const { code, stderr } = await runCli(["dataset", ...args, "--quiet"]);
  assert.equal(code, 0, stderr);
}

/** The block of a page's Python that holds these words. */
function block(page: string, words: string): string {
  const blocks = [...readFileSync(projectPath(page), "utf8").matchAll(/```python\n([^]*?)```/g)];
  const [found] = blocks.map(([, code = ""]) => code).filter((code) => code.includes(words));
  assert.ok(found, `${page}: ${words}`);
  return found;
}

test("pyarrow and soundfile read Parquet shards: all other columns have every bit", async () => {
  const venv = await prepareVenv(READERS);
  if ("skipped" in venv) return console.log(`skipped: ${venv.skipped}`);
  await withFolder(async (folder) => {
    const [source, target] = [join(folder, "in"), join(folder, "out")];
    mkdirSync(source);
    await python(venv.python, SCRIPT, "make", source);
    for (const copies of ["1", "2"]) {
      await dataset(source, target + copies, "--copies", copies, "--seed", "1");
      await python(venv.python, SCRIPT, "check", source, target + copies, copies);
    }
  });
});

test("Hugging Face's datasets reads what it has written, augmented", async () => {
  if (!wantsMore) return console.log("skipped: npm run test:python does it");
  const venv = await prepareVenv(MORE_READERS);
  if ("skipped" in venv) return console.log(`skipped: ${venv.skipped}`);
  await withFolder(async (folder) => {
    const [source, target] = [join(folder, "a.parquet"), join(folder, "out")];
    await python(venv.python, SCRIPT, "make-features", source);
    await dataset(source, target, "--seed", "1", "--p", "1");
    const env = { HF_HOME: join(folder, "cache"), HF_HUB_OFFLINE: "1" };
    const args = [SCRIPT, "datasets", source, join(target, "a.parquet")];
    const { code, stdout, stderr } = await run(venv.python, args, env);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /datasets: 25 rows/);
  });
});

test("WebDataset reads shards through the pipe that docs/pipes.md shows", async () => {
  if (!wantsMore) return console.log("skipped: npm run test:python does it");
  const venv = await prepareVenv(MORE_READERS);
  if ("skipped" in venv) return console.log(`skipped: ${venv.skipped}`);
  await withFolder(async (folder) => {
    const clips = join(folder, "clips");
    for (let i = 0; i < 6; i++) {
      writeWav(join(clips, `c${i}.wav`), [makeSignal(3000, 16000, i)], 16000);
    }
    await dataset(clips, join(folder, "train"), "--tar", "3", "--p", "0");
    const bin = join(folder, "bin");
    mkdirSync(bin);
    writeFileSync(
      join(bin, "mp3-augment"),
      `#!/bin/sh\nexec ${cliCommand().map((word) => `'${word}'`).join(" ")} "$@"\n`,
    );
    chmodSync(join(bin, "mp3-augment"), 0o755);
    const shown = block("docs/pipes.md", "pipe:")
      .replace("{i:04d}", "{i:06d}").replace("range(100)", "range(2)")
      .replace("aws s3 cp s3://bucket/{name} -", `cat ${folder}/{name}`);
    assert.match(shown, /cat .* mp3-augment dataset/);
    const code = `import json, webdataset\n${shown}
samples = list(dataset)
assert len(samples) == 6, len(samples)
assert all(len(sample["wav"]) == 6044 and "augment.json" in sample for sample in samples)
`;
    await run(venv.python, ["-c", code], {
      PATH: `${bin}${delimiter}${process.env["PATH"]}`,
    }).then(({ code, stderr }) => assert.equal(code, 0, stderr));
  });
});

test("a NeMo manifest comes of docs/lists.md, with audio behind each line", async () => {
  const { code: missing } = await run("python3", ["--version"]).catch(() => ({ code: 1 }));
  if (missing) return console.log("skipped: Python is not installed");
  await withFolder(async (folder) => {
    const texts = ["one", "two"].map((text, seed) => {
      writeWav(join(folder, `clips/${seed}.wav`), [makeSignal(8000, 16000, seed)], 16000);
      return {
        audio_filepath: join(folder, `clips/${seed}.wav`),
        text,
        offset: 0.1,
        duration: 0.2,
      };
    });
    const list = join(folder, "train_manifest.json");
    writeFileSync(list, texts.map((line) => `${JSON.stringify(line)}\n`).join(""));
    await dataset(list, join(folder, "out"), "--root", folder, "--copies", "2");
    const code = block("docs/lists.md", "nemo.json");
    await python("python3", "-c", `import os\nos.chdir(${JSON.stringify(folder)})\n${code}`);
    const lines = readJsonLines(join(folder, "out/nemo.json"));
    assert.equal(lines.length, 4);
    for (const [i, { audio_filepath, ...said }] of lines.entries()) {
      const { audio_filepath: _, ...wanted } = texts[i >> 1] as typeof texts[number];
      assert.deepEqual(said, wanted);
      assert.equal(readFileSync(join(folder, "out", `${audio_filepath}`)).length, 16044);
    }
  });
});

test("Lhotse loads the cuts that docs/lists.md makes of a manifest", async () => {
  if (!lhotse) return console.log("skipped: MP3_AUGMENT_LHOTSE names no Python with lhotse");
  await withFolder(async (folder) => {
    const cuts = ["a", "b"].map((id, seed) => {
      writeWav(join(folder, `clips/${id}.wav`), [makeSignal(8000, 16000, seed)], 16000);
      const recording = {
        id,
        sources: [{ type: "file", channels: [0], source: `clips/${id}.wav` }],
        sampling_rate: 16000,
        num_samples: 8000,
        duration: 0.5,
        channel_ids: [0],
      };
      const cut = { id, start: 0.1, duration: 0.3, channel: 0, recording, supervisions: [] };
      return { ...cut, type: "MonoCut" };
    });
    const lines = cuts.map((cut) => JSON.stringify(cut)).join("\n");
    writeFileSync(join(folder, "cuts.jsonl.gz"), gzipSync(`${lines}\n`));
    const column = ["--path-column", "recording.sources.0.source"];
    await dataset(join(folder, "cuts.jsonl.gz"), join(folder, "out"), ...column, "--copies", "2");
    assert.equal(readJsonLines(join(folder, "out/manifest.jsonl")).length, 4);
    const code = `import os\nos.chdir(${JSON.stringify(folder)})
${block("docs/lists.md", "lhotse")}
cuts = CutSet.from_file("out/cuts.jsonl.gz")
assert sorted(cut.id for cut in cuts) == ["a-mp3-0", "a-mp3-1", "b-mp3-0", "b-mp3-1"]
for cut in cuts:
    assert cut.load_audio().shape == (1, 4800), cut.load_audio().shape
`;
    await python(lhotse, "-c", code);
  });
});
