/** The report page's own script. */
import type { createControls as Controls } from "./controls.ts";
import type { createPictures as Pictures, Grid } from "./pictures.ts";
import type { createPlayer as Player } from "./player.ts";

/** What `page.ts` writes into the page. */
export interface PageData extends Grid {
  /** Of the clips, the original first. */
  readonly labels: readonly string[];
  readonly sampleRate: number;
  /** By which the stored audio is multiplied to be as loud as it was. */
  readonly gain: number;
  /** How each clip was made. */
  readonly recipes: readonly { readonly command: string; readonly code: string }[];
}

/** Its text is what the page holds, so it knows nothing outside of itself but what it is given. */
export function runReport(
  createPlayer: typeof Player,
  createControls: typeof Controls,
  createPictures: typeof Pictures,
): void {
  const byId = (id: string) => document.getElementById(id) as HTMLElement;
  const data: PageData = JSON.parse(byId("data").textContent ?? "");
  const clipIndexes = data.labels.map((_, index) => index);
  const rows = [...document.querySelectorAll<HTMLElement>("tr[data-clip]")];
  /** The coded clip beside the original. */
  let compared = 1;

  /** @param id of an element that holds base64 */
  function readBytes(id: string): Uint8Array<ArrayBuffer> {
    return Uint8Array.from(
      atob(byId(id).textContent ?? ""),
      (character) => character.charCodeAt(0),
    );
  }

  /** Decodes all clips at the clip's own rate, so that nothing is resampled here. */
  async function decodeAll(): Promise<void> {
    const decoder = new OfflineAudioContext(1, 1, data.sampleRate);
    const buffers = await Promise.all(
      clipIndexes.map((index) => decoder.decodeAudioData(readBytes(`audio-${index}`).buffer)),
    );
    buffers.forEach((buffer, index) => controls.player.load(index, buffer));
    controls.say("");
  }

  /** A byte per cell. */
  async function readLevels(index: number): Promise<Uint8Array> {
    const packed = new Blob([readBytes(`levels-${index}`)]).stream();
    const stream = packed.pipeThrough(new DecompressionStream("deflate"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  }

  async function draw(): Promise<void> {
    const clip = compared;
    const [original, coded] = await Promise.all([levels[0], levels[clip]]);
    if (!original || !coded || clip !== compared) return;
    pictures.show(data, { original, coded, label: data.labels[clip] ?? "" });
  }

  function showChoice(clip: number): void {
    if (clip > 0) compared = clip;
    rows.forEach((row, index) => row.setAttribute("aria-current", String(index === clip)));
    for (const element of document.querySelectorAll(".compared")) {
      element.textContent = data.labels[compared] ?? "";
    }
    const { command = "", code = "" } = data.recipes[compared] ?? {};
    byId("command").textContent = command;
    byId("code").textContent = code;
    draw().catch(controls.showError);
  }

  const controls = createControls(createPlayer, showChoice);
  const pictures = createPictures();
  const levels = clipIndexes.map(readLevels);
  controls.open({ ...data, clipCount: data.labels.length });
  controls.player.setGain(data.gain);
  rows.forEach((row, index) =>
    row.addEventListener("click", () => {
      // Who marks numbers wants to copy them.
      if (getSelection()?.isCollapsed !== false) controls.choose(index);
    })
  );
  controls.choose(
    Math.max(
      0,
      clipIndexes.findIndex((index) =>
        (document.getElementsByName("clip")[index] as HTMLInputElement).checked
      ),
    ),
  );
  decodeAll().catch(controls.showError);
}
