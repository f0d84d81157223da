// The Python package that this project follows, in a virtual environment of its own.
import { fileURLToPath } from "node:url";
import { prepareVenv } from "../venv.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** How to start a program, or why there is none. */
type Prepared = { command: string; args: string[] } | { skipped: string };

/** The original's worker. */
export function prepareOriginal(): Promise<Prepared> {
  return prepare("roundtrip.py");
}

/** What does a folder of WAV files, in a pool of processes. */
export function prepareDatasetPool(): Promise<Prepared> {
  return prepare("dataset.py");
}

async function prepare(script: string): Promise<Prepared> {
  const venv = await prepareVenv({
    folder: here("../.venv"),
    requirements: here("requirements.txt"),
    probe: "import fast_mp3_augment, soundfile",
    name: "fast-mp3-augment",
  });
  return "skipped" in venv ? venv : { command: venv.python, args: [here(script)] };
}
