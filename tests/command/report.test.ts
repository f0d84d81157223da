/** The report's measurements and pictures, on signals whose values are known. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inflateSync } from "node:zlib";
import { decodeBytes } from "../../cli/audio/read.ts";
import { wavBytes, wavHeader } from "../../cli/audio/wav.ts";
import { type CliError, EXIT } from "../../cli/errors.ts";
import { wavFileOf } from "../../cli/report/format.ts";
import {
  bandwidthHz,
  levelDb,
  logSpectralDistanceDb,
  type Metrics,
  snrDb,
} from "../../cli/report/metrics.ts";
import { renderPage } from "../../cli/report/page.ts";
import { type Recipe, recipeOf, type Setting } from "../../cli/report/recipe.ts";
import {
  ceilingDb,
  chooseFrameSize,
  LEVEL_RANGE_DB,
  type Spectrogram,
  spectrogram,
} from "../../cli/report/spectrogram.ts";
import { makeReport } from "../../cli/report/report.ts";
import { labelOf, parseSetting, type Shared } from "../../cli/report/settings.ts";
import { VERSION } from "../../cli/version.ts";
import { compressRoundtrip, encodeMp3 } from "../../mod.ts";
import { projectPath, runScript, test } from "../harness.ts";
import { fixture } from "./cli.ts";
import { makeSignal, randomNumbers, REAL_AUDIO_RATE, realAudio } from "../signals.ts";

const RATE = 44100;
const LENGTH = RATE;

/** Noise of uniform distribution and a standard deviation of 1. */
function makeNoise(length: number, seed: number): Float32Array {
  const random = randomNumbers(seed);
  return Float32Array.from({ length }, () => Math.sqrt(12) * (random() - 0.5));
}

function makeSine(frequencyHz: number, amplitude: number, length = LENGTH): Float32Array {
  return Float32Array.from(
    { length },
    (_, i) => amplitude * Math.sin(2 * Math.PI * frequencyHz * i / RATE),
  );
}

function scale(samples: Float32Array, factor: number): Float32Array {
  return samples.map((sample) => factor * sample);
}

function mix(a: Float32Array, b: Float32Array, factorOfB: number): Float32Array {
  return a.map((sample, i) => sample + factorOfB * (b[i] as number));
}

/** A low-pass of 511 taps: a sinc under a Blackman window. */
function lowpass(samples: Float32Array, cutoffHz: number): Float32Array {
  const half = 255;
  const taps = Array.from({ length: 2 * half + 1 }, (_, i) => {
    const x = 2 * cutoffHz / RATE * (i - half);
    const sinc = x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
    const turn = 2 * Math.PI * i / (2 * half);
    return sinc * (0.42 - 0.5 * Math.cos(turn) + 0.08 * Math.cos(2 * turn)) * 2 * cutoffHz / RATE;
  });
  return samples.map((_, n) => taps.reduce((sum, tap, i) => sum + tap * (samples[n - i] ?? 0), 0));
}

/** What a page says of itself. */
const WORDS = { title: "T", facts: [], notes: [], command: "", input: "clip.wav" };

function assertNear(actual: number, expected: number, tolerance: number): void {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not near ${expected}`);
}

test("report: the SNR of noise of a known level, at any level of the whole", () => {
  const signal = makeNoise(LENGTH, 1);
  const noise = makeNoise(LENGTH, 2);
  for (const expected of [0, 10, 40, 90]) {
    const noisy = mix(signal, noise, 10 ** (-expected / 20));
    assertNear(snrDb([signal], [noisy]), expected, 0.15);
    assertNear(snrDb([signal], [scale(noisy, 0.5)]), expected, 0.15);
  }
});

test("report: equal clips have no noise, silence has no ratio", () => {
  const signal = makeNoise(LENGTH, 1);
  const silence = new Float32Array(LENGTH);
  assert.equal(snrDb([signal], [signal]), Infinity);
  assert.ok(Number.isNaN(snrDb([signal], [silence])));
  assert.ok(Number.isNaN(snrDb([silence], [silence])));
});

test("report: channels count together", () => {
  const left = makeNoise(LENGTH, 1);
  const right = makeNoise(LENGTH, 2);
  const noisy = mix(right, makeNoise(LENGTH, 3), 0.1);
  assertNear(snrDb([left, right], [left, noisy]), 23, 0.15);
  assertNear(levelDb([left, right], [scale(left, 0.1), scale(right, 0.1)]), -20, 1e-4);
  assertNear(levelDb([left, right], [left, new Float32Array(LENGTH)]), -3.01, 0.1);
});

test("report: the log-spectral distance of equal clips, and of a change of level", () => {
  const signal = makeNoise(LENGTH, 1);
  assert.equal(logSpectralDistanceDb([signal], [signal], RATE), 0);
  assertNear(logSpectralDistanceDb([signal], [scale(signal, 0.5)], RATE), 6.02, 0.01);
});

test("report: the log-spectral distance is a mean over time", () => {
  const signal = makeNoise(LENGTH, 1);
  const halfFaded = signal.map((sample, i) => i < LENGTH / 2 ? sample : sample / 2);
  assertNear(logSpectralDistanceDb([signal], [halfFaded], RATE), 3.01, 0.1);
});

test("report: the log-spectral distance is a root mean square over frequency", () => {
  const noise = makeNoise(LENGTH / 2, 1);
  // Below 11,025 Hz, half of all frequencies, 20 dB are missing; above nothing is.
  const low = lowpass(noise, RATE / 4);
  const delayed = noise.map((_, i) => noise[i - 255] ?? 0);
  const coded = mix(delayed, low, -0.9);
  assertNear(logSpectralDistanceDb([delayed], [coded], RATE), 20 / Math.SQRT2, 0.3);
});

test("report: digital silence has a finite distance", () => {
  const signal = makeNoise(LENGTH, 1);
  const halfSilent = signal.map((sample, i) => i < LENGTH / 2 ? sample : 0);
  const distance = logSpectralDistanceDb([signal], [halfSilent], RATE);
  assert.ok(distance > 20 && distance < 100, String(distance));
});

test("report: the bandwidth of low-passed noise", () => {
  const noise = makeNoise(LENGTH / 4, 1);
  for (const cutoffHz of [2000, 8000, 16000]) {
    assertNear(bandwidthHz([lowpass(noise, cutoffHz)], RATE), cutoffHz, 250);
  }
  assert.ok(bandwidthHz([noise], RATE) > 22000);
  assert.ok(Number.isNaN(bandwidthHz([new Float32Array(LENGTH)], RATE)));
});

test("report: a spectrum ends 70 dB below its highest point", () => {
  const with10kHz = (levelDb: number) =>
    mix(makeSine(1000, 1), makeSine(10_000, 10 ** (levelDb / 20)), 1);
  assertNear(bandwidthHz([with10kHz(-68)], RATE), 10_000, 30);
  assertNear(bandwidthHz([with10kHz(-72)], RATE), 1000, 300); // and the skirt of its window
});

test("report: what is 100 dB below the original's peak counts as just being there", () => {
  const silent = new Float32Array(LENGTH);
  silent[0] = 1; // which no window sees
  const bin = 100, frameSize = 2048, amplitude = 0.1;
  const sine = makeSine(bin * RATE / frameSize, amplitude);
  // A Hann window gives the bins beside it a quarter of the power; all others have none.
  const [middleDb, besideDb] = [100 - 20, 100 - 20 - 6.02];
  const wanted = Math.sqrt((middleDb ** 2 + 2 * besideDb ** 2) / (frameSize / 2));
  assertNear(logSpectralDistanceDb([silent], [sine], RATE), wanted, 0.05);
});

test("report: the frame is about 46 ms at every rate", () => {
  const sizes = [8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000].map(chooseFrameSize);
  assert.deepEqual(sizes, [512, 512, 512, 1024, 1024, 1024, 2048, 2048, 2048]);
});

test("report: a sine is where it belongs in the spectrogram", () => {
  const full = makeSine(5512.5, 1);
  assertNear(ceilingDb([full], RATE), 0, 1); // rounded up from what is hardly 0
  const { columns, edgesHz, levels } = spectrogram([scale(full, 0.1)], RATE, 0);
  // 128 rows of one bin, 64 of two, 192 of four, which reach to half the sample rate.
  assert.deepEqual([columns, edgesHz.length, levels.length], [788, 385, 788 * 384]);
  assert.deepEqual(edgesHz.slice(0, 2), [0, RATE / 2048]);
  assert.equal(edgesHz.at(-1), RATE / 2);
  const column = [...levels.subarray(400 * 384, 401 * 384)];
  const loudest = column.indexOf(Math.max(...column));
  assert.equal(edgesHz[loudest], 5512.5);
  // -20 dB, of which the row's mean over four bins takes 4.3.
  assertNear(column[loudest] as number, LEVEL_RANGE_DB - 24.3, 1);
  assert.equal(column[256], 0);
});

test("report: a click is at its time in the spectrogram", () => {
  const click = new Float32Array(20 * RATE);
  click[5 * RATE] = 1;
  const { columns, edgesHz, levels } = spectrogram([click], RATE, ceilingDb([click], RATE));
  const rows = edgesHz.length - 1;
  assert.equal(columns, 800);
  const energies = Array.from(
    { length: columns },
    (_, column) => levels.subarray(column * rows, (column + 1) * rows).reduce((a, b) => a + b, 0),
  );
  assertNear(energies.indexOf(Math.max(...energies)), 200, 1);
});

test("report: all pictures are under the original's ceiling, which is the highest level there is", async () => {
  const sampleRate = 16000;
  const signal = makeSignal(sampleRate, sampleRate);
  const setting = { sampleRate, bitrateKbps: 32 };
  const tenth = (i: number) => [scale(signal, 0.3 * 10 ** (i / 200))];
  // LAME makes it quieter: at some level by what rounds up to another whole dB.
  const channels =
    Array.from({ length: 10 }, (_, i) => tenth(i)).find((original) =>
      ceilingDb(compressRoundtrip(original, setting), sampleRate) !==
        ceilingDb(original, sampleRate)
    ) ?? assert.fail("no level does");
  const ceiling = ceilingDb(channels, sampleRate);
  const { html } = await makeReport({ channels, sampleRate }, [{ label: "32", setting }], WORDS);
  [channels, compressRoundtrip(channels, setting)].forEach((clip, index) => {
    const text = new RegExp(`<script id="levels-${index}"[^>]*>([^<]+)<`).exec(html)?.[1] ?? "";
    const levels = inflateSync(Buffer.from(text, "base64"));
    assert.deepEqual([...levels], [...spectrogram(clip, sampleRate, ceiling).levels]);
    // The ceiling is the highest bin's, rounded up; a cell is a mean.
    const highest = levels.reduce((a, b) => Math.max(a, b));
    assert.ok(highest <= LEVEL_RANGE_DB && highest > LEVEL_RANGE_DB - 8, `${highest}`);
  });
});

test("report: an original's size and bitrate are those of its WAV file", () => {
  for (const [count, length, rate] of [[1, 1, 8000], [2, 1001, 44100]] as const) {
    const channels = Array.from({ length: count }, () => new Float32Array(length));
    const file = Buffer.concat([wavHeader(rate, count, "16", length), wavBytes(channels, "16")]);
    const bitrateKbps = file.readUInt32LE(28) * 8 / 1000; // bytes per second
    assert.deepEqual(wavFileOf(channels, rate), { byteSize: file.length, bitrateKbps });
  }
});

test("report: a setting's name says its bitrate, and where it isn't as the others", () => {
  const shared: Shared = {
    ...{ quality: 7, jointStereo: false, reservoir: false, preserveLevel: false },
  };
  const nameOf = (text: string, more: Partial<Shared> = {}) => {
    const others = { ...shared, ...more };
    return labelOf(parseSetting(text, others, 44100), others);
  };
  const names: [text: string, name: string, more?: Partial<Shared>][] = [
    ["128", "128 kbps"],
    ["cbr 8", "32 kbps"], // what MPEG has there
    ["abr 100", "ABR 100"],
    ["vbr 4.5", "VBR V4.5"],
    ["vbr 0 joint", "VBR V0 joint"],
    ["64 stereo", "64 kbps stereo", { jointStereo: true }],
    ["64 stereo no-reservoir no-preserve-level", "64 kbps"],
    ["64 no-reservoir", "64 kbps no reservoir", { reservoir: true }],
    ["64 no-preserve-level", "64 kbps level as coded", { preserveLevel: true }],
    ["64 preserve-level reservoir quality 3", "64 kbps reservoir q3 level kept"],
    ["64 lowpass 5000", "64 kbps lowpass 5000"],
    ["64 lowpass off", "64 kbps", { lowpass: "off" }],
    ["64 coded-rate auto", "64 kbps at auto rate"],
    ["64 coded-rate 32000 grid-offset 7 passes 2", "64 kbps at 32000 Hz offset 7 2 passes"],
    ["  --bitrate   64 ", "64 kbps"],
  ];
  for (const [text, name, more] of names) assert.equal(nameOf(text, more), name, text);
  const wrong: [text: string, message: RegExp][] = [
    ["", /^--setting "": give one of --bitrate/],
    [
      "64 error:",
      /^--setting "64 error:": error: is none of bitrate, .*, cbr, abr, vbr, joint, stereo$/,
    ],
    ["64 --none", /^--setting "64 --none": unknown option '--none'/],
    ["64 vbr 4", /^--setting "64 vbr 4": give one of/],
    ["cbr 33", /^--setting "cbr 33": /],
  ];
  for (const [text, message] of wrong) {
    assert.throws(() => nameOf(text), (error: CliError) => {
      assert.match(error.message, message);
      assert.equal(error.exitCode, EXIT.usage);
      return true;
    });
  }
});

test("report: what makes a setting, as a command and in TypeScript", () => {
  const plain = recipeOf({ sampleRate: 8000, bitrateKbps: 8 }, "a-b_1.wav", "out");
  assert.equal(
    plain.command,
    "mp3-augment roundtrip a-b_1.wav out.wav --bitrate 8\n" +
      "mp3-augment encode a-b_1.wav out.mp3 --bitrate 8",
  );
  assert.deepEqual(plain.code.split("\n"), [
    `import { compressRoundtrip, encodeMp3 } from "mp3-augment";`,
    ...["", "const options = {", "  sampleRate: 8000,", "  bitrateKbps: 8,", "} as const;"],
    "const heard = compressRoundtrip(channels, options);",
    "const mp3 = encodeMp3(channels, options);",
  ]);
  const all: Setting = {
    ...{ sampleRate: 44100, averageBitrateKbps: 100, quality: 3, stereoMode: "joint" },
    ...{ bitReservoir: true, lowpassHz: "off", codedSampleRate: "auto", gridOffset: 7, passes: 2 },
    preserveLevel: true,
  };
  const full = recipeOf(all, "it's.wav", "o");
  const flags = "--average-bitrate 100 --quality 3 --joint-stereo --reservoir --lowpass off " +
    "--coded-rate auto --grid-offset 7 --passes 2";
  assert.equal(
    full.command,
    `mp3-augment roundtrip 'it'\\''s.wav' o.wav ${flags} --preserve-level\n` +
      `mp3-augment encode 'it'\\''s.wav' o.mp3 ${flags}`,
  );
  assert.deepEqual(full.code.split("\n").slice(2), [
    ...["const options = {", "  sampleRate: 44100,", "  averageBitrateKbps: 100,", "  quality: 3,"],
    ...['  stereoMode: "joint",', "  bitReservoir: true,", '  lowpassHz: "off",'],
    ...['  codedSampleRate: "auto",', "  gridOffset: 7,", "  passes: 2,", "} as const;"],
    "const heard = compressRoundtrip(channels, { ...options, preserveLevel: true });",
    "const mp3 = encodeMp3(channels, options);",
  ]);
  const vbr = recipeOf({ sampleRate: 44100, vbrQuality: 0, quality: 7, passes: 1 }, "-", "o");
  assert.match(vbr.command, /^mp3-augment roundtrip - o\.wav --vbr-quality 0\n/);
});

test("report: clips of any length, loud, quiet and silent", async () => {
  const clips = [
    Float32Array.of(0.5),
    makeSine(440, 1.7, 3000),
    makeSine(440, 1e-5, 3000),
    new Float32Array(3000),
  ];
  for (const samples of clips) {
    const { html, rows } = await makeReport(
      { channels: [samples, samples], sampleRate: 8000 },
      [{ label: "8 kbps", setting: { sampleRate: 8000, bitrateKbps: 8 } }],
      WORDS,
    );
    assert.match(html, /^<!doctype html>/);
    assert.equal(rows.length, 2);
    const { label, ...numbers } = rows[1] ?? assert.fail();
    assert.equal(label, "8 kbps");
    for (const value of Object.values(numbers)) assert.ok(value === null || Number.isFinite(value));
    assert.equal(numbers.levelDb === null, samples[1] === 0, "only silence has no level");
  }
});

test("report: higher bitrates come closer; the page holds what was measured", async () => {
  const samples = realAudio().subarray(0, 3 * REAL_AUDIO_RATE);
  const sampleRate = REAL_AUDIO_RATE;
  const { html, rows } = await makeReport(
    { channels: [samples], sampleRate },
    [32, 64, 128].map((bitrateKbps) => ({
      label: `${bitrateKbps} kbps`,
      setting: { sampleRate, bitrateKbps },
    })),
    { ...WORDS, title: `<i>"T" & co</i>`, facts: ["</script>"] },
  );
  const [, low, middle, high] = rows;
  assert.ok(low && middle && high);
  const rising = (key: "snrDb" | "bandwidthHz" | "byteSize") =>
    Number(low[key]) < Number(middle[key]) && Number(middle[key]) < Number(high[key]);
  assert.ok(rising("snrDb") && rising("byteSize"));
  assert.ok(Number(low.logSpectralDistanceDb) > Number(high.logSpectralDistanceDb));
  assert.ok(Number(low.bandwidthHz) < Number(high.bandwidthHz));
  assertNear(Number(low.levelDb), 20 * Math.log10(0.95), 0.05);
  assert.ok(html.includes(`<td>${Number(low.snrDb).toFixed(1)}</td>`));
  assert.ok(html.includes("<title>&lt;i&gt;&quot;T&quot; &amp; co&lt;/i&gt;</title>"));
  assert.ok(!/\b(?:src|href)=/.test(html.replace(/>[A-Za-z0-9+/=]{100,}</g, "><")));
});

test("report: the page holds what the decoder gave, at any level", async () => {
  const sampleRate = 16000;
  const options = { sampleRate, bitrateKbps: 32 };
  for (const amplitude of [4, 1.7, 0.5, 1e-4]) {
    const samples = [scale(makeSignal(sampleRate, sampleRate), amplitude)];
    const { html } = await makeReport({ channels: samples, sampleRate }, [
      { label: "32 kbps", setting: options },
    ], WORDS);
    const flac = /<script id="audio-1" type="text\/plain">([^<]+)</.exec(html)?.[1] ?? "";
    const { gain } = JSON.parse(/<script id="data"[^>]*>([^<]+)</.exec(html)?.[1] ?? "");
    const embedded = await decodeBytes(Uint8Array.from(atob(flac), (c) => c.charCodeAt(0)));
    const expected = compressRoundtrip(samples, options);
    assert.equal(embedded.sampleRate, sampleRate);
    assert.ok(snrDb(expected, embedded.channels) > 75);
    if (amplitude === 4) assert.ok(peakOf(expected) > 2, `it is loud: ${peakOf(expected)}`);
    assert.ok(gain > 0 && gain <= 1, `a browser cuts what is louder than 1: ${gain}`);
    const playedPeak = gain * peakOf(embedded.channels);
    assertNear(playedPeak / Math.min(1, peakOf(expected)), 1, 0.15);
    assert.ok(playedPeak <= 1);
  }
});

function peakOf([channel = new Float32Array(0)]: readonly Float32Array[]): number {
  return channel.reduce((peak, sample) => Math.max(peak, Math.abs(sample)), 0);
}

const PERMISSIONS = ["--allow-read", "--allow-write", "--allow-env", "--allow-ffi", "--allow-sys"];

interface NoiseClip {
  channels: number;
  sampleRate: number;
  seconds: number;
}

function noiseOf({ channels, sampleRate, seconds }: NoiseClip): Float32Array[] {
  return Array.from({ length: channels }, (_, seed) => {
    const noise = scale(makeNoise(seconds * sampleRate, seed + 1), 0.1);
    return noise.map((sample) => Math.round(sample * 32768) / 32768); // as the file holds it
  });
}

/** Runs the command on a WAV file of noise, a different one in each channel. */
async function runReport(clip: NoiseClip, ...options: string[]) {
  const { channels, sampleRate, seconds } = clip;
  const folder = mkdtempSync(join(tmpdir(), "mp3-augment-report-"));
  try {
    const noise = noiseOf(clip);
    const input = join(folder, "noise & no.1.wav");
    const header = wavHeader(sampleRate, channels, "16", seconds * sampleRate);
    writeFileSync(input, Buffer.concat([header, wavBytes(noise, "16")]));
    const output = join(folder, "report.html");
    const parameters = ["report", input, "-o", output, ...options];
    const outcome = await runScript(projectPath("cli/main.ts"), PERMISSIONS, { parameters });
    const html = outcome.code === 0 ? readFileSync(output, "utf8") : "";
    return { ...outcome, html };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The page's HTML and what its script reads, but for what is packed, the script and the style. */
function markupOf(page: string): string {
  return page.replaceAll(VERSION, "0.0.0").replace(/'sha256-[^']+'/g, "'sha256'")
    .replace(/<style>[^]*?<\/style>/, "<style></style>")
    .replace(
      /(<script (?:id="(?:levels|audio)-\d+"|type="module")[^>]*>)[^]*?<\/script>/g,
      "$1</script>",
    );
}

test("report: the page's HTML is tests/fixtures/page.html.txt", () => {
  const spectrogram = { columns: 2, edgesHz: [0, 100, 200], levels: new Uint8Array(4) };
  const clip = (label: string, metrics: Metrics, byteSize: number, recipe?: Recipe) => ({
    ...{ label, metrics, byteSize, recipe, bitrateKbps: 12.345 },
    ...{ flac: Uint8Array.of(1, 2, 3), spectrogram: spectrogram as unknown as Spectrogram },
  });
  const silent = { snrDb: NaN, logSpectralDistanceDb: NaN, bandwidthHz: NaN, levelDb: NaN };
  const page = renderPage({
    ...{ title: `<Title> & "more"`, facts: ["one <fact>", "another"], notes: ["a <note>"] },
    ...{ command: "mp3-augment report 'a<b'", seconds: 1.5, sampleRate: 8000, gain: 0.5 },
    clips: [
      clip("Original", { ...silent, bandwidthHz: 3456.7 }, 99_949),
      clip(
        "8 kbps </script>",
        { snrDb: -Infinity, logSpectralDistanceDb: 12.34, bandwidthHz: 999, levelDb: -0.456 },
        100_000,
        { command: "c <&>", code: 'const a = "<";' },
      ),
      clip("V0", { snrDb: Infinity, logSpectralDistanceDb: 0, bandwidthHz: 0, levelDb: -0.004 }, 1),
      clip("silent", silent, 1_234_567),
    ],
  });
  const [, script = ""] = /<script type="module">([^]*?)<\/script>/.exec(page) ?? [];
  assert.ok(script.length > 5000 && new Function(script));
  const markup = markupOf(page);
  assert.deepEqual(markup.split("\n"), fixture("page.html.txt", markup).split("\n"));
});

test("report command: six bitrates that the rate has, all told as JSON", async () => {
  const { code, stdout, stderr, html } = await runReport(
    { channels: 1, sampleRate: 8000, seconds: 1 },
    "--json",
  );
  assert.equal(code, 0, stderr);
  const { sampleRate, clips } = JSON.parse(stdout);
  assert.equal(sampleRate, 8000);
  const labels = clips.map(({ label }: { label: string }) => label);
  assert.deepEqual(labels, ["Original", ...[8, 16, 24, 32, 48, 64].map((kbps) => `${kbps} kbps`)]);
  assert.ok(html.includes("<title>noise &amp; no.1.wav</title>"));
});

test("report command: what MP3 can't take is made fit, and said", async () => {
  const { code, stdout, stderr, html } = await runReport(
    { channels: 6, sampleRate: 96000, seconds: 2 },
    ..."--start 0.5 --duration 1 --bitrates 8,32,64 --average-bitrates 100".split(" "),
    ..."--vbr-qualities 4.5 --joint-stereo --reservoir --lowpass 9000".split(" "),
    ..."--preserve-level --quality 5 --json --title".split(" "),
    "A title",
  );
  assert.equal(code, 0, stderr);
  const { sampleRate, clips } = JSON.parse(stdout);
  assert.equal(sampleRate, 48000);
  const labels = clips.map(({ label }: { label: string }) => label);
  assert.deepEqual(labels, ["Original", "32 kbps", "64 kbps", "ABR 100", "VBR V4.5"]);
  for (const clip of clips.slice(1)) assertNear(clip.bandwidthHz, 9500, 1000);
  const said = [
    "<title>A title</title>",
    "1.0 s · stereo · 48 kHz · LAME quality 5 · joint stereo · bit reservoir · lowpass 9000 Hz",
    "An excerpt: 0.5 s to 1.5 s of 2.0 s.",
    "The first two of 6 channels.",
    "Resampled from 96 kHz",
  ];
  for (const text of said) assert.ok(html.includes(text), text);
});

test("report command: settings of any kind, and what makes each of them", async () => {
  const clip = { channels: 2, sampleRate: 44100, seconds: 1 };
  const { code, stdout, stderr, html } = await runReport(
    clip,
    ..."--json --joint-stereo --quality 5 --setting".split(" "),
    "vbr 4",
    "--setting",
    "abr 100 stereo",
    "--setting",
    "40 quality 3 reservoir lowpass off preserve-level",
    "--setting",
    " --bitrate  40 no-joint-stereo",
  );
  assert.equal(code, 0, stderr);
  const { clips } = JSON.parse(stdout) as {
    clips: { label: string; byteSize: number; bitrateKbps: number }[];
  };
  assert.deepEqual(clips.map(({ label }) => label), [
    "Original",
    "VBR V4",
    "ABR 100 stereo",
    "40 kbps reservoir q3 lowpass off level kept",
    "40 kbps stereo",
  ]);
  const [original, variable, average, ...constant] = clips.map(({ bitrateKbps }) => bitrateKbps);
  assert.equal(original, 1411.2);
  assert.ok(Number(variable) > 128 && Number(variable) !== Math.round(Number(variable)));
  assertNear(Number(average), 100, 10);
  for (const kbps of constant) assertNear(kbps, 40, 0.1);

  // What the page gives to copy makes the same.
  const { recipes } = JSON.parse(/<script id="data"[^>]*>([^<]+)</.exec(html)?.[1] ?? "");
  const [none, ...made] = recipes as { command: string; code: string }[];
  assert.deepEqual(none, { command: "", code: "" });
  const channels = noiseOf(clip);
  made.forEach(({ code: text }, index) => {
    const [, options = ""] = /options = ([^;]+) as const;/.exec(text) ?? [];
    const mp3 = encodeMp3(channels, new Function(`return ${options}`)());
    assert.equal(mp3.length, clips[index + 1]?.byteSize, text);
  });
  const name = "'noise & no.1-40-kbps-reservoir-q3-lowpass-off-level-kept";
  const flags = "--bitrate 40 --quality 3 --joint-stereo --reservoir --lowpass off";
  assert.equal(
    made[2]?.command,
    `mp3-augment roundtrip 'noise & no.1.wav' ${name}.wav' ${flags} --preserve-level\n` +
      `mp3-augment encode 'noise & no.1.wav' ${name}.mp3' ${flags}`,
  );
  assert.ok(html.includes(`<code id="report">mp3-augment report 'noise &amp; no.1.wav'`), html);
  assert.ok(!html.includes(tmpdir()), "no folder of this machine");
});

test("report command: what is wrong is told in a line, and by the exit code", async () => {
  const clip = { channels: 1, sampleRate: 8000, seconds: 1 };
  const cases: [option: string, value: string, message: RegExp][] = [
    [
      "--start",
      "1",
      /^error: --start must be before the end, which is at 1\.0 s\n$/,
    ],
    ["--bitrates", "32,33", /33 is not one of 8, 16/],
    ["--vbr-qualities", "10", /from 0 to 9\.999/],
    ["--lowpass", "none", /an integer from 1/],
    ["--lowpass", "5000", /^error: --lowpass is 5000/],
    ["--setting", "joint", /^error: --setting "joint": give one of --bitrate, --average-bitrate/],
    ["--setting", "vbr 10", /^error: --setting "vbr 10": option .* from 0 to 9\.999/],
    ["--setting", "vbr 4 jiont", /jiont is none of bitrate, average-bitrate, .* joint, stereo\n/],
  ];
  for (const [option, value, message] of cases) {
    const { code, stderr } = await runReport(clip, option, value);
    assert.equal(code, value === "5000" ? 3 : 2, stderr);
    assert.match(stderr, message);
  }
});
