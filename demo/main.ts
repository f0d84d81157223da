// npm run demo [-- FILE]
//
// Passes a recording through MP3 at several bitrates, in Deno and in Bun, prints what became of it,
// and leaves WAV files to listen to in demo/out/. FILE is WAV, FLAC, Ogg or MP3; without it a
// recording of 12 seconds from the npm package audio-lena is taken.
import { existsSync, mkdirSync, statSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { markdownTable } from "markdown-table";
import type { Report } from "./demo.ts";
import { Failure, needTool, root, run, runAsProgram } from "../scripts/tools.mjs";

const script = join(root, "demo", "demo.ts");
const outFolder = join(root, "demo", "out");

type Start = (input: string) => [command: string, args: string[]];

/** How each runtime is started. Deno gets the permissions that the job takes, and no more. */
const runtimes: Record<string, Start> = {
  Deno: (input) => {
    const library = process.env.MP3_AUGMENT_LIB || join(root, "lib");
    const permissions = [
      `--allow-ffi=${library}`,
      "--allow-env=MP3_AUGMENT_LIB",
      `--allow-read=${input}`,
      `--allow-write=${outFolder}`,
    ];
    const args = [
      "run",
      "--no-prompt",
      "--no-check",
      "--quiet",
      ...permissions,
    ];
    return [needTool("deno"), [...args, script, input, outFolder]];
  },
  Bun: (input) => [needTool("bun"), ["run", script, input, outFolder]],
};

/**
 * @param given as the user has typed it
 * @returns an absolute path
 */
function findInput(given: string | undefined): string {
  if (given === undefined) {
    return fileURLToPath(
      new URL("lena.flac", import.meta.resolve("audio-lena")),
    );
  }
  // npm runs scripts in the project's folder and tells where it was called.
  const input = resolve(process.env.INIT_CWD ?? process.cwd(), given);
  if (!existsSync(input)) throw new Failure(`${given} doesn't exist`);
  if (!statSync(input).isFile()) throw new Failure(`${given} is not a file`);
  return input;
}

async function runIn(name: string, start: Start, input: string): Promise<Report> {
  const [command, args] = start(input);
  const { code, stdout, output } = await run(command, args);
  if (code !== 0) {
    throw new Failure(
      output.trim().replace(/^error: /, "") || `${name} failed`,
    );
  }
  return JSON.parse(stdout);
}

function formatTable(reports: [name: string, report: Report][]) {
  const header = [
    "runtime",
    "bitrate",
    "MP3 size",
    "offset",
    "correlation",
    "SNR",
    "time",
    "× real time",
  ];
  const rows = reports.flatMap(([name, report]) =>
    report.rows.map((row) => [
      name,
      `${row.bitrateKbps} kbps`,
      `${(row.mp3ByteSize / 1000).toFixed(1)} kB`,
      row.offset === null ? "–" : String(row.offset),
      row.correlation === null ? "–" : row.correlation.toFixed(5),
      row.snrDb === null ? "–" : `${row.snrDb.toFixed(1)} dB`,
      `${(1000 * row.seconds).toFixed(1)} ms`,
      (report.seconds / row.seconds).toFixed(0),
    ])
  );
  return markdownTable([header, ...rows], {
    align: ["l", ...header.slice(1).map(() => "r")],
  });
}

function sayWhetherEqual(reports: [name: string, report: Report][]) {
  const results = reports.map(([, { rows }]) => rows.map((row) => row.sha256).join());
  return new Set(results).size === 1
    ? "Deno and Bun gave the same samples, bit for bit."
    : "Deno and Bun gave DIFFERENT samples.";
}

await runAsProgram(import.meta.url, async (args) => {
  if (args.length > 1 || args[0]?.startsWith("-")) {
    throw new Failure("usage: npm run demo [-- FILE]");
  }
  const input = findInput(args[0]);
  mkdirSync(outFolder, { recursive: true });
  const reports: [name: string, report: Report][] = [];
  for (const [name, start] of Object.entries(runtimes)) {
    reports.push([name, await runIn(name, start, input)]);
  }

  const report = reports[0]?.[1];
  if (!report) throw new Failure("no runtime ran");
  console.log(`${report.description}\n`);
  report.notes.forEach((note) => console.log(`Note: ${note}.\n`));
  console.log(formatTable(reports));
  console.log(`
offset: by how many samples the output is late, found by cross-correlation. SNR: after matching
levels, because LAME makes audio up to 0.45 dB quieter.
${sayWhetherEqual(reports)}
The WAV files are in ${relative(process.env.INIT_CWD ?? process.cwd(), outFolder) || "."}.`);
  return sayWhetherEqual(reports).includes("DIFFERENT") ? 1 : 0;
});
