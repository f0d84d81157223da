// npm run bench:plot -- RESULTS.json: draws docs/speed.svg from what `npm run bench -- --json` wrote, as
// bars: × the original's speed on the 8 s stereo clip, medians of the rounds' ratios.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Failure, root, runAsProgram } from "../scripts/tools.mjs";
import { BASELINE } from "./peers.mjs";

const CLIP = "8 s stereo 44.1 kHz";
const KBPS = 128;

/** @typedef {{ rounds: { wallSeconds: number }[] }} Peer */

/** @param {number[]} values */
function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? NaN) +
    (sorted[Math.ceil(middle)] ?? NaN)) / 2;
}

/**
 * @param {string} path
 * @returns {{ name: string, speed: number }[]} fastest first
 */
function readSpeeds(path) {
  const { cases } = JSON.parse(readFileSync(path, "utf8"));
  const found = cases.find((/** @type {any} */ { clip, setting }) =>
    clip.name === CLIP && setting.bitrateKbps === KBPS
  );
  if (!found) throw new Failure(`${path} has no ${CLIP} at ${KBPS} kbps`);
  const peers = /** @type {[string, Peer][]} */ (Object.entries(found.peers));
  const baseline = found.peers[BASELINE]?.rounds ?? [];
  return peers.map(([name, { rounds }]) => ({
    name,
    speed: median(
      rounds.map(({ wallSeconds }, round) => baseline[round].wallSeconds / wallSeconds),
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
        fill: (/** @type {{ name: string }} */ { name }) =>
          name.startsWith("this") ? "#1769aa" : "#9aa5b1",
      }),
      Plot.text(speeds, {
        x: "speed",
        y: "name",
        text: (/** @type {{ speed: number }} */ { speed }) =>
          speed < 1 ? speed.toFixed(2) : speed.toFixed(1),
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
