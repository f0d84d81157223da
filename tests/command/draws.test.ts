/** What the data set command draws from, and that it is the transform's. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { Mp3Compression, type Mp3CompressionOptions } from "../../transform.ts";
import { readJsonLines, runCli, withFolder, writeWav } from "./cli.ts";
import { test } from "../harness.ts";
import { makeSignal } from "../signals.ts";

const RATE = 44100;

async function drawnBy(folder: string, out: string, args: readonly string[]) {
  const { code, stderr } = await runCli(["dataset", folder, out, "--seed", "7", ...args]);
  assert.equal(code, 0, stderr);
  return readJsonLines(join(out, "manifest.jsonl"));
}

test("dataset draws by name what the transform draws, with every option", () =>
  withFolder(async (folder) => {
    const clips = join(folder, "in");
    writeWav(join(clips, "a.wav"), [makeSignal(4000, RATE)], RATE);
    writeWav(join(clips, "b/ü.wav"), [makeSignal(3000, RATE, 1), makeSignal(3000, RATE, 2)], RATE);
    const runs: [string, Mp3CompressionOptions, string[]][] = [
      ["realistic", { preset: "realistic", p: 0.9 }, ["--preset", "realistic", "--p", "0.9"]],
      [
        "all",
        {
          qualities: [5, 9],
          lowpassHz: ["off", 5000, "auto"],
          codedSampleRates: ["same", 22050, "auto"],
          gridOffsets: true,
          maxPasses: 2,
          maxBitrateKbps: 64,
          p: 1,
        },
        "--qualities 5,9 --lowpasses off,5000,auto --coded-rates same,22050,auto --any-grid-offset --max-passes 2 --p 1"
          .split(" "),
      ],
    ];
    for (const [name, options, args] of runs) {
      const out = join(folder, name);
      const rows = await drawnBy(clips, out, [...args, "--copies", "24"]);
      assert.equal(rows.length, 48); // of which some depend on the channels
      const transform = new Mp3Compression({ ...options, seed: 7 });
      for (const { source, copy, parameters, channels, frames } of rows) {
        const key = String(source);
        assert.equal(frames, key === "a.wav" ? 4000 : 3000);
        const isPair = channels === 2;
        const { shouldApply, ...coding } = transform.parametersFor(
          key,
          Number(copy),
          RATE,
          isPair ? 2 : 1,
        );
        assert.deepEqual(parameters, shouldApply ? JSON.parse(JSON.stringify(coding)) : null);
      }
    }
  }));

for (
  const [args, message] of [
    [["--preset", "realistic", "--max-passes", "2"], /--preset draws what --max-passes says/],
    [["--preset", "speech"], /realistic/],
    [["--qualities", "3,10"], /an integer from 0 to 9/],
    [["--coded-rates", "44056"], /8000.*Or same or auto/],
    [["--lowpasses", "loud"], /an integer from 1 to 24000\. Or off or auto/],
    [["--min-bitrate", "65"], /can't be drawn: the range from --min-bitrate/],
  ] as const
) {
  test(`dataset refuses ${args.join(" ")}`, async () => {
    const { code, stderr } = await runCli(["dataset", "nowhere", "out", ...args]);
    assert.equal(code, 2, stderr);
    assert.match(stderr, message);
  });
}
