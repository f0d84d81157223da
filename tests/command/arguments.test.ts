/** The words of the command line: what each is turned into, what is refused, and what help says. */
import assert from "node:assert/strict";
import { Command, InvalidArgumentError } from "commander";
import { addDrawOptions, compressionOf, type DrawArguments } from "../../cli/draw-options.ts";
import { CliError, FLAGS, isFatal, naming, printable, reasonOf } from "../../cli/errors.ts";
import { isPartialName, newPartialName } from "../../cli/files.ts";
import {
  addCodingOptions,
  addOutputOptions,
  type CodingArguments,
  codingOf,
  integerIn,
  listOf,
  numberIn,
  type OutputArguments,
  outputFormat,
  soundExtension,
} from "../../cli/options.ts";
import { isDescriptor, isStandardInput, isStandardOutput } from "../../cli/paths.ts";
import { createProgram } from "../../cli/program.ts";
import { recipeOf } from "../../cli/report/recipe.ts";
import { Mp3AugmentError } from "../../mod.ts";
import { test } from "../harness.ts";
import { fixture, runCli, withFolder } from "./cli.ts";

function refuses(parse: (text: string) => unknown, texts: readonly string[], message: string) {
  for (const text of texts) {
    assert.throws(() => parse(text), (error) => {
      assert.ok(error instanceof InvalidArgumentError, text);
      assert.equal(error.message, message);
      return true;
    });
  }
}

test("numbers: both ends are allowed, and nothing beyond", () => {
  const quality = numberIn(0.5, 9.999);
  assert.deepEqual(["0.5", "9.999", " 3 ", "1e0"].map(quality), [0.5, 9.999, 3, 1]);
  const wrong = ["0.499", "10", "", " ", "x", "3x", "NaN", "Infinity", "-1"];
  refuses(quality, wrong, "It must be a number from 0.5 to 9.999.");
  const count = integerIn(1, 10);
  assert.deepEqual(["1", "10", "0x2"].map(count), [1, 10, 2]);
  refuses(count, ["0", "11", "1.5", "", "one"], "It must be an integer from 1 to 10.");
  const open = integerIn(1);
  assert.equal(open("99999999"), 99999999);
  refuses(open, ["0", "1.5", ""], "It must be an integer from 1 on.");
  assert.deepEqual(listOf("a", "b")("b, a ,b"), ["b", "a", "b"]);
  refuses(
    listOf("a", "b"),
    ["a,c", "", "a,", "A"],
    "It must be a list of a, b, with commas between.",
  );
});

/** What the options of a command make of these words. */
function parse<T>(add: (command: Command) => void, ...words: string[]): [T, Command] {
  const command = new Command("x").exitOverride().configureOutput({ writeErr: () => {} });
  add(command);
  command.parse(words, { from: "user" });
  return [command.opts() as T, command];
}

const PLAIN = { quality: 7, stereoMode: "stereo", bitReservoir: false };

test("how a file is coded: one kind of bitrate, and what else is said", () => {
  const coding = (...words: string[]) =>
    codingOf(parse<CodingArguments>(addCodingOptions, ...words)[0]);
  assert.deepEqual(coding("--bitrate", "64"), { bitrateKbps: 64, ...PLAIN });
  assert.deepEqual(coding("--average-bitrate", "320"), { averageBitrateKbps: 320, ...PLAIN });
  assert.deepEqual(coding("--vbr-quality", "0"), { vbrQuality: 0, ...PLAIN });
  const all =
    "--bitrate 8 --quality 0 --joint-stereo --reservoir --lowpass 24000 --coded-rate 8000 " +
    "--grid-offset 3455 --passes 10";
  assert.deepEqual(coding(...all.split(" ")), {
    ...{ bitrateKbps: 8, quality: 0, stereoMode: "joint", bitReservoir: true },
    ...{ lowpassHz: 24000, codedSampleRate: 8000, gridOffset: 3455, passes: 10 },
  });
  const { lowpassHz, codedSampleRate } = coding(
    ...["--bitrate", "8", "--lowpass", "off", "--coded-rate", "auto"],
  );
  assert.deepEqual([lowpassHz, codedSampleRate], ["off", "auto"]);
  const message = /^give one of --bitrate, --average-bitrate and --vbr-quality$/;
  assert.throws(() => coding(), { message, exitCode: 2 });
  assert.throws(() => coding("--bitrate", "64", "--vbr-quality", "0"), { message, exitCode: 2 });
  const wrong = [
    ["--bitrate", "63"],
    ["--average-bitrate", "7"],
    ["--average-bitrate", "321"],
    ["--vbr-quality", "10"],
    ["--quality", "10"],
    ["--lowpass", "0"],
    ["--lowpass", "24001"],
    ["--coded-rate", "44000"],
    ["--coded-rate", "same"],
    ["--grid-offset", "3456"],
    ["--grid-offset", "-1"],
    ["--passes", "0"],
    ["--passes", "11"],
  ];
  for (const words of wrong) {
    assert.throws(() => coding(...words), { exitCode: 1 }, words.join(" "));
  }
  assert.throws(
    () => coding("--coded-rate", "1"),
    /must be auto or one of 8000, 11025, .*, 48000\./,
  );
});

test("how an output is written: by its name, unless something else is said", () => {
  const output = (path: string, ...words: string[]) =>
    outputFormat(path, parse<OutputArguments>(addOutputOptions, ...words)[0]);
  assert.deepEqual(output("a.wav"), { container: "wav", samples: "16" });
  assert.deepEqual(output("-"), { container: "wav", samples: "16" });
  assert.deepEqual(output("A.FLAC", "--bits", "24"), { container: "flac", samples: "24" });
  assert.deepEqual(output("a.mp3", "--format", "wav", "--bits", "float", "--force"), {
    ...{ container: "wav", samples: "float" },
  });
  assert.deepEqual(output("a", "--format", "flac"), { container: "flac", samples: "16" });
  const wrong: [string[], RegExp][] = [
    [["a.flac", "--bits", "float"], /^FLAC holds 16 or 24 bits, not float: choose --bits 16 or 24/],
    [
      ["a.mp3", "--format", "wav"],
      /^a.mp3 would hold WAV, but its name ends in .mp3: call it .wav/,
    ],
    [
      ["a.wav", "--format", "flac"],
      /^a.wav would hold FLAC, but .* call it .flac, or use --force$/,
    ],
    [
      ["a.mp3"],
      /^a.mp3 should end in .wav or .flac, which say how it is written, or give --format/,
    ],
  ];
  for (const [[path = "", ...words], message] of wrong) {
    assert.throws(() => output(path, ...words), { message, exitCode: 2 });
  }
  assert.deepEqual(
    ["a.OGG", "a.m4a", "a.3gp", "a.asf", "a.wav.txt", "wav", "a.3"].map(soundExtension),
    [
      ...[".ogg", ".m4a", ".3gp", ".asf"],
      ...[undefined, undefined, undefined],
    ],
  );
});

test("what is drawn: every option", () => {
  const drawn = (...words: string[]) => {
    const [given, command] = parse<DrawArguments>(addDrawOptions, ...words);
    return compressionOf(given, command);
  };
  const defaults = {
    ...{ minBitrateKbps: 8, maxBitrateKbps: 64, legalBitratesOnly: false, quality: 7, p: 0.5 },
    ...{ bitrateModes: ["cbr"], minVbrQuality: 0, maxVbrQuality: 9, stereoModes: ["stereo"] },
    ...{ bitReservoirs: [false], preserveDelay: false, preserveLevel: false },
  };
  assert.deepEqual(drawn(), defaults);
  const { quality: _, ...others } = defaults;
  const cases: [string, object][] = [
    ["--min-bitrate 0 --max-bitrate 320", { minBitrateKbps: 0, maxBitrateKbps: 320 }],
    ["--legal-bitrates --p 1", { legalBitratesOnly: true, p: 1 }],
    ["--modes abr,vbr,cbr --p 0", { bitrateModes: ["abr", "vbr", "cbr"], p: 0 }],
    ["--min-vbr-quality 9.999 --max-vbr-quality 9.999", {
      minVbrQuality: 9.999,
      maxVbrQuality: 9.999,
    }],
    ["--stereo-modes joint,stereo", { stereoModes: ["joint", "stereo"] }],
    ["--reservoirs on,off", { bitReservoirs: [true, false] }],
    ["--quality 9", { quality: 9 }],
    ["--lowpasses 1,24000,off,auto", { lowpassHz: [1, 24000, "off", "auto"] }],
    ["--coded-rates 8000,same,auto", { codedSampleRates: [8000, "same", "auto"] }],
    ["--any-grid-offset --max-passes 10", { gridOffsets: true, maxPasses: 10 }],
    ["--max-passes 1", {}],
    ["--preserve-delay --preserve-level", { preserveDelay: true, preserveLevel: true }],
  ];
  for (const [words, expected] of cases) {
    assert.deepEqual(drawn(...words.split(" ")), { ...defaults, ...expected }, words);
  }
  assert.deepEqual(drawn("--qualities", "0, 9"), { ...others, qualities: [0, 9] });
  assert.deepEqual(drawn("--preset", "realistic", "--p", "0.25"), {
    ...{ preset: "realistic", p: 0.25, preserveDelay: false, preserveLevel: false },
  });
  const names =
    "min-bitrate=8 max-bitrate=64 legal-bitrates modes=cbr min-vbr-quality=0 quality=7 " +
    "max-vbr-quality=9 stereo-modes=joint reservoirs=on qualities=7 lowpasses=off coded-rates=same " +
    "any-grid-offset max-passes=1";
  for (const name of names.split(" ")) {
    const message = `--preset draws what --${name.split("=")[0]} says: give one of them`;
    assert.throws(() => drawn("--preset", "realistic", `--${name}`), { message, exitCode: 2 });
  }
  assert.throws(() => drawn("--min-bitrate", "65"), {
    message: /^these can't be drawn: the range from --min-bitrate to --max-bitrate is 65, 64; it/,
    exitCode: 2,
  });
  assert.throws(() => drawn("--qualities", "3", "--quality", "3"), {
    message:
      "these can't be drawn: --quality is 3; it must be left out where --qualities are given",
  });
  const refused = [
    "--lowpasses 0",
    "--coded-rates 7",
    "--qualities 10",
    "--p 1.1",
    "--max-passes 11",
  ];
  for (const words of refused) {
    assert.throws(() => drawn(...words.split(" ")), { exitCode: 1 }, words);
  }
  assert.throws(() => drawn("--lowpasses", "0"), /from 1 to 24000. Or off or auto\./);
});

test("errors: the system's in words, the module's in flags, and which end a run", async () => {
  const coded = (code: string) => Object.assign(new Error(`${code}: x\n  y`), { code });
  const reasons: Record<string, string> = {
    ...{ ENOENT: "there is no such file", EACCES: "it may not be read or written" },
    ...{ EPERM: "the system doesn't permit it", EISDIR: "it is a folder" },
    ...{ ENOTDIR: "a part of its path is not a folder", ELOOP: "its links lead in a circle" },
    ENAMETOOLONG: "its name is too long for the file system",
    ...{ ENOSPC: "the disk is full", EDQUOT: "the disk quota is used up" },
    EROFS: "the file system is read-only",
    EFBIG: "it would be larger than the file system allows",
    EMFILE: "too many files are open: raise ulimit -n, or use fewer --threads",
    ENFILE: "the system has too many files open",
  };
  for (const [code, reason] of Object.entries(reasons)) assert.equal(reasonOf(coded(code)), reason);
  assert.equal(reasonOf(coded("EIO")), "EIO: x y");
  assert.deepEqual([reasonOf("text"), reasonOf(null)], ["text", "null"]);
  const flags = "bitrateKbps quality (7) passes is 3, lowpassHz, channelGroups; --p (0) p";
  const told = "--bitrate --quality (7) --passes is 3, --lowpass, --channel-groups; --p (0) p";
  assert.equal(reasonOf(new Mp3AugmentError("INVALID_OPTION", flags)), told);
  assert.equal(reasonOf(new Mp3AugmentError("INVALID_AUDIO", flags)), flags);
  const fatal = ["ENOSPC", "EROFS", "EDQUOT", "LIBRARY_NOT_FOUND", "LIBRARY_INCOMPATIBLE"];
  assert.ok(fatal.every((code) => isFatal(coded(code))));
  assert.ok(["ENOENT", "INVALID_AUDIO"].every((code) => !isFatal(coded(code))));
  assert.ok(![null, undefined, "ENOSPC"].some(isFatal));
  assert.equal(
    printable("a\x00\x1f\x7f\x9f\u2028\u202e\u2066\u2069\n"),
    [
      "a\\x00\\x1f\\x7f\\x9f\\u2028\\u202e\\u2066\\u2069\\x0a",
    ].join(""),
  );
  assert.equal(printable(" ~\xa0é\u2027\u202f\u2065\u206a😀"), " ~\xa0é\u2027\u202f\u2065\u206a😀");
  assert.equal(await naming("a", Promise.resolve(3)), 3);
  const failing = (path: string, error: unknown) => naming(path, Promise.reject(error));
  await assert.rejects(failing("a", coded("ENOENT")), {
    message: "a: there is no such file",
    exitCode: 3,
  });
  await assert.rejects(failing("-", new Error("x")), { message: "standard input: x" });
  const own = new CliError("own", 2), pipe = coded("EPIPE");
  await assert.rejects(failing("a", own), (error) => error === own);
  await assert.rejects(failing("a", pipe), (error) => error === pipe);
});

test("each option of the module's is told by a flag that there is, and that means it", () => {
  const help = fixture("help.txt", "");
  /** Flags that aren't their option's words, or fewer of them. */
  const others: Record<string, string> = {
    ...{ bitrateModes: "modes", codedSampleRate: "coded-rate", codedSampleRates: "coded-rates" },
    ...{ stereoMode: "joint-stereo", bitReservoir: "reservoir", bitReservoirs: "reservoirs" },
    ...{ legalBitratesOnly: "legal-bitrates", gridOffsets: "any-grid-offset" },
  };
  for (const [name, flag] of Object.entries(FLAGS)) {
    const words = name.replace(/Kbps$|Hz$/, "").replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`);
    assert.equal(flag, `--${others[name] ?? words}`);
    assert.ok(help.includes(`${flag} `), flag);
    assert.equal(reasonOf(new Mp3AugmentError("INVALID_OPTION", `${name} is 3`)), `${flag} is 3`);
  }
});

test("how a setting of the report is asked for by others: all that isn't usual", () => {
  const usual = {
    ...{ sampleRate: 44100, bitrateKbps: 64, quality: 7, stereoMode: "stereo" as const },
    ...{ bitReservoir: false, gridOffset: 0, passes: 1, preserveLevel: false },
  };
  assert.deepEqual(recipeOf(usual, "a b.wav", "it's"), {
    command: "mp3-augment roundtrip 'a b.wav' 'it'\\''s.wav' --bitrate 64\n" +
      "mp3-augment encode 'a b.wav' 'it'\\''s.mp3' --bitrate 64",
    code: [
      'import { compressRoundtrip, encodeMp3 } from "mp3-augment";',
      ...["", "const options = {", "  sampleRate: 44100,", "  bitrateKbps: 64,", "} as const;"],
      "const heard = compressRoundtrip(channels, options);",
      "const mp3 = encodeMp3(channels, options);",
    ].join("\n"),
  });
  const { bitrateKbps: _, ...others } = usual;
  const all = {
    ...{ ...others, vbrQuality: 2.5, quality: 3, stereoMode: "joint" as const, bitReservoir: true },
    ...{ lowpassHz: "off" as const, codedSampleRate: "auto" as const, gridOffset: 5, passes: 2 },
    preserveLevel: true,
  };
  const flags = "--vbr-quality 2.5 --quality 3 --joint-stereo --reservoir --lowpass off " +
    "--coded-rate auto --grid-offset 5 --passes 2";
  const { command, code } = recipeOf(all, "a.wav", "b");
  assert.equal(
    command,
    `mp3-augment roundtrip a.wav b.wav ${flags} --preserve-level\nmp3-augment encode a.wav b.mp3 ${flags}`,
  );
  const properties = 'sampleRate: 44100, vbrQuality: 2.5, quality: 3, stereoMode: "joint", ' +
    'bitReservoir: true, lowpassHz: "off", codedSampleRate: "auto", gridOffset: 5, passes: 2,';
  assert.ok(
    code.replace(/\s+/g, " ").includes(`const options = { ${properties} } as const;`),
    code,
  );
  assert.ok(code.includes("compressRoundtrip(channels, { ...options, preserveLevel: true });"));
});

test("which names are those of files that grow", () => {
  const name = newPartialName();
  assert.match(name, /^\.mp3-augment-[0-9a-f]{12}\.partial$/);
  assert.ok(isPartialName(name) && newPartialName() !== name);
  for (const other of [`x${name}`, `${name}x`, name.replace("p3", "p4"), "", [name], null, 3]) {
    assert.ok(!isPartialName(other), String(other));
  }
});

test("paths that mean what is open already", () => {
  const meaning: [(path: string) => boolean, string[]][] = [
    [isStandardInput, ["-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"]],
    [isStandardOutput, ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"]],
    [isDescriptor, [
      "/dev/stderr",
      ...[0, 1, 10].flatMap((n) => [`/dev/fd/${n}`, `/proc/self/fd/${n}`]),
    ]],
  ];
  const others = [
    "",
    "/dev/stdin",
    "/dev/stdout",
    "/dev/stderr",
    "/dev/fd/",
    "/dev/fd/a",
    "/dev/null",
  ];
  const all = [...new Set([...meaning.flatMap(([, paths]) => paths), ...others])];
  const near = all.flatMap((path) => [path, `${path}0`, `${path}/x`, `/x${path}`, `.${path}`]);
  for (const [means, paths] of meaning) {
    const expected = [...new Set(near)].filter((path) =>
      paths.includes(path) || means === isDescriptor && /^\/(dev|proc\/self)\/fd\/\d+$/.test(path)
    );
    assert.deepEqual([...new Set(near)].filter(means), expected);
  }
});

/** What help says of the program and its commands. */
test("help is what tests/fixtures/help.txt has", async () => {
  let text = "";
  const program = await createProgram();
  for (const command of [program, ...program.commands]) {
    const writeOut = (line: string) => void (text += line);
    command.configureOutput({ writeOut, getOutHelpWidth: () => 100 }).outputHelp();
    text += "\n";
  }
  assert.deepEqual(text.split("\n"), fixture("help.txt", text).split("\n"));
});

test("a command is loaded alone; for all else the help text has them all", async () => {
  const all = ["roundtrip", "dataset", "merge", "encode", "decode", "info", "report"];
  const namesFor = async (first?: string) =>
    (await createProgram(first)).commands.map((command) => command.name());
  for (const name of all) assert.deepEqual(await namesFor(name), [name]);
  for (const first of [undefined, "", "--help", "constructor"]) {
    assert.deepEqual(await namesFor(first), all);
  }
});

test("a folder without sound files is told", () =>
  withFolder(async (folder) => {
    const { code, stderr } = await runCli(["dataset", folder, `${folder}-out`]);
    assert.equal(code, 2);
    assert.ok(
      stderr.includes(`${folder} holds no WAV, AIFF, FLAC, Ogg, MP3, tar or Parquet files`),
    );
  }));
