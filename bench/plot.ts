// npm run bench:plot -- RESULTS.json: draws docs/speed.svg from what `npm run bench -- --json` wrote, as
// bars: × the original's speed on the 8 s stereo clip, medians of the rounds' ratios.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Failure, root, runAsProgram } from "../scripts/tools.mjs";
import { BASELINE } from "./peers.ts";

const CLIP = "8 s stereo 44.1 kHz";
const KBPS = 128;

interface Case {
  clip: { name: string };
  setting: { bitrateKbps: number };
  peers: Record<string, { rounds: { wallSeconds: number }[] }>;
}

function median(values: number[]) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? NaN) +
    (sorted[Math.ceil(middle)] ?? NaN)) / 2;
}

/** @returns fastest first */
function readSpeeds(path: string): { name: string; speed: number }[] {
  const { cases }: { cases: Case[] } = JSON.parse(readFileSync(path, "utf8"));
  const found = cases.find(({ clip, setting }) =>
    clip.name === CLIP && setting.bitrateKbps === KBPS
  );
  if (!found) throw new Failure(`${path} has no ${CLIP} at ${KBPS} kbps`);
  const baseline = found.peers[BASELINE]?.rounds ?? [];
  return Object.entries(found.peers).map(([name, { rounds }]) => ({
    name,
    speed: median(
      rounds.map(({ wallSeconds }, round) => (baseline[round]?.wallSeconds ?? NaN) / wallSeconds),
    ),
  })).toSorted((a, b) => b.speed - a.speed);
}

// Packages of bench/package.json, which `npm run bench` installs; the checks of the project don't need them.
const packages = { plot: "@observablehq/plot", dom: "linkedom" };

await runAsProgram(import.meta.url, async (args) => {
  const Plot = await import(packages.plot);
  const { parseHTML } = await import(packages.dom);
  const [path] = args;
  if (!path) {
    throw new Failure(
      "which file of results? npm run bench:plot -- RESULTS.json",
    );
  }
  const speeds = readSpeeds(path);
  const { document } = parseHTML("<body></body>");
  const chart = Plot.plot({
    document,
    width: 760,
    marginLeft: 310,
    marginBottom: 50,
    marginRight: 60,
    style: { background: "white", color: "#222", fontSize: "13px" },
    x: {
      label: `× the original's speed, ${CLIP}, ${KBPS} kbps, quality 7`,
      grid: true,
    },
    y: { label: null, domain: speeds.map(({ name }) => name) },
    marks: [
      Plot.barX(speeds, {
        x: "speed",
        y: "name",
        fill: ({ name }: { name: string }) => name.startsWith("this") ? "#1769aa" : "#9aa5b1",
      }),
      Plot.text(speeds, {
        x: "speed",
        y: "name",
        text: ({ speed }: { speed: number }) => speed < 1 ? speed.toFixed(2) : speed.toFixed(1),
        dx: 6,
        textAnchor: "start",
      }),
      Plot.ruleX([0]),
    ],
  });
  chart.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  writeFileSync(join(root, "docs", "speed.svg"), `${chart.outerHTML}\n`);
  return 0;
});
