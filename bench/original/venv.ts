// The Python package that this project follows, in a virtual environment of its own.
import { fileURLToPath } from "node:url";
import { prepareVenv } from "../venv.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** How to start the original's worker, or why there is none. */
export async function prepareOriginal(): Promise<
  { command: string; args: string[] } | { skipped: string }
> {
  const venv = await prepareVenv({
    folder: here("../.venv"),
    requirements: here("requirements.txt"),
    probe: "import fast_mp3_augment",
    name: "fast-mp3-augment",
  });
  return "skipped" in venv ? venv : { command: venv.python, args: [here("roundtrip.py")] };
}
