/** The HTML of the page to play with. */
import { cellsOf } from "../cli/report/format.ts";
import {
  choices,
  copyable,
  player,
  plots,
  renderDocument,
  row,
  table,
} from "../cli/report/html.ts";
import { STYLE } from "../cli/report/style.ts";
import { VERSION } from "../cli/version.ts";
import { MODES, type Slider, SLIDERS, SWITCHES } from "./settings.ts";

const OWN_STYLE = `
.sources,
.downloads {
  display: flex;
  flex-wrap: wrap;
  gap: 0.5rem;
}

.button:has(:focus-visible) {
  outline: 3px solid var(--accent);
  outline-offset: 2px;
}

.button {
  position: relative;
  display: grid;
  place-items: center;
}

.button input {
  position: absolute;
  inset: 0;
  opacity: 0;
  cursor: pointer;
}

.button[aria-pressed="true"] {
  background: var(--accent);
  color: var(--on-accent);
}

.settings {
  display: grid;
  grid-template-columns: repeat(auto-fit, minmax(12rem, 1fr));
  gap: 0.5rem 1.25rem;
}

.settings fieldset {
  grid-template-columns: repeat(3, 1fr);
  align-content: center;
}

.slider {
  display: block;
}

.slider[hidden] {
  display: none;
}

.slider span {
  display: flex;
  justify-content: space-between;
}

.slider output {
  white-space: nowrap;
}

.slider input {
  width: 100%;
  height: 2.75rem;
  margin: 0;
  accent-color: var(--accent);
}

.switches {
  grid-column: 1 / -1;
  display: flex;
  flex-wrap: wrap;
  gap: 0 1.25rem;
}

body.dropping {
  outline: 4px dashed var(--accent);
  outline-offset: -4px;
}
`;

function slider({ id, label, steps, start }: Slider): string {
  return `<label class="slider"><span>${label} <output id="${id}-text" for="${id}"></output></span>
<input id="${id}" type="range" min="0" max="${steps}" step="1" value="${start}"></label>`;
}

const SOURCES = `<div class="sources">
<label class="button">Open a sound file<input id="file" type="file" accept="audio/*,video/*"></label>
<button id="record" class="button" type="button" aria-pressed="false" hidden>Record</button>
<button id="made-up" class="button" type="button">Strings and claps</button>
</div>
<p id="facts" class="soft" aria-live="polite"></p>
<label id="excerpt" class="slider" hidden><span>From <output id="start-text" for="start"></output></span>
<input id="start" type="range" min="0" max="1" step="0.1" value="0"></label>`;

function settings(): string {
  const switches = Object.entries(SWITCHES).map(([id, label]) =>
    `<label class="loop"><input id="${id}" type="checkbox">${label}</label>`
  );
  return `<section aria-label="Settings">
<form id="settings" class="settings">
<fieldset>
<legend>Kind of bitrate</legend>
${choices("mode", MODES)}
</fieldset>
${SLIDERS.map(slider).join("\n")}
<div class="switches">${switches.join("\n")}</div>
</form>
</section>`;
}

const NOTHING = {
  byteSize: NaN,
  bitrateKbps: NaN,
  metrics: { snrDb: NaN, logSpectralDistanceDb: NaN, bandwidthHz: NaN, levelDb: NaN },
};

/** The whole page. @param script what `client.ts` was bundled into */
export function renderPlay(script: string): string {
  return renderDocument({
    title: "mp3-augment: hear what MP3 does",
    style: STYLE + OWN_STYLE,
    main: `<h1>What MP3 does to a sound</h1>
<p class="soft">Drop a sound file here, or record one. It stays on this machine: this page loads
nothing and sends nothing.</p>
<noscript><p>All of it needs JavaScript.</p></noscript>
${SOURCES}
${settings()}
${player(["Original", "MP3"], "Starting…")}
${plots("MP3")}
${table(["Original", "MP3"].map((label, clip) => row(label, clip, cellsOf(NOTHING, clip === 0))))}
<section>
<h2>To take along</h2>
<div class="downloads">
<button id="wav" class="button" type="button">Download WAV</button>
<button id="mp3" class="button" type="button">Download MP3</button>
</div>
${copyable("command", "By the command")}
${copyable("code", "In TypeScript")}
</section>
<footer class="soft">mp3-augment ${VERSION} in WebAssembly: the MP3 codec of LAME 3.100 and minimp3,
with the same bits as the native library’s. LGPL-2.1-or-later.</footer>`,
    data: [],
    script,
    permissions: { script: "'wasm-unsafe-eval'", others: ["worker-src blob:"] },
  });
}
