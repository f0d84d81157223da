/** The table of C functions against the header, and how the library is found. */
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import {
  ABI_VERSION,
  type BufferType,
  type CFunction,
  type CType,
  FLAGS,
  INFO_ENCODER_BYTES,
  INFO_FIELDS,
  LOWPASS_OFF,
  MAX_STREAM_FRAMES,
  OPTIONS_FIELDS,
  RATE_CONTROLS,
  STATUS_NAMES,
  SYMBOLS,
} from "../../ffi/symbols.ts";
import { readFront } from "../../ffi/cache.ts";
import { openLibrary } from "../../ffi/library.ts";
import { filePath } from "../../ffi/target.ts";
import {
  BITRATES_KBPS,
  DELAY_SAMPLES,
  loadLibrary,
  maxGridOffset,
  type Mp3AugmentError,
  nearestBitrateKbps,
  nearestSampleRate,
  SAMPLE_RATES,
} from "../../mod.ts";
import {
  LARGEST_MP3_FRAME,
  LARGEST_TAG_BYTES,
  MAX_FRAMES,
  MAX_LEVEL,
  MAX_PASSES,
  MAX_PEAK,
} from "../../src/constants.ts";
import { delayedFrameCount, library } from "../../src/native.ts";
import { projectPath, run, runScript, runtimeName, test } from "../harness.ts";

const header: string = readFileSync(projectPath("csrc/mp3augment.h"), "utf8")
  .replace(/\/\*[\s\S]*?\*\//g, " ");

/** What a pointer points to, as the table names it. */
const MEMORY: Record<string, BufferType> = {
  float: "floats",
  int16_t: "pcm16",
  uint8_t: "bytes",
  int32_t: "cell",
  uint32_t: "cell",
  mp3a_options: "options",
  mp3a_stats: "stats",
  mp3a_mp3_info: "info",
};

/** The C type of a declaration, as the table names it. */
function cTypeOf(declaration: string): string {
  if (/^mp3a_notify_fn\b/.test(declaration)) return "callback";
  if (/^const char \*/.test(declaration)) return "string";
  if (/mp3a_(queue|job|memory|\w+_stream) \*|^mp3a_release_fn\b/.test(declaration)) return "handle";
  const [, memory] = /^(?:const )?(\w+) \*/.exec(declaration) ?? [];
  if (memory !== undefined) return MEMORY[memory] ?? memory;
  if (/^uint32_t (?:\w+_count|byte_size|capacity)$/.test(declaration)) return "count";
  if (/^u?int32_t\b/.test(declaration)) return declaration.startsWith("u") ? "u32" : "i32";
  const numbers: Record<string, CType> = { float: "f32", double: "f64" };
  return numbers[declaration.split(" ")[0] ?? ""] ?? declaration.trim();
}

/** The header's members whose value is written so, by name. */
function members(pattern: string): Record<string, number> {
  const found = [...header.matchAll(new RegExp(`MP3A_(\\w+) = ${pattern}[,\\s]`, "g"))];
  return Object.fromEntries(found.map(([, name, value]) => [name, Number(value)]));
}

function structFields(name: string): string[] {
  const body = new RegExp(`typedef struct ${name} \\{([^}]*)\\}`).exec(header)?.[1] ?? "";
  return body.split(";").map((line) => line.trim()).filter(Boolean)
    .map((line) =>
      /^(?:u?int32_t|float) (\w+)$|^char (\w+\[\d+\])$/.exec(line)?.slice(1).join("") ??
        `not 32 bits: ${line}`
    );
}

function definition(name: string): number {
  return Number.parseInt(new RegExp(`#define ${name} (\\d+)`).exec(header)?.[1] ?? "NaN");
}

test("the table has the header's functions and types", () => {
  const found: Record<string, CFunction> = {};
  for (const match of header.matchAll(/MP3A_API ([^;(]*?)(mp3a_\w+)\(([^)]*)\);/g)) {
    const [, result = "", name = "", list = ""] = match;
    const parameters = list.split(",").map((parameter) => parameter.trim()).filter((parameter) =>
      parameter !== "void"
    );
    found[name] = {
      parameters: parameters.map(cTypeOf),
      result: cTypeOf(result),
      writes: parameters.flatMap((parameter, index) =>
        /^\w+ \*/.test(parameter) && cTypeOf(parameter) !== "handle" ? [index] : []
      ),
    } as unknown as CFunction;
  }
  const expected = Object.fromEntries(
    Object.entries<CFunction>(SYMBOLS).map(([name, { parameters, result, writes = [] }]) => [
      name,
      { parameters: [...parameters], result, writes: [...writes] },
    ]),
  );
  assert.deepEqual(found, expected);
});

test("structs, codes, flags and constants are the header's", () => {
  assert.deepEqual(structFields("mp3a_options"), OPTIONS_FIELDS);
  const infoFields = [...INFO_FIELDS, `encoder[${INFO_ENCODER_BYTES}]`];
  assert.deepEqual(structFields("mp3a_mp3_info"), infoFields);
  const codes = Object.fromEntries(STATUS_NAMES.map((name, code) => [name, code]));
  assert.deepEqual(members("(\\d+)(?!u)"), { ...codes, ...RATE_CONTROLS });
  const bits = Object.entries(FLAGS).map(([name, flag]) => [name, Math.log2(flag)]);
  assert.deepEqual(members("1u << (\\d+)"), Object.fromEntries(bits));
  assert.match(header, new RegExp(`#define MP3A_LOWPASS_OFF \\(${LOWPASS_OFF}\\)`));
  assert.equal(definition("MP3A_MAX_LEVEL"), MAX_LEVEL);
  assert.match(
    header,
    new RegExp(`#define MP3A_MAX_PEAK ${MAX_PEAK.toExponential().replace("+", "")}f`),
  );
  assert.equal(definition("MP3A_MAX_STREAM_FRAMES"), MAX_STREAM_FRAMES);
  assert.equal(definition("MP3A_ABI_VERSION"), ABI_VERSION);
  assert.equal(definition("MP3A_DELAY_FRAMES"), DELAY_SAMPLES);
  const mpeg = readFileSync(projectPath("csrc/common/mpeg.h"), "utf8");
  assert.match(mpeg, new RegExp(`MP3A_LARGEST_TAG_BYTES = ${LARGEST_TAG_BYTES},`));
  const [, subbands, slots] = /MP3A_SUBBANDS = (\d+),\s+MP3A_SLOTS = (\d+),/.exec(mpeg) ?? [];
  assert.match(mpeg, /MP3A_LARGEST_MP3_FRAME = 2 \* MP3A_LINES,/);
  assert.equal(2 * Number(subbands) * Number(slots), LARGEST_MP3_FRAME);
  assert.equal(definition("MP3A_MAX_FRAMES"), MAX_FRAMES);
  assert.equal(definition("MP3A_MAX_PASSES"), MAX_PASSES);
});

/** ISO/IEC 11172-3 and 13818-3, clause 2.4.2.3; LAME stops at 64 kbps in MPEG-2.5. */
const LEGAL_KBPS: [lowestRate: number, bitrates: number[]][] = [
  [32000, [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320]],
  [16000, [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160]],
  [8000, [8, 16, 24, 32, 40, 48, 56, 64]],
];

test("nearest bitrates are the standard's, the lower of two", () => {
  for (const sampleRate of SAMPLE_RATES) {
    const [, legal = []] = LEGAL_KBPS.find(([lowest]) => sampleRate >= lowest) ?? [];
    const nearest = (kbps: number) =>
      legal.toSorted((a, b) => Math.abs(a - kbps) - Math.abs(b - kbps) || a - b)[0];
    for (let kbps = -1; kbps <= 400; kbps += 0.125) {
      assert.equal(nearestBitrateKbps(sampleRate, kbps), nearest(kbps), `${sampleRate} ${kbps}`);
    }
    assert.equal(nearestBitrateKbps(sampleRate, -Infinity), legal[0]);
    assert.equal(nearestBitrateKbps(sampleRate, Infinity), legal.at(-1));
  }
  assert.deepEqual([nearestBitrateKbps(44099, 64), nearestBitrateKbps(44100, NaN)], [NaN, NaN]);
  assert.equal(library().native.mp3a_nearest_bitrate_kbps(44099, 64), 0);
  assert.equal(
    library().native.mp3a_status_message(3),
    "the audio holds NaN or infinite samples",
  );
});

test("the next sample rate loses nothing", () => {
  assert.deepEqual(SAMPLE_RATES.map(nearestSampleRate), SAMPLE_RATES);
  assert.deepEqual([1000, 8001, 44101, 96000].map(nearestSampleRate), [8000, 11025, 48000, 48000]);
});

/** `mp3a_options`, as they are sent. */
function packOf(given: Partial<Record<(typeof OPTIONS_FIELDS)[number], number>>): Int32Array {
  const fields = {
    struct_byte_size: 4 * OPTIONS_FIELDS.length,
    sample_rate_hz: 44100,
    bitrate_kbps: 64,
    quality: 7,
    channel_count: 1,
    ...given,
  } as Record<string, number>;
  return Int32Array.from(OPTIONS_FIELDS, (name) => fields[name] ?? 0);
}

test("the length with the delay is C's for any length", () => {
  for (const sampleRate of SAMPLE_RATES) {
    const packed = packOf({ sample_rate_hz: sampleRate, flags: FLAGS.PRESERVE_DELAY });
    for (let count = 1; count < 5000; count++) {
      const expected = library().native.mp3a_output_frame_count(packed, count);
      assert.equal(delayedFrameCount(packed, count), expected);
    }
    assert.equal(
      delayedFrameCount(packed, 1152 * 2 ** 32 + 1000),
      delayedFrameCount(packed, 1000) + 1152 * 2 ** 32,
    );
  }
});

test("TypeScript accepts exactly what C accepts", () => {
  const { native } = library();
  const accepts = (sampleRate: number, bitrateKbps: number, quality: number, channels: number) =>
    native.mp3a_output_frame_count(
      packOf({
        sample_rate_hz: sampleRate,
        bitrate_kbps: bitrateKbps,
        quality,
        channel_count: channels,
      }),
      1,
    ) === 1;
  const range = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, i) => from + i);
  const rates = range(0, 50000).filter((rate) => accepts(rate, 64, 7, 1));
  const bitrates = range(-400, 400).filter((bitrate) => accepts(44100, bitrate, 7, 1));
  const qualities = range(-20, 20).filter((quality) => accepts(44100, 64, quality, 1));
  assert.deepEqual(rates, SAMPLE_RATES);
  assert.deepEqual(bitrates, BITRATES_KBPS);
  assert.deepEqual(qualities, range(0, 9));
  assert.deepEqual(range(-3, 5).filter((channels) => accepts(44100, 64, 7, channels)), [1, 2]);
  const takes = (given: Parameters<typeof packOf>[0]) =>
    native.mp3a_output_frame_count(packOf(given), 1) === 1;
  assert.deepEqual(range(-2, 12).filter((n) => takes({ pass_count: n })), range(0, MAX_PASSES));
  for (const [sampleRate, mp3Frame] of [[44100, 1152], [22050, 576]] as const) {
    const offsets = range(-2, 1200).filter((offset) =>
      takes({ sample_rate_hz: sampleRate, grid_offset: offset })
    );
    assert.deepEqual(offsets, range(0, mp3Frame - 1));
    assert.equal(maxGridOffset({ sampleRate, bitrateKbps: 64 }), mp3Frame - 1);
  }
});

test("paths of file URLs", () => {
  const linux = { arch: "x86_64", os: "linux" } as const;
  const windows = { arch: "x86_64", os: "windows" } as const;
  assert.equal(filePath(new URL("file:///a/b%20c/%C3%BC/"), linux), "/a/b c/ü/");
  assert.equal(filePath(new URL("file:///C:/a%20b/"), windows), "C:/a b/");
  assert.equal(filePath(new URL("file://server/share/x/"), windows), "//server/share/x/");
});

const SCRIPT = projectPath("tests/scripts/load.ts");

interface Load {
  permissions?: string[];
  variable?: string;
  path?: string;
}

/** What a fresh process says when it loads the library. */
async function load({ permissions = ["--allow-ffi", "--allow-env"], variable, path }: Load) {
  const { stdout, stderr } = await runScript(SCRIPT, permissions, {
    env: { MP3_AUGMENT_LIB: variable },
    parameters: path === undefined ? [] : [path],
  });
  assert.equal(stderr, "");
  return stdout.trim();
}

test("loading: beside the module, by variable, by path", async () => {
  const { folder } = library();
  assert.equal(await load({}), "loaded 100");
  assert.equal(await load({ variable: `${folder}/` }), "loaded 100");
  assert.equal(await load({ path: folder, variable: "/nowhere" }), "loaded 100");
});

test("loading: a wrong place is named, with what to do", async () => {
  const missing = await load({ variable: "/nowhere" });
  assert.match(missing, /^LIBRARY_NOT_FOUND .*in \/nowhere \(the environment variable MP3_AUGM/);
  assert.match(missing, /npm run setup/);
  assert.match(missing, /`await loadWasm\(\)` of mp3-augment\/wasm/);
  assert.match(await load({ path: "/none" }), /^LIBRARY_NOT_FOUND .*\(the path given to loadLib/);
  const wrong = await load({ path: projectPath("tests") });
  assert.match(wrong, /^LIBRARY_NOT_FOUND .*tests/);
});

test("loading: another folder than the one that was loaded from is refused", () => {
  const { folder } = library();
  loadLibrary();
  loadLibrary({ path: folder });
  assert.throws(() => loadLibrary({ path: `${folder}/other` }), {
    code: "INVALID_OPTION",
    message: /^path is .*\/other, but the library is already loaded from /,
  });
});

test("loading: the error has the runtime's own as its cause", () => {
  assert.throws(() => openLibrary({ path: "/none" }), (error) => {
    const { code, message, cause } = error as Mp3AugmentError;
    assert.equal(code, "LIBRARY_NOT_FOUND");
    assert.ok(cause instanceof Error);
    assert.ok(message.endsWith(`says: ${cause.message}`), message);
    return true;
  });
  const { folder } = library();
  assert.equal(openLibrary({ path: `${folder}//` }).folder, `${folder}//`);
});

// Deno shows no process its own open files but with all permissions.
if (process.platform === "linux" && runtimeName !== "Deno") {
  test("loading: a file whose front was read is closed", () => {
    const openCount = () => readdirSync("/proc/self/fd").length;
    const before = openCount();
    for (let i = 0; i < 20; i++) readFront(projectPath("deno.json"), 16);
    assert.ok(openCount() < before + 10, `${before} were open, and then ${openCount()}`);
  });
}

if (runtimeName === "Deno") {
  test("loading: the least permissions of the README are enough", async () => {
    const { folder } = library();
    assert.equal(await load({ permissions: [`--allow-ffi=${folder}`] }), "loaded 100");
    const permissions = [`--allow-ffi=${folder}`, "--allow-env=MP3_AUGMENT_LIB"];
    assert.match(await load({ permissions, variable: "/nowhere" }), /^LIBRARY_NOT_FOUND/);
  });

  test("loading: without the permission the message names it", async () => {
    const message = await load({ permissions: [] });
    assert.match(message, /^LIBRARY_NOT_FOUND .*--allow-ffi=\/.*lib\//);
  });
}

if (runtimeName === "Node") {
  test("loading: without koffi the message names it", async () => {
    const { folder } = library();
    const elsewhere = mkdtempSync(join(tmpdir(), "mp3-augment-no-koffi-"));
    try {
      cpSync(projectPath("dist/node"), join(elsewhere, "dist"), { recursive: true });
      writeFileSync(join(elsewhere, "package.json"), '{ "type": "module" }');
      const script = join(elsewhere, "dist/tests/scripts/load.js");
      // A Node that has an FFI of its own does without koffi.
      const hasFfi = process.allowedNodeEnvironmentFlags.has("--experimental-ffi");
      const flags = hasFfi ? ["--no-experimental-ffi"] : [];
      const { stdout } = await run(process.execPath, [...flags, script, folder]);
      assert.match(stdout, /^LIBRARY_NOT_FOUND .*npm install koffi/);
    } finally {
      rmSync(elsewhere, { recursive: true, force: true });
    }
  });
}
