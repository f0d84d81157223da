/** The script of the page to play with, and of the worker that it starts. */
import { compressRoundtripAsync, encodeMp3Async, probeMp3 } from "../mod.ts";
import { loadWasm } from "../wasm.ts";
import { wavBytes, wavHeader } from "../cli/audio/wav.ts";
import { createControls } from "../cli/report/client/controls.ts";
import { createPictures } from "../cli/report/client/pictures.ts";
import { createPlayer } from "../cli/report/client/player.ts";
import { cellsOf, type Told, wavFileOf } from "../cli/report/format.ts";
import { recipeOf, type Setting } from "../cli/report/recipe.ts";
import { DIFFERENCE_RANGE_DB, LEVEL_RANGE_DB } from "../cli/report/spectrogram.ts";
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

/** What the newest choice has become. */
interface Made {
  readonly coded: Float32Array<ArrayBuffer>[];
  readonly mp3: Uint8Array<ArrayBuffer>;
}

const byId = (id: string) => document.getElementById(id) as HTMLInputElement;
const rows = () => [...document.querySelectorAll<HTMLElement>("tr[data-clip]")];

function peakOf(channels: readonly Float32Array[]): number {
  return channels.reduce(
    (peak, channel) => channel.reduce((max, sample) => Math.max(max, Math.abs(sample)), peak),
    0,
  );
}

function toBuffer({ channels, sampleRate }: Pick<Clip, "channels" | "sampleRate">): AudioBuffer {
  const [{ length } = { length: 0 }] = channels;
  const buffer = new AudioBuffer({ length, sampleRate, numberOfChannels: channels.length });
  channels.forEach((channel, index) => buffer.copyToChannel(channel, index));
  return buffer;
}

/** What the clip is, and what of the source it is. */
function describe({ name, channels, sampleRate, wholeSeconds }: Clip, source: Source): string {
  const seconds = secondsOf({ channels, sampleRate });
  return [
    name,
    `${seconds.toFixed(1)} s${
      isWhole(seconds, wholeSeconds) ? "" : ` of ${wholeSeconds.toFixed(1)} s`
    }`,
    channels.length === 2 ? "stereo" : "mono",
    `${sampleRate / 1000} kHz`,
    ...sampleRate === source.sampleRate ? [] : [`resampled from ${source.sampleRate / 1000} kHz`],
    ...source.channels.length > 2 ? [`two of ${source.channels.length} channels`] : [],
  ].join(" · ");
}

function secondsOf({ channels, sampleRate }: Pick<Clip, "channels" | "sampleRate">): number {
  return (channels[0]?.length ?? 0) / sampleRate;
}

/** Resampling may change a length by a part of a sample. */
function isWhole(seconds: number, wholeSeconds: number): boolean {
  return wholeSeconds <= seconds + 0.001;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The page: a clip, and what the newest choice makes of it. */
class Play {
  readonly #controls = createControls(createPlayer, (clip) => this.#showChoice(clip));
  readonly #pictures = createPictures();
  readonly #analyst = new Analyst(
    document.querySelector("script[type=module]")?.textContent ?? "",
    this.#controls.showError,
  );
  #source: Source = makeUp();
  #clip: Clip = cut(this.#source, 0);
  #made: Made | undefined;
  #recording: Recording | undefined;
  /** Ends the work on a choice when there is a newer one. */
  #newest = new AbortController();

  /** Shows the first sound, once the library is there, and listens to the page. */
  async start(): Promise<void> {
    this.#listen();
    this.#controls.choose(1);
    await this.#try(async () => {
      await loadWasm();
      await this.#open(this.#source);
    });
  }

  #listen(): void {
    const on = (id: string, event: string, act: () => unknown) =>
      byId(id).addEventListener(event, () => this.#try(act));
    on("settings", "input", () => this.#make());
    on("start", "change", () => this.#openPart());
    on("file", "change", () => this.#openFile(byId("file").files?.[0]));
    on("made-up", "click", () => this.#open(makeUp()));
    on("record", "click", () => this.#toggleRecording());
    on("wav", "click", () => this.#made && this.#downloadWav(this.#made));
    on("mp3", "click", () => this.#made && this.#download("mp3", [this.#made.mp3]));
    byId("record").hidden = !canRecord;
    rows().forEach((row, index) =>
      row.addEventListener("click", () => this.#controls.choose(index))
    );
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
      const [file] = event.dataTransfer?.files ?? [];
      this.#try(() => this.#openFile(file));
    });
  }

  /** Tells what went wrong, unless a newer choice has ended it. */
  async #try(act: () => unknown): Promise<void> {
    try {
      await act();
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") return;
      document.body.ariaBusy = "false";
      this.#controls.say(`That didn’t work: ${messageOf(error)}`);
    }
  }

  #showChoice(chosen: number): void {
    rows().forEach((row, index) => row.setAttribute("aria-current", String(index === chosen)));
  }

  async #openFile(file: File | undefined): Promise<void> {
    if (!file) return;
    this.#controls.say(`Reading ${file.name}…`);
    let source: Source;
    try {
      source = await readFile(file);
    } catch (error) {
      return this.#controls.say(`${file.name} could not be read: ${messageOf(error)}`);
    }
    await this.#open(source);
  }

  async #open(source: Source): Promise<void> {
    this.#source = source;
    byId("start").value = "0";
    await this.#openPart();
  }

  async #openPart(): Promise<void> {
    const start = Number(byId("start").value);
    const clip = this.#clip = cut(this.#source, start);
    const seconds = secondsOf(clip);
    byId("excerpt").hidden = start === 0 && isWhole(seconds, clip.wholeSeconds);
    byId("start").max = String(Math.max(0, clip.wholeSeconds - 1));
    byId("start-text").textContent = `${start.toFixed(1)} s`;
    byId("facts").textContent = describe(clip, this.#source);
    this.#controls.open({ sampleRate: clip.sampleRate, seconds, clipCount: 2 });
    this.#controls.player.load(0, toBuffer(clip));
    await this.#make();
  }

  /** Codes what is chosen. A newer choice ends it: then nothing more is shown of this one. */
  async #make(): Promise<void> {
    this.#newest.abort();
    const { signal } = this.#newest = new AbortController();
    const { channels, sampleRate } = this.#clip;
    const setting = readSetting(sampleRate);
    this.#showSetting(setting);
    document.body.ariaBusy = "true";
    const { preserveLevel: _level, ...encoding } = setting;
    const [coded, mp3] = await Promise.all([
      compressRoundtripAsync(channels, { ...setting, signal }),
      encodeMp3Async(channels, { ...encoding, signal }),
    ]) as [Made["coded"], Made["mp3"]];
    if (signal.aborted) return;
    this.#made = { coded, mp3 };
    const { player } = this.#controls;
    player.setGain(1 / Math.max(1, peakOf(channels), peakOf(coded)));
    player.load(1, toBuffer({ channels: coded, sampleRate }));
    const findings = await this.#analyst.look(channels, coded, sampleRate);
    if (signal.aborted || !findings) return;
    this.#show(findings, mp3);
    document.body.ariaBusy = "false";
    this.#controls.say("");
  }

  #showSetting(setting: Setting): void {
    const { channels, name } = this.#clip;
    showSetting(setting, channels.length as 1 | 2);
    const { command, code } = recipeOf(setting, name, `${name.replace(/\.\w+$/, "")}-mp3`);
    byId("command").textContent = command;
    byId("code").textContent = code;
  }

  #show({ original, coded }: Findings, mp3: Uint8Array): void {
    const { channels, sampleRate } = this.#clip;
    const told: Told[] = [
      { metrics: original.metrics, ...wavFileOf(channels, sampleRate) },
      { metrics: coded.metrics, byteSize: mp3.length, bitrateKbps: probeMp3(mp3).bitrateKbps },
    ];
    rows().forEach((row, index) => {
      const cells = cellsOf(told[index] as Told, index === 0);
      row.querySelectorAll("td").forEach((cell, column) => cell.textContent = cells[column] ?? "");
    });
    const { columns, edgesHz, levels } = original.picture;
    const ranges = { levelRangeDb: LEVEL_RANGE_DB, differenceRangeDb: DIFFERENCE_RANGE_DB };
    this.#pictures.show(
      { columns, edgesHz, seconds: secondsOf(this.#clip), ...ranges },
      { original: levels, coded: coded.picture.levels, label: "MP3" },
    );
  }

  async #toggleRecording(): Promise<void> {
    const button = byId("record");
    const running = this.#recording;
    this.#recording = undefined;
    if (running) {
      button.textContent = "Record";
      button.ariaPressed = "false";
      return await this.#open(await running.stop());
    }
    this.#controls.player.pause();
    this.#recording = await record();
    button.textContent = "Stop recording";
    button.ariaPressed = "true";
    this.#controls.say("Recording…");
  }

  #downloadWav({ coded }: Made): void {
    const [{ length } = { length: 0 }] = coded;
    const header = wavHeader(this.#clip.sampleRate, coded.length, "16", length);
    this.#download("wav", [header, wavBytes(coded, "16")] as BlobPart[]);
  }

  #download(end: "wav" | "mp3", parts: BlobPart[]): void {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob(parts, { type: `audio/${end}` }));
    link.download = `${this.#clip.name.replace(/\.\w+$/, "")}-mp3.${end}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  }
}

if (isWorker) answerQuestions();
else new Play().start();
