// The report page's own script: it runs in the browser, inside the page, without anything else.

/**
 * What cli/report/page.ts writes into the page.
 * @typedef {object} PageData
 * @property {string[]} labels of the clips, the original first
 * @property {number} seconds
 * @property {number} sampleRate
 * @property {number} gain by which the stored audio is multiplied to be as loud as it was
 * @property {number} columns of the spectrograms
 * @property {number} rows of the spectrograms
 * @property {number} levelRangeDb
 * @property {number} differenceRangeDb
 */

/** Its text is what the page holds, so it knows nothing outside of itself. */
export function runPage() {
  /** Long enough that no click is heard, short enough that no gap is. */
  const FADE_SECONDS = 0.01;
  /** Between a key press and the start: every source must know its start before it comes. */
  const START_SECONDS = 0.05;

  /** The time of the nearest sample: between two of them a browser would interpolate. @param {number} seconds */
  const onSample = (seconds) => Math.round(seconds * data.sampleRate) / data.sampleRate;

  /** @param {string} id */
  const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
  /** @param {string} id */
  const inputById = (id) => /** @type {HTMLInputElement} */ (byId(id));
  const choices = /** @type {HTMLInputElement[]} */ ([...document.getElementsByName("clip")]);
  const plots = [...document.querySelectorAll(".plot")];

  /** @type {PageData} */
  const data = JSON.parse(byId("data").textContent ?? "");
  const clipIndexes = data.labels.map((_, index) => index);

  /** @param {string} id of an element that holds base64 */
  function readBytes(id) {
    const text = atob(byId(id).textContent ?? "");
    const bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
    return bytes;
  }

  // ---------------------------------------------------------------------------------- sound

  const state = {
    /** @type {AudioContext | undefined} */
    context: undefined,
    /** @type {GainNode[]} one per clip; all but the chosen one are 0 */
    gains: [],
    /** @type {AudioBufferSourceNode[]} one per clip, all started at the same time */
    sources: [],
    /** The context's time at which the sources start. */
    startTime: 0,
    /** The position in the clip at which they start, or stand still, in seconds. */
    startPosition: 0,
    /** The clip that is heard. */
    chosen: 0,
    /** The coded clip beside the original. */
    compared: 1,
  };

  /** Decodes all clips at the clip's own rate, so that nothing is resampled here. */
  async function decodeAll() {
    const decoder = new OfflineAudioContext(1, 1, data.sampleRate);
    const buffers = await Promise.all(
      clipIndexes.map((index) => decoder.decodeAudioData(readBytes(`audio-${index}`).buffer)),
    );
    byId("status").textContent = "";
    return buffers;
  }

  /** @param {number} index */
  const gainFor = (index) => index === state.chosen ? data.gain : 0;

  function isPlaying() {
    return state.sources.length > 0;
  }

  function position() {
    if (!isPlaying() || !state.context) return state.startPosition;
    const elapsed = Math.max(0, state.context.currentTime - state.startTime);
    return (state.startPosition + elapsed) % data.seconds;
  }

  function openContext() {
    const context = new AudioContext({ sampleRate: data.sampleRate });
    state.gains = clipIndexes.map((index) => {
      const gain = new GainNode(context, { gain: gainFor(index) });
      gain.connect(context.destination);
      return gain;
    });
    return state.context = context;
  }

  /** All clips run all the time, at the same position: to switch is only to turn one up. */
  async function play() {
    const context = state.context ?? openContext();
    const [buffers] = await Promise.all([decoded, context.resume()]);
    if (isPlaying()) return;
    const loop = inputById("loop").checked;
    state.startTime = onSample(context.currentTime + START_SECONDS);
    state.sources = buffers.map((buffer, index) => {
      const source = new AudioBufferSourceNode(context, { buffer, loop });
      source.connect(/** @type {GainNode} */ (state.gains[index]));
      source.start(state.startTime, state.startPosition);
      return source;
    });
    state.sources[0]?.addEventListener("ended", ({ target }) => {
      if (target === state.sources[0]) pause(0);
    });
    showTransport();
    follow();
  }

  /** @param {number} at the position to stand still at, in seconds */
  function pause(at = position()) {
    const { sources } = state;
    state.startPosition = onSample(at);
    state.sources = [];
    for (const source of sources) source.stop();
    showTransport();
  }

  /** @param {number} seconds */
  async function seek(seconds) {
    const wasPlaying = isPlaying();
    pause(Math.min(Math.max(0, seconds), data.seconds - 0.001));
    if (wasPlaying) await play();
  }

  /** @param {number} index of the clip to hear */
  function choose(index) {
    const choice = choices[index];
    if (!choice) return;
    if (choices.some((other) => other === document.activeElement)) choice.focus();
    choice.checked = true;
    state.chosen = index;
    if (index > 0) state.compared = index;
    state.gains.forEach(({ gain, context: { currentTime } }, clip) => {
      gain.cancelScheduledValues(currentTime);
      gain.setValueAtTime(gain.value, currentTime);
      gain.linearRampToValueAtTime(gainFor(clip), currentTime + FADE_SECONDS);
    });
    showChoice();
  }

  // -------------------------------------------------------------------------------- pictures

  /** @param {string} name of a list of colours in the style sheet @param {number} size */
  function readPalette(name, size) {
    const colours = getComputedStyle(document.documentElement).getPropertyValue(name).trim()
      .split(/[\s,]+/).map((hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)));
    return Array.from({ length: size }, (_, index) => {
      const place = index / (size - 1) * (colours.length - 1);
      const from = Math.min(Math.floor(place), colours.length - 2);
      return [0, 1, 2].map((part) => {
        const [low = 0, high = 0] = [colours[from]?.[part], colours[from + 1]?.[part]];
        return low + (high - low) * (place - from);
      });
    });
  }

  /**
   * @param {string} id of the canvas
   * @param {number[][]} palette
   * @param {(cell: number) => number} colourOf the index into the palette
   */
  function draw(id, palette, colourOf) {
    const { columns, rows } = data;
    const canvas = /** @type {HTMLCanvasElement} */ (byId(id));
    Object.assign(canvas, { width: columns, height: rows });
    const image = new ImageData(columns, rows);
    for (let column = 0; column < columns; column++) {
      for (let row = 0; row < rows; row++) {
        const pixel = ((rows - 1 - row) * columns + column) * 4;
        image.data.set(palette[colourOf(column * rows + row)] ?? [], pixel);
        image.data[pixel + 3] = 255;
      }
    }
    canvas.getContext("2d")?.putImageData(image, 0, 0);
  }

  /** @param {number} index @returns {Promise<Uint8Array>} a byte per cell */
  async function readLevels(index) {
    const packed = new Blob([readBytes(`levels-${index}`)]).stream();
    const stream = packed.pipeThrough(new DecompressionStream("deflate"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  }

  async function drawAll() {
    const { levelRangeDb, differenceRangeDb: range, labels } = data;
    const [original, coded] = await Promise.all([levels[0], levels[state.compared]]);
    if (!original || !coded) return;
    const palette = readPalette("--levels", levelRangeDb + 1);
    draw("original", palette, (cell) => original[cell] ?? 0);
    draw("coded", palette, (cell) => coded[cell] ?? 0);
    draw("difference", readPalette("--differences", 2 * range + 1), (cell) => {
      const difference = (coded[cell] ?? 0) - (original[cell] ?? 0);
      return Math.min(range, Math.max(-range, difference)) + range;
    });
    const label = labels[state.compared] ?? "";
    for (const element of document.querySelectorAll(".compared")) element.textContent = label;
    byId("coded").ariaLabel = `Spectrogram of ${label}`;
    byId("difference").ariaLabel = `Spectrogram of ${label} minus that of the original`;
  }

  // ----------------------------------------------------------------------------------- page

  function showChoice() {
    for (const row of document.querySelectorAll("tr[data-clip]")) {
      const isChosen = Number(row.getAttribute("data-clip")) === state.chosen;
      row.setAttribute("aria-current", String(isChosen));
    }
    drawAll().catch(showError);
  }

  /** @param {number} seconds */
  function formatTime(seconds) {
    return `${Math.floor(seconds / 60)}:${(seconds % 60).toFixed(1).padStart(4, "0")}`;
  }

  function showPosition() {
    const now = position();
    const slider = inputById("position");
    slider.value = String(now);
    slider.setAttribute(
      "aria-valuetext",
      `${now.toFixed(1)} of ${data.seconds.toFixed(1)} seconds`,
    );
    byId("now").textContent = formatTime(now);
    document.documentElement.style.setProperty("--position", String(now / data.seconds));
  }

  function showTransport() {
    byId("play").dataset.playing = String(isPlaying());
    byId("play").ariaLabel = isPlaying() ? "Pause" : "Play";
    showPosition();
  }

  function follow() {
    if (!isPlaying()) return;
    showPosition();
    requestAnimationFrame(follow);
  }

  /** @param {unknown} error */
  function showError(error) {
    byId("status").textContent = `This browser can't show the report in full: ${error}`;
  }

  function togglePlaying() {
    if (isPlaying()) pause();
    else play().catch(showError);
  }

  /** @param {KeyboardEvent} event @returns {(() => void) | undefined} what the key means */
  function actionOf({ key, target }) {
    const { type = "", tagName } = /** @type {HTMLInputElement} */ (target);
    if (key === " ") {
      const isItsOwn = ["checkbox", "button"].includes(type) || tagName === "SUMMARY";
      return isItsOwn ? undefined : togglePlaying;
    }
    if (key === "o") return () => choose(state.chosen === 0 ? state.compared : 0);
    if (/^[1-9]$/.test(key)) return () => choose(Number(key) - 1);
    const step = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[key];
    if (step && type === "range") return () => seek(position() + step * data.seconds / 50);
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const action = actionOf(event);
    if (!action) return;
    event.preventDefault();
    action();
  });
  byId("play").addEventListener("click", togglePlaying);
  inputById("position").addEventListener("input", ({ target }) => {
    seek(Number(/** @type {HTMLInputElement} */ (target).value)).catch(showError);
  });
  inputById("loop").addEventListener("change", ({ target }) => {
    const { checked } = /** @type {HTMLInputElement} */ (target);
    for (const source of state.sources) source.loop = checked;
  });
  choices.forEach((choice, index) => choice.addEventListener("change", () => choose(index)));
  for (const plot of plots) {
    plot.addEventListener("click", (event) => {
      const { left, width } = plot.getBoundingClientRect();
      seek((/** @type {MouseEvent} */ (event).clientX - left) / width * data.seconds).catch(
        showError,
      );
    });
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    drawAll().catch(showError);
  });

  const levels = clipIndexes.map(readLevels);
  const decoded = decodeAll();
  decoded.catch(showError);
  choose(Math.max(0, choices.findIndex((choice) => choice.checked)));
  showTransport();
}
