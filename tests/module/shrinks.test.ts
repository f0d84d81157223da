/** Memory that goes away in the middle of a call ends the call, never the process. */
import assert from "node:assert/strict";
import { projectPath, runScript, test } from "../harness.ts";

/** What is read too early to be missed, or written elsewhere, is no error or another one. */
const EXPECTED: Record<string, string> = {
  "roundtrip-stream": "INVALID_AUDIO",
  "encoder-stream": "INVALID_AUDIO",
  "decoder-stream": "INVALID_AUDIO",
  "batch": "INVALID_AUDIO",
  "batch-out": "INVALID_OPTION, INVALID_AUDIO",
  "batch-out-getter": "EMPTY_AUDIO, INVALID_AUDIO",
  "encode-async-signal": "EMPTY_AUDIO, INVALID_AUDIO",
  "roundtrip-async-signal": "EMPTY_AUDIO, INVALID_AUDIO",
  "decode-gapless": "CORRUPT_MP3, INVALID_AUDIO",
  "decode-async-signal": "CORRUPT_MP3, INVALID_AUDIO",
  "probe-gapless": "CORRUPT_MP3, INVALID_AUDIO",
  "proxy-samples": "INVALID_AUDIO",
  "proxy-encode": "INVALID_AUDIO",
  "proxy-out": "INVALID_AUDIO",
  "proxy-out-itself": "INVALID_AUDIO",
  "proxy-out-async": "INVALID_AUDIO",
  "out-while-it-runs": "INVALID_OPTION, INVALID_AUDIO",
  "pcm16-while-it-runs": "no error",
  "pcm16-signal": "EMPTY_AUDIO, INVALID_AUDIO",
};

for (const [name, expected] of Object.entries(EXPECTED)) {
  test(`memory that goes away: ${name}`, async () => {
    const [resized = "", transferred = resized] = expected.split(", ");
    for (const [how, code] of [["resize", resized], ["transfer", transferred]] as const) {
      const script = projectPath("tests/scripts/shrinks.ts");
      const outcome = await runScript(script, ["-A"], { parameters: [name, how] });
      assert.deepEqual(outcome, { code: 0, stdout: `${code}\n`, stderr: "" }, how);
    }
  });
}
