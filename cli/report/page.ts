/** The report's HTML. */
import { Buffer } from "node:buffer";
import { deflateSync } from "node:zlib";
import { VERSION } from "../version.ts";
import { createControls } from "./client/controls.ts";
import { createPictures } from "./client/pictures.ts";
import { createPlayer } from "./client/player.ts";
import { type PageData, runReport } from "./client/report.ts";
import { cellsOf, type Told } from "./format.ts";
import { copyable, dataBlock, escape, player, plots, renderDocument, row, table } from "./html.ts";
import type { Recipe } from "./recipe.ts";
import { DIFFERENCE_RANGE_DB, LEVEL_RANGE_DB, type Spectrogram } from "./spectrogram.ts";
import { STYLE } from "./style.ts";

/** One clip of the page: the original or what a setting made of it. */
export interface PageClip extends Told {
  readonly label: string;
  /** The audio as a FLAC file. */
  readonly flac: Uint8Array;
  readonly spectrogram: Spectrogram;
  /** How it is made; the original isn't. */
  readonly recipe: Recipe | undefined;
}

/** What the page shows. */
export interface Page {
  readonly title: string;
  /** What the clip and the settings are, in a few words. */
  readonly facts: readonly string[];
  /** What the reader must know about this report. */
  readonly notes: readonly string[];
  /** The command line that makes it again. */
  readonly command: string;
  readonly seconds: number;
  readonly sampleRate: number;
  /** By which the FLAC files' samples must be multiplied to be as loud as the clip is. */
  readonly gain: number;
  /** The original first. */
  readonly clips: readonly PageClip[];
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

/** Everything that the script reads: settings, audio and pictures. */
function dataOf({ clips, seconds, sampleRate, gain }: Page): string[] {
  const { columns, edgesHz } = (clips[0] as PageClip).spectrogram;
  const data: PageData = {
    seconds,
    sampleRate,
    gain,
    labels: clips.map(({ label }) => label),
    recipes: clips.map(({ recipe }) => recipe ?? { command: "", code: "" }),
    columns,
    edgesHz,
    levelRangeDb: LEVEL_RANGE_DB,
    differenceRangeDb: DIFFERENCE_RANGE_DB,
  };
  return [
    dataBlock("data", data),
    ...clips.flatMap(({ flac, spectrogram: { levels } }, index) => [
      dataBlock(`levels-${index}`, toBase64(deflateSync(levels, { level: 9 }))),
      dataBlock(`audio-${index}`, toBase64(flac)),
    ]),
  ];
}

function recipes({ clips, command }: Page): string {
  const { label, recipe } = clips[1] ?? clips[0] as PageClip;
  return `<section>
<h2>To make <span class="compared">${escape(label)}</span> yourself</h2>
${copyable("command", "By the command, of the whole file", recipe?.command)}
${copyable("code", "In TypeScript", recipe?.code)}
${copyable("report", "This report", command)}
</section>`;
}

/** The whole file. */
export function renderPage(page: Page): string {
  const { title, facts, notes, clips } = page;
  const labels = clips.map(({ label }) => label);
  const rows = clips.map((clip, index) => row(clip.label, index, cellsOf(clip, index === 0)));
  return renderDocument({
    title,
    style: STYLE,
    main: `<h1>${escape(title)}</h1>
<p class="soft">${facts.map(escape).join(" · ")}</p>
${notes.map((note) => `<p class="soft">${escape(note)}</p>`).join("\n")}
<noscript><p>Players and spectrograms need JavaScript; the table doesn't.</p></noscript>
${player(labels, "Unpacking the audio…")}
${plots(labels[1] ?? "")}
${table(rows)}
${recipes(page)}
<footer class="soft">Made by mp3-augment ${VERSION}, with the MP3 codec of LAME 3.100 and minimp3.
What is played is what the decoder gave, kept without loss as FLAC with 16 bits below the highest
peak.</footer>`,
    data: dataOf(page),
    script: `(${runReport})(${createPlayer}, ${createControls}, ${createPictures});`,
  });
}
