// npm run bench:modes
//
// Encoding in every mode, shaped ones and those of 7 to 9, against stock LAME 3.100 built by the same
// compiler: CPU time per second of the bench's stereo, and the ratio. The bytes must be equal.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeClips } from "./clips.ts";
import { needTool, root } from "../scripts/tools.mjs";

const folder = mkdtempSync(join(tmpdir(), "mp3-augment-modes-"));
try {
  const clip = makeClips(folder, false).find(({ name }) => name === "8 s stereo 44.1 kHz");
  const command = ["build", "test-bytes", "--", "--time", "--clip", clip?.path ?? ""];
  const { status } = spawnSync(needTool("zig"), command, { cwd: root, stdio: "inherit" });
  process.exitCode = status ?? 1;
} finally {
  rmSync(folder, { recursive: true });
}
