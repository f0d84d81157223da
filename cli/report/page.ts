/**
 * The report's HTML: one file that needs nothing else, so that it can be sent around and opened
 * from a disk.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { deflateSync } from "node:zlib";
import { runPage } from "./client.js";
import type { Metrics } from "./metrics.ts";
import { LEVEL_RANGE_DB, type Spectrogram } from "./spectrogram.ts";
import { STYLE } from "./style.ts";

/** How many dB of change in either direction the picture of the difference tells apart. */
const DIFFERENCE_RANGE_DB = 30;

/** One clip of the page: the original or what a setting made of it. */
export interface PageClip {
  readonly label: string;
  /** The audio as a FLAC file. */
  readonly flac: Uint8Array;
  readonly spectrogram: Spectrogram;
  readonly metrics: Metrics;
  /** Of the MP3; of a 16-bit WAV for the original. */
  readonly byteSize: number;
}

/** What the page shows. */
export interface Page {
  readonly title: string;
  /** What the clip and the settings are, in a few words. */
  readonly facts: readonly string[];
  /** What the reader must know about this report. */
  readonly notes: readonly string[];
  readonly seconds: number;
  readonly sampleRate: number;
  /** By which the FLAC files' samples must be multiplied to be as loud as the clip is. */
  readonly gain: number;
  /** The original first. */
  readonly clips: readonly PageClip[];
}

function escape(text: string): string {
  const entities: Record<string, string> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
  };
  return text.replace(/[&<>"]/g, (character) => entities[character] as string);
}

/** JSON that can't end the script element it stands in. */
function toJson(value: unknown): string {
  return JSON.stringify(value).replaceAll("<", "\\u003c");
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

/** A number with so many decimals, or a dash where there is none. */
function format(value: number, decimals: number): string {
  if (Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  return value.toFixed(decimals).replace(/^-(?=0\.?0*$)/, "").replace("-", "−");
}

function choices({ clips }: Page): string {
  return clips.map(({ label }, index) =>
    `<label class="choice"><input type="radio" name="clip" value="${index}"${
      index === 0 ? " checked" : ""
    }>${escape(label)}</label>`
  ).join("\n");
}

const PLAY_BUTTON = `<button id="play" type="button" data-playing="false" aria-label="Play">
<svg width="20" height="20" viewBox="0 0 20 20" aria-hidden="true">
<path class="when-still" d="M5 2.5v15l13-7.5z"/>
<path class="when-playing" d="M4 3h4.5v14H4zM11.5 3H16v14h-4.5z"/>
</svg></button>`;

/** As the script of the page shows the position. */
function formatTime(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${(seconds % 60).toFixed(1).padStart(4, "0")}`;
}

function player(page: Page): string {
  return `<div class="player" role="group" aria-label="Player">
<fieldset>
<legend>Listen to</legend>
${choices(page)}
</fieldset>
<div class="transport">
${PLAY_BUTTON}
<input id="position" type="range" min="0" max="${page.seconds}" step="any" value="0" aria-label="Position">
<span id="time"><span id="now"></span><span class="whole"> / ${
    formatTime(page.seconds)
  }</span></span>
<label class="loop"><input id="loop" type="checkbox" checked>Loop</label>
</div>
<p id="status" class="soft" role="status">Unpacking the audio…</p>
<p class="soft keys"><kbd>Space</kbd> plays and pauses, <kbd>1</kbd> to
<kbd>${Math.min(9, page.clips.length)}</kbd> choose, <kbd>O</kbd> goes to the original and back.</p>
</div>`;
}

/** Round numbers from 0 on, no more than `count` of them. */
function ticks(end: number, count: number): number[] {
  const rough = end / count;
  const decade = 10 ** Math.floor(Math.log10(rough));
  const step = decade * ([1, 2, 5, 10].find((factor) => factor * decade >= rough) as number);
  return Array.from({ length: Math.floor(end / step) + 1 }, (_, i) => +(i * step).toPrecision(6));
}

function axes({ seconds, sampleRate }: Page): string {
  const highest = sampleRate / 2000;
  const frequencies = ticks(highest, 5).map((kilohertz, index, all) =>
    `<span class="tick frequency" style="--at: ${100 * kilohertz / highest}%">${kilohertz}${
      index === all.length - 1 ? " kHz" : ""
    }</span>`
  );
  const times = ticks(seconds, 5).map((time) =>
    `<span class="tick time" style="--at: ${100 * time / seconds}%">${time} s</span>`
  );
  return [...frequencies, ...times].join("");
}

function plot(page: Page, id: string, caption: string, scale: string, label = ""): string {
  return `<figure>
<figcaption>${caption}</figcaption>
<div class="axes">
<div class="plot"><canvas id="${id}" role="img" aria-label="${label}"></canvas></div>
${axes(page)}
</div>
<div class="scale">${scale}</div>
</figure>`;
}

function plots(page: Page): string {
  const levels = `−${LEVEL_RANGE_DB} dB<i class="levels"></i>0 dB`;
  const differences =
    `${DIFFERENCE_RANGE_DB} dB lost<i class="differences"></i>${DIFFERENCE_RANGE_DB} dB added`;
  const coded = `<span class="compared"></span>`;
  return `<section class="plots" aria-label="Spectrograms">
${plot(page, "original", "Original", levels, "Spectrogram of the original")}
${plot(page, "coded", coded, levels)}
${plot(page, "difference", `Difference: ${coded} minus original`, differences)}
</section>`;
}

function formatSize(byteSize: number): string {
  return format(byteSize / 1000, byteSize < 100_000 ? 1 : 0);
}

function row({ label, metrics, byteSize }: PageClip, index: number): string {
  const isOriginal = index === 0;
  const cells = [
    isOriginal ? "" : format(metrics.snrDb, 1),
    isOriginal ? "" : format(metrics.logSpectralDistanceDb, 1),
    format(metrics.bandwidthHz / 1000, 1),
    isOriginal ? "" : format(metrics.levelDb, 2),
    formatSize(byteSize),
  ];
  return `<tr data-clip="${index}"><th scope="row">${escape(label)}</th>${
    cells.map((cell) => `<td>${cell}</td>`).join("")
  }</tr>`;
}

function table({ clips }: Page): string {
  const head = [
    ["SNR", "dB"],
    ["Log-spectral distance", "dB"],
    ["Band&shy;width", "kHz"],
    ["Level", "dB"],
    ["Size", "kB"],
  ].map(([name, unit]) => `<th scope="col">${name}<small>${unit}</small></th>`).join("");
  return `<section>
<h2>Measured</h2>
<div class="table" tabindex="0" role="region" aria-label="Measurements">
<table>
<thead><tr><th scope="col">Clip</th>${head}</tr></thead>
<tbody>
${clips.map(row).join("\n")}
</tbody>
</table>
</div>
${DEFINITIONS}
</section>`;
}

const DEFINITIONS = `<details>
<summary>What these numbers are</summary>
<dl>
<dt>SNR</dt>
<dd>Signal to noise, after matching levels: what of the coded clip is a multiple of the original,
against the rest. Higher is closer.</dd>
<dt>Log-spectral distance</dt>
<dd>By how many dB the short-time spectra differ: root mean square over the frequencies, mean over
the time. Lower is closer.</dd>
<dt>Bandwidth</dt>
<dd>The highest frequency at which the mean spectrum is no more than 70 dB below its highest
point.</dd>
<dt>Level</dt>
<dd>By how much the coded clip's mean power is above the original's. LAME itself makes audio
quieter, by up to 0.45 dB; the rest is what was lost.</dd>
<dt>Spectrograms</dt>
<dd>In dB below the highest level of the original's.</dd>
<dt>Size</dt>
<dd>Of the MP3; in the first row, of a WAV file with 16 bits.</dd>
</dl>
<p>All channels count together. What is played is what the decoder gave, kept without loss as FLAC
with 16 bits below the highest peak.</p>
</details>`;

/** Everything that the script reads: settings, audio and pictures. */
function embedded(page: Page): string {
  const { title: _title, facts: _facts, notes: _notes, clips, ...numbers } = page;
  const { columns, rows } = (clips[0] as PageClip).spectrogram;
  const data = {
    ...numbers,
    labels: clips.map(({ label }) => label),
    columns,
    rows,
    levelRangeDb: LEVEL_RANGE_DB,
    differenceRangeDb: DIFFERENCE_RANGE_DB,
  };
  const block = (id: string, type: string, text: string) =>
    `<script id="${id}" type="${type}">${text}</script>`;
  return [
    block("data", "application/json", toJson(data)),
    ...clips.flatMap(({ flac, spectrogram }, index) => [
      block(
        `levels-${index}`,
        "text/plain",
        toBase64(deflateSync(spectrogram.levels, { level: 9 })),
      ),
      block(`audio-${index}`, "text/plain", toBase64(flac)),
    ]),
  ].join("\n");
}

// The page may load nothing from anywhere: the browser itself sees to it.
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

/** What tells a report from other pages. */
export const GENERATOR = `<meta name="generator" content="mp3-augment">`;

/** The whole file. */
export function renderPage(page: Page): string {
  const { title, facts, notes } = page;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
${GENERATOR}
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<title>${escape(title)}</title>
<style>
${STYLE}</style>
</head>
<body>
<main>
<h1>${escape(title)}</h1>
<p class="soft">${facts.map(escape).join(" · ")}</p>
${notes.map((note) => `<p class="soft">${escape(note)}</p>`).join("\n")}
<noscript><p>Players and spectrograms need JavaScript; the table doesn't.</p></noscript>
${player(page)}
${plots(page)}
${table(page)}
</main>
${embedded(page)}
<script type="module">
(${runPage})();
</script>
</body>
</html>
`;
}
