/** What commands tell people when they are done: numbers, units, and what comes next. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { decodeBytes } from "../../cli/audio/read.ts";
import { wavHeader } from "../../cli/audio/wav.ts";
import { as16Bits, runCli, withFolder, writeWav } from "./cli.ts";
import { test } from "../harness.ts";
import { makeSignal } from "../signals.ts";

const RATE = 16000;

test("dataset says what was done, how fast, what failed, and where the manifest is", () =>
  withFolder(async (folder) => {
    const [source, target] = [join(folder, "in"), join(folder, "out")];
    for (const name of ["a", "b"]) {
      writeWav(join(source, `${name}.wav`), [makeSignal(RATE, RATE)], RATE);
    }
    writeFileSync(join(source, "bad.wav"), "no audio");
    const run = async (code: number, ...args: string[]) => {
      const outcome = await runCli(["dataset", source, target, ...args]);
      assert.equal(outcome.code, code, outcome.stderr);
      return outcome;
    };
    const manifest = join(target, "manifest.jsonl");
    const first = await run(1);
    assert.equal(first.stdout.length, 0);
    assert.match(
      first.stderr,
      /failed: bad\.wav: .*\n2 files, 2\.0 s of audio in \d+\.\d+ s \(\d+ × real time\), 1 failed\nmanifest: .*\n$/,
    );
    assert.ok(first.stderr.endsWith(`\nmanifest: ${manifest}\n`));
    writeWav(join(source, "bad.wav"), [makeSignal(RATE / 2, RATE)], RATE);
    const second = await run(0);
    assert.match(
      second.stderr,
      /\n1 file, 0\.50 s of audio in .* × real time\), 2 done before\nmanifest: /,
    );
    writeFileSync(join(source, "bad.wav"), "no audio");
    rmSync(target, { recursive: true });
    const { stdout } = await run(1, "--json", "--quiet");
    const { seconds, timesRealTime, failures, ...told } = JSON.parse(stdout.toString());
    assert.deepEqual(told, {
      ...{ files: 3, done: 2, alreadyDone: 0, failed: 1, skipped: {}, interrupted: false },
      ...{ audioSeconds: 2, manifest },
    });
    assert.ok(Math.abs(timesRealTime * seconds - 2) < 1); // the clock goes on between them
    assert.deepEqual(failures.map((failure: { source: string }) => failure.source), ["bad.wav"]);
    const shards = join(folder, "shards");
    for (const shard of [0, 1]) {
      const { stderr } = await runCli(["dataset", source, shards, "--shard", `${shard}/2`]);
      assert.ok(stderr.startsWith(`shard ${shard} of 2 (--shard ${shard}/2)\n`), stderr);
      const part = join(shards, `manifest-${shard}-of-2.jsonl`);
      assert.ok(
        stderr.endsWith(`manifest: ${part}; when all shards are done: mp3-augment merge\n`),
      );
    }
    const merged = await runCli(["merge", shards]);
    assert.deepEqual([merged.code, merged.stdout.toString(), merged.stderr], [
      0,
      `2 shards, 3 files, 2 outputs: ${join(shards, "manifest.jsonl")}\n`,
      "1 sources have failed, as their shards have told\n",
    ]);
    rmSync(join(source, "bad.wav"));
    rmSync(shards, { recursive: true });
    await runCli(["dataset", source, shards, "--shard", "0/1"]);
    const good = await runCli(["merge", shards, "--json", "--no-hash"]);
    assert.deepEqual([good.code, good.stderr, JSON.parse(good.stdout.toString())], [0, "", {
      ...{ shards: 1, files: 2, outputs: 2, failed: 0, manifest: join(shards, "manifest.jsonl") },
    }]);
  }));

test("info: seconds, minutes and hours; channels, peaks and bitrates; what can't be read", () =>
  withFolder(async (folder) => {
    const lengths: [frames: number, text: string][] = [
      [59_994, "59.99 s"],
      [59_996, "1:00.00 min"],
      [605_070, "10:05.07 min"],
      [3_599_994, "59:59.99 min"],
      [3_599_996, "1:00:00.00 h"],
      [3_727_500, "1:02:07.50 h"],
    ];
    const files = lengths.map(([frames], index) => {
      const path = join(folder, `${index}.wav`);
      const header = wavHeader(1000, 1, "16", frames);
      writeFileSync(path, header);
      truncateSync(path, header.length + 2 * frames);
      return path;
    });
    const { code, stdout } = await runCli(["info", ...files]);
    assert.equal(code, 0);
    const lines = stdout.toString().trimEnd().split("\n");
    lengths.forEach(([frames, text], index) =>
      assert.equal(
        lines[index],
        `${
          files[index]
        }: wav, 16 bits, 1000 Hz, 1 channel, ${text} (${frames} samples), peak 0.0000, ` +
          `${(16 + 44 * 8 / frames).toFixed(2)} kbps`,
      )
    );
    const loud = join(folder, "loud.wav");
    writeWav(loud, [new Float32Array(RATE).fill(0.25), new Float32Array(RATE).fill(-0.5)], RATE);
    const mp3 = join(folder, "a.mp3");
    assert.equal((await runCli(["encode", loud, mp3, "--bitrate", "64"])).code, 0);
    const missing = join(folder, "none.wav");
    const mixed = await runCli(["info", missing, loud, mp3]);
    assert.equal(mixed.code, 1);
    assert.equal(mixed.stderr, `error: ${missing}: there is no such file\n`);
    const [wav, coded, ...more] = mixed.stdout.toString().trimEnd().split("\n");
    assert.deepEqual(more, []);
    assert.equal(
      wav,
      `${loud}: wav, 16 bits, 16000 Hz, 2 channels, 1.00 s (16000 samples), peak 0.5000, 512.35 kbps`,
    );
    assert.match(
      coded ?? "",
      /a\.mp3: mp3, 16000 Hz, 2 channels, 1\.00 s \(16000 samples\), peak 0\.\d{4}, \d+\.\d\d kbps, MPEG-2, CBR, stereo, by LAME3\.100, delay 576 and padding \d+$/,
    );
    const { stdout: json } = await runCli(["info", "--json", missing, loud]);
    const [error, info] = json.toString().trimEnd().split("\n").map((line) => JSON.parse(line));
    assert.deepEqual(error, { path: missing, error: "there is no such file" });
    assert.deepEqual(info, {
      ...{ path: loud, format: "wav", bitsPerSample: 16, sampleType: "integer", sampleRate: RATE },
      ...{ channels: 2, frames: RATE, durationSeconds: 1, peak: 0.5, byteSize: 64_044 },
      bitrateKbps: 512.35,
    });
    const piped = await runCli(["info", "-"], { stdin: readFileSync(loud) });
    assert.match(piped.stdout.toString(), /^-: wav, .*, peak 0\.5000\n$/); // of what size isn't known
    const without = join(folder, "b.mp3");
    await runCli(["encode", loud, without, "--bitrate", "64", "--no-tag"]);
    assert.match((await runCli(["info", without])).stdout.toString(), /, stereo\n$/);
  }));

test("report: an excerpt is just these samples; the page says of what and how it was made", () =>
  withFolder(async (folder) => {
    const rate = RATE;
    const signal = as16Bits(makeSignal(2 * rate, rate).map((sample) => sample / 2));
    const [input, output] = [join(folder, "in.wav"), join(folder, "out.html")];
    writeWav(input, [signal], rate);
    const clipOf = async (...args: string[]) => {
      const { code, stdout, stderr } = await runCli([
        "report",
        input,
        "-o",
        output,
        "--force",
        ...args,
      ]);
      assert.equal(code, 0, stderr);
      const html = readFileSync(output, "utf8");
      const flac = /<script id="audio-0" type="text\/plain">([^<]+)</.exec(html)?.[1] ?? "";
      const { gain } = JSON.parse(/<script id="data"[^>]*>([^<]+)</.exec(html)?.[1] ?? "");
      const { channels: [samples = new Float32Array()] } = await decodeBytes(
        Buffer.from(flac, "base64"),
      );
      return { html, stdout: stdout.toString(), samples: samples.map((sample) => sample * gain) };
    };
    const excerpts: [args: string, from: number, to: number, note: string][] = [
      ["--start 0.75 --duration 0.5", 0.75, 1.25, "An excerpt: 0.8 s to 1.3 s of 2.0 s."],
      ["--start 1.5 --coded-rate 8000", 1.5, 2, "An excerpt: 1.5 s to 2.0 s of 2.0 s."],
    ];
    for (const [args, from, to, note] of excerpts) {
      const { html, samples } = await clipOf("--bitrates", "64,64", ...args.split(" "));
      const wanted = signal.subarray(from * rate, to * rate);
      assert.equal(samples.length, wanted.length);
      const worst = samples.reduce(
        (most, sample, i) => Math.max(most, Math.abs(sample - (wanted[i] as number))),
        0,
      );
      assert.ok(worst < 2 ** -15, `${args}: ${worst}`);
      assert.ok(html.includes(`<p class="soft">${note}</p>`), note);
      assert.equal(html.includes("LAME quality 7 · coded at 8000 Hz</p>"), from === 1.5);
    }
    const flags = "--lowpass off --coded-rate auto --grid-offset 7 --passes 2 --preserve-level";
    const { html, stdout } = await clipOf(
      "--bitrates",
      "32,32,64",
      ...flags.split(" "),
    );
    const size = (Buffer.byteLength(html) / 1e6).toFixed(1);
    assert.equal(stdout, `${output}: 3 clips, ${size} MB\n`);
    const facts = "2.0 s · mono · 16 kHz · LAME quality 7 · no lowpass · coded at LAME's rate · " +
      "grid offset 7 · 2 passes · level preserved";
    assert.ok(html.includes(`<p class="soft">${facts}</p>`));
    assert.ok(html.includes("<title>in.wav</title>"));
    assert.ok(!html.includes("An excerpt"));
  }));
