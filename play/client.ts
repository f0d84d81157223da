/** The script of the page to play with, and of the worker that it starts. */
import { compressRoundtripAsync, encodeMp3Async, probeMp3 } from "../mod.ts";
import { loadWasm } from "../wasm.ts";
import { wavBytes, wavHeader } from "../cli/audio/wav.ts";
import { createControls } from "../cli/report/client/controls.ts";
import { createPictures } from "../cli/report/client/pictures.ts";
import { createPlayer } from "../cli/report/client/player.ts";
import { cellsOf, type Told } from "../cli/report/format.ts";
import { recipeOf, type Setting } from "../cli/report/recipe.ts";
import { LEVEL_RANGE_DB } from "../cli/report/spectrogram.ts";
import { Analyst, answerQuestions, type Findings, isWorker } from "./analyst.ts";
import { readSetting, showSetting } from "./settings.ts";
import {
  canRecord,
  type Clip,
  cut,
  makeUp,
  readFile,
  record,
  type Recording,
  type Source,
} from "./sound.ts";

const WAV_HEADER_BYTES = 44;
const DIFFERENCE_RANGE_DB = 30;

/** What the newest choice has become. */
interface Made {
  readonly coded: readonly Float32Array<ArrayBuffer>[];
  readonly mp3: Uint8Array<ArrayBuffer>;
}

function runPlay(): void {
  const byId = (id: string) => document.getElementById(id) as HTMLInputElement;
  const rows = [...document.querySelectorAll<HTMLElement>("tr[data-clip]")];
  const program = document.querySelector("script[type=module]")?.textContent ?? "";
  const controls = createControls(createPlayer, showChoice);
  const pictures = createPictures();
  const analyst = new Analyst(program, controls.showError);
  let source: Source = makeUp();
  let clip: Clip = cut(source, 0);
  let made: Made | undefined;
  let recording: Recording | undefined;
  /** Ends the work on a choice when there is a newer one. */
  let newest = new AbortController();

  function showChoice(chosen: number): void {
    rows.forEach((row, index) => row.setAttribute("aria-current", String(index === chosen)));
  }

  function toBuffer(channels: readonly Float32Array<ArrayBuffer>[]): AudioBuffer {
    const [{ length } = { length: 0 }] = channels;
    const { sampleRate } = clip;
    const buffer = new AudioBuffer({ length, sampleRate, numberOfChannels: channels.length });
    channels.forEach((channel, index) => buffer.copyToChannel(channel, index));
    return buffer;
  }

  function peakOf(channels: readonly Float32Array[]): number {
    return channels.reduce(
      (peak, channel) => channel.reduce((max, sample) => Math.max(max, Math.abs(sample)), peak),
      0,
    );
  }

  async function open(next: Source): Promise<void> {
    source = next;
    byId("start").value = "0";
    await openPart();
  }

  async function openPart(): Promise<void> {
    clip = cut(source, Number(byId("start").value));
    const { name, channels, sampleRate, wholeSeconds } = clip;
    const seconds = (channels[0]?.length ?? 0) / sampleRate;
    const isPart = wholeSeconds > seconds + 0.001;
    byId("excerpt").hidden = !isPart;
    byId("start").max = String(Math.max(0, wholeSeconds - 1));
    byId("start-text").textContent = `${Number(byId("start").value).toFixed(1)} s`;
    byId("facts").textContent = [
      name,
      `${seconds.toFixed(1)} s${isPart ? ` of ${wholeSeconds.toFixed(1)} s` : ""}`,
      channels.length === 2 ? "stereo" : "mono",
      `${sampleRate / 1000} kHz`,
      ...sampleRate === source.sampleRate ? [] : [`resampled from ${source.sampleRate / 1000} kHz`],
      ...source.channels.length > 2 ? [`two of ${source.channels.length} channels`] : [],
    ].join(" · ");
    controls.open({ sampleRate, seconds, clipCount: 2 });
    controls.player.load(0, toBuffer(channels));
    await make();
  }

  /** Codes what is chosen. A newer choice ends it: then nothing more is shown of this one. */
  async function make(): Promise<void> {
    newest.abort();
    const { signal } = newest = new AbortController();
    const { channels, sampleRate, name } = clip;
    const setting = readSetting(sampleRate);
    const { preserveLevel: _level, ...encoding } = setting;
    showSetting(setting, channels.length as 1 | 2);
    const recipe = recipeOf(setting, name, `${name.replace(/\.\w+$/, "")}-mp3`);
    byId("command").textContent = recipe.command;
    byId("code").textContent = recipe.code;
    document.body.setAttribute("aria-busy", "true");
    const [coded, mp3] = await Promise.all([
      compressRoundtripAsync(channels, { ...setting, signal }),
      encodeMp3Async(channels, { ...encoding, signal }),
    ]) as [Made["coded"], Made["mp3"]];
    if (signal.aborted) return;
    made = { coded, mp3 };
    controls.player.setGain(1 / Math.max(1, peakOf(channels), peakOf(coded)));
    controls.player.load(1, toBuffer(coded));
    const findings = await analyst.look(channels, coded, sampleRate);
    if (signal.aborted || !findings) return;
    show(findings, setting, mp3);
    document.body.setAttribute("aria-busy", "false");
    controls.say("");
  }

  function show({ original, coded }: Findings, { sampleRate }: Setting, mp3: Uint8Array): void {
    const { channels } = clip;
    const length = channels[0]?.length ?? 0;
    const told: Told[] = [
      {
        metrics: original.metrics,
        byteSize: WAV_HEADER_BYTES + 2 * channels.length * length,
        bitrateKbps: 16 * channels.length * sampleRate / 1000,
      },
      { metrics: coded.metrics, byteSize: mp3.length, bitrateKbps: probeMp3(mp3).bitrateKbps },
    ];
    rows.forEach((row, index) => {
      const cells = cellsOf(told[index] as Told, index === 0);
      row.querySelectorAll("td").forEach((cell, column) => cell.textContent = cells[column] ?? "");
    });
    pictures.show({
      columns: original.picture.columns,
      edgesHz: original.picture.edgesHz,
      seconds: length / sampleRate,
      levelRangeDb: LEVEL_RANGE_DB,
      differenceRangeDb: DIFFERENCE_RANGE_DB,
    }, {
      original: original.picture.levels,
      coded: coded.picture.levels,
      label: "MP3",
    });
  }

  function fail(error: unknown): void {
    if (error instanceof DOMException && error.name === "AbortError") return;
    document.body.setAttribute("aria-busy", "false");
    controls.say(`That didn’t work: ${error instanceof Error ? error.message : error}`);
  }

  async function openFile(file: File | undefined | null): Promise<void> {
    if (!file) return;
    controls.say(`Reading ${file.name}…`);
    try {
      await open(await readFile(file));
    } catch (error) {
      const reason = error instanceof Error ? error.message : error;
      controls.say(`${file.name} could not be read: ${reason}`);
    }
  }

  async function toggleRecording(): Promise<void> {
    const button = byId("record");
    const running = recording;
    recording = undefined;
    if (running) {
      button.textContent = "Record";
      button.ariaPressed = "false";
      await open(await running.stop());
    } else {
      controls.player.pause();
      recording = await record();
      button.textContent = "Stop recording";
      button.ariaPressed = "true";
      controls.say("Recording…");
    }
  }

  function download(end: "wav" | "mp3", parts: BlobPart[]): void {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob(parts, { type: `audio/${end}` }));
    link.download = `${clip.name.replace(/\.\w+$/, "")}-mp3.${end}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  }

  function downloadWav({ coded }: Made): void {
    const [{ length } = { length: 0 }] = coded;
    const header = wavHeader(clip.sampleRate, coded.length, "16", length);
    download("wav", [header, wavBytes(coded, "16")] as BlobPart[]);
  }

  byId("settings").addEventListener("input", () => make().catch(fail));
  byId("start").addEventListener("change", () => openPart().catch(fail));
  byId("file").addEventListener("change", () => openFile(byId("file").files?.[0]));
  byId("made-up").addEventListener("click", () => open(makeUp()).catch(fail));
  byId("record").addEventListener("click", () => toggleRecording().catch(fail));
  byId("wav").addEventListener("click", () => made && downloadWav(made));
  byId("mp3").addEventListener("click", () => made && download("mp3", [made.mp3]));
  rows.forEach((row, index) => row.addEventListener("click", () => controls.choose(index)));
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    document.body.classList.add("dropping");
  });
  document.addEventListener("dragleave", ({ relatedTarget }) => {
    if (!relatedTarget) document.body.classList.remove("dropping");
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("dropping");
    openFile(event.dataTransfer?.files[0]);
  });
  byId("record").hidden = !canRecord;
  controls.choose(1);
  loadWasm().then(() => open(source)).catch(fail);
}

if (isWorker) answerQuestions();
else runPlay();
