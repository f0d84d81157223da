/**
 * The HTML that the report and the page to play with have in common. Each is one file that needs
 * nothing else, so that it can be sent around and opened from a disk.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { COLUMNS } from "./format.ts";
import { DIFFERENCE_RANGE_DB, LEVEL_RANGE_DB } from "./spectrogram.ts";

/** What tells our pages from others. */
export const GENERATOR = `<meta name="generator" content="mp3-augment">`;

/** Text inside of elements and attributes. */
export function escape(text: string): string {
  const entities: Record<string, string> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
  };
  return text.replace(/[&<>"]/g, (character) => entities[character] as string);
}

/** Something that the script reads. Nothing in it ends the element that it stands in. */
export function dataBlock(id: string, data: unknown): string {
  return typeof data === "string"
    ? `<script id="${id}" type="text/plain">${data}</script>`
    : `<script id="${id}" type="application/json">${
      JSON.stringify(data).replaceAll("<", "\\u003c")
    }</script>`;
}

/** A whole page. */
export interface Document {
  readonly title: string;
  readonly style: string;
  readonly main: string;
  /** What the script reads, by {@linkcode dataBlock}. */
  readonly data: readonly string[];
  readonly script: string;
  /** What the script may do besides, in the words of a content security policy. */
  readonly permissions?: { readonly script?: string; readonly others?: readonly string[] };
}

function hashOf(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}

/** The whole file. The browser sees to it that nothing runs and nothing is loaded but what is here. */
export function renderDocument(document: Document): string {
  const { title, style, main, data, script, permissions: { script: more, others = [] } = {} } =
    document;
  const policy = [
    "default-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    `style-src ${hashOf(style)}`,
    `script-src ${[hashOf(script), ...more === undefined ? [] : [more]].join(" ")}`,
    ...others,
  ].join("; ");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
${GENERATOR}
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>${escape(title)}</title>
<style>${style}</style>
</head>
<body>
<main>
${main}
</main>
${data.join("\n")}
<script type="module">${script}</script>
</body>
</html>
`;
}

const PLAY_BUTTON = `<button id="play" type="button" data-playing="false" aria-label="Play">
<svg width="20" height="20" viewBox="0 0 20 20" aria-hidden="true">
<path class="when-still" d="M5 2.5v15l13-7.5z"/>
<path class="when-playing" d="M4 3h4.5v14H4zM11.5 3H16v14h-4.5z"/>
</svg></button>`;

/** A group of buttons of which one is pressed. */
export function choices(
  name: string,
  labels: Readonly<Record<string, string>> | readonly string[],
): string {
  return Object.entries(labels).map(([value, label], index) =>
    `<label class="choice"><input type="radio" name="${name}" value="${escape(value)}"${
      index === 0 ? " checked" : ""
    }>${escape(label)}</label>`
  ).join("\n");
}

/** The player of these clips. */
export function player(labels: readonly string[], status: string): string {
  const count = Math.min(9, labels.length);
  return `<div class="player" role="group" aria-label="Player">
<fieldset>
<legend>Listen to</legend>
${choices("clip", labels)}
</fieldset>
<div class="transport">
${PLAY_BUTTON}
<input id="position" type="range" min="0" max="1" step="any" value="0" aria-label="Position">
<span id="time"><span id="now"></span><span id="whole"></span></span>
<label class="loop"><input id="loop" type="checkbox" checked>Loop</label>
</div>
<p id="status" class="soft" role="status">${status}</p>
<p class="soft keys"><kbd>Space</kbd> plays and pauses, <kbd>1</kbd> to <kbd>${count}</kbd>
choose, <kbd>O</kbd> goes to the original and back.</p>
</div>`;
}

function plot(id: string, caption: string, scale: string, label = ""): string {
  return `<figure>
<figcaption>${caption}</figcaption>
<div class="axes">
<div class="plot"><canvas id="${id}" role="img" aria-label="${label}"></canvas></div>
<div class="ticks"></div>
</div>
<div class="scale">${scale}</div>
</figure>`;
}

/** Both spectrograms and their difference; `coded`: what is compared with the original. */
export function plots(coded: string): string {
  const levels = `−${LEVEL_RANGE_DB} dB<i class="levels"></i>0 dB`;
  const differences =
    `${DIFFERENCE_RANGE_DB} dB lost<i class="differences"></i>${DIFFERENCE_RANGE_DB} dB added`;
  const compared = `<span class="compared">${escape(coded)}</span>`;
  return `<section aria-label="Spectrograms">
<fieldset class="axis">
<legend>Frequencies</legend>
${choices("axis", { linear: "Linear", mel: "Mel", log: "Log" })}
</fieldset>
<div class="plots">
${plot("original", "Original", levels, "Spectrogram of the original")}
${plot("coded", compared, levels, `Spectrogram of ${escape(coded)}`)}
${plot("difference", `Difference: ${compared} minus original`, differences, "Their difference")}
</div>
</section>`;
}

/** The table of what was measured. `rows`: of HTML, with a cell per column each. */
export function table(rows: readonly string[]): string {
  const head = COLUMNS.map(([name, unit]) => `<th scope="col">${name}<small>${unit}</small></th>`);
  return `<section>
<h2>Measured</h2>
<div class="table" tabindex="0" role="region" aria-label="Measurements">
<table>
<thead><tr><th scope="col">Clip</th>${head.join("")}</tr></thead>
<tbody>
${rows.join("\n")}
</tbody>
</table>
</div>
${DEFINITIONS}
</section>`;
}

/** One of its rows. */
export function row(label: string, clip: number, cells: readonly string[]): string {
  return `<tr data-clip="${clip}"><th scope="row">${escape(label)}</th>${
    cells.map((cell) => `<td>${cell}</td>`).join("")
  }</tr>`;
}

const DEFINITIONS = `<details>
<summary>What these numbers are</summary>
<dl>
<dt>Bitrate</dt>
<dd>The mean over the MP3's frames; in the first row, of a WAV file with 16 bits.</dd>
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
<p>All channels count together.</p>
</details>`;

/** A text to copy. */
export function copyable(id: string, heading: string, text = ""): string {
  return `<div class="copyable">
<div class="head"><h3>${heading}</h3>
<button type="button" data-copy="${id}" aria-label="Copy: ${heading}">Copy</button></div>
<pre><code id="${id}">${escape(text)}</code></pre>
</div>`;
}
