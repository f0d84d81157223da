/** What is seen: two spectrograms and their difference, on an axis of one's choice. */

/** How the pictures' cells lie. */
export interface Grid {
  readonly columns: number;
  /** Where the rows of a column begin and end, in Hz, ascending: one more than there are rows. */
  readonly edgesHz: readonly number[];
  readonly seconds: number;
  /** How far below the ceiling a level may be, in dB; one step of a byte is 1 dB. */
  readonly levelRangeDb: number;
  /** How many dB of change in either direction the picture of the difference tells apart. */
  readonly differenceRangeDb: number;
}

/** What is compared: a byte per cell, column by column, low frequencies first. */
export interface Compared {
  readonly original: Uint8Array;
  readonly coded: Uint8Array;
  /** What the coded clip is called. */
  readonly label: string;
}

/** The page's pictures. */
export interface Pictures {
  /** Draws them anew; without `compared` the same on other axes. */
  show(grid: Grid, compared: Compared): void;
}

/**
 * Brings the page's pictures to life. Its text is what the page holds, so it knows nothing outside
 * of itself.
 */
export function createPictures(): Pictures {
  /** In pixels, of the canvas. */
  const HEIGHT = 256;
  /** Where a logarithmic axis begins. */
  const LOWEST_HZ = 50;
  /** Ticks that would be closer are left out, as a share of the axis. */
  const TICK_DISTANCE = 0.07;

  interface Scale {
    /** From a frequency to a place on the axis, in any unit. */
    readonly toPlace: (hz: number) => number;
    readonly toHz: (place: number) => number;
    readonly lowestHz: number;
  }

  const scales: Record<string, Scale> = {
    linear: { toPlace: (hz) => hz, toHz: (place) => place, lowestHz: 0 },
    // O'Shaughnessy 1987, as in HTK.
    mel: {
      toPlace: (hz) => Math.log(1 + hz / 700),
      toHz: (place) => 700 * (Math.exp(place) - 1),
      lowestHz: 0,
    },
    log: { toPlace: Math.log, toHz: Math.exp, lowestHz: LOWEST_HZ },
  };

  const byId = (id: string) => document.getElementById(id) as HTMLElement;
  const axes = [...document.getElementsByName("axis")] as HTMLInputElement[];
  let shown: { grid: Grid; compared: Compared } | undefined;

  const scale = () => scales[axes.find(({ checked }) => checked)?.value ?? ""] as Scale;

  /** A list of colours of the style sheet, with so many steps between. */
  function readPalette(name: string, size: number): number[][] {
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

  /** Which rows a line of pixels shows, and how much of each, from the lowest line up. */
  function mixLines({ edgesHz }: Grid): { row: number; share: number }[][] {
    const { toPlace, toHz, lowestHz } = scale();
    const bottom = toPlace(lowestHz);
    const top = toPlace(edgesHz.at(-1) as number);
    const hzAt = (line: number) => toHz(bottom + (top - bottom) * line / HEIGHT);
    return Array.from({ length: HEIGHT }, (_, line) => {
      const [low, high] = [hzAt(line), hzAt(line + 1)];
      return edgesHz.slice(1).flatMap((end, row) => {
        const share = (Math.min(high, end) - Math.max(low, edgesHz[row] as number)) / (high - low);
        return share > 1e-6 ? [{ row, share }] : [];
      });
    });
  }

  /** The levels of all pixels, column by column: powers are what adds up. */
  function toPixels(levels: Uint8Array, { columns, edgesHz, levelRangeDb }: Grid): Float32Array {
    const lines = mixLines({ columns, edgesHz } as Grid);
    const powers = Float64Array.from({ length: levelRangeDb + 1 }, (_, db) => 10 ** (db / 10));
    const rows = edgesHz.length - 1;
    const pixels = new Float32Array(columns * HEIGHT);
    for (let column = 0; column < columns; column++) {
      lines.forEach((mix, line) => {
        let power = 0;
        for (const { row, share } of mix) {
          power += share * (powers[levels[column * rows + row] ?? 0] as number);
        }
        pixels[column * HEIGHT + line] = Math.max(0, 10 * Math.log10(power));
      });
    }
    return pixels;
  }

  /** @param colourOf a pixel's index into the palette */
  function draw(
    id: string,
    columns: number,
    palette: number[][],
    colourOf: (at: number) => number,
  ) {
    const canvas = byId(id) as HTMLCanvasElement;
    Object.assign(canvas, { width: columns, height: HEIGHT });
    const image = new ImageData(columns, HEIGHT);
    for (let column = 0; column < columns; column++) {
      for (let line = 0; line < HEIGHT; line++) {
        const pixel = ((HEIGHT - 1 - line) * columns + column) * 4;
        image.data.set(palette[Math.round(colourOf(column * HEIGHT + line))] ?? [], pixel);
        image.data[pixel + 3] = 255;
      }
    }
    canvas.getContext("2d")?.putImageData(image, 0, 0);
  }

  /** Round numbers from 0 on, no more than `count` of them. */
  function roundNumbers(end: number, count: number): number[] {
    const rough = end / count;
    const decade = 10 ** Math.floor(Math.log10(rough));
    const step = decade * ([1, 2, 5, 10].find((factor) => factor * decade >= rough) as number);
    return Array.from({ length: Math.floor(end / step) + 1 }, (_, i) => +(i * step).toPrecision(6));
  }

  function frequencyTicks(highestHz: number): { text: string; at: number }[] {
    const { toPlace, lowestHz } = scale();
    const bottom = toPlace(lowestHz);
    const decades = [10, 100, 1000, 10000].flatMap((hz) => [hz, 2 * hz, 5 * hz]);
    const wanted = scale() === scales.linear ? roundNumbers(highestHz, 5) : [0, ...decades];
    const ticks: { text: string; at: number }[] = [];
    for (const hz of wanted.filter((hz) => hz >= lowestHz && hz <= highestHz)) {
      const at = (toPlace(hz) - bottom) / (toPlace(highestHz) - bottom);
      if (at - (ticks.at(-1)?.at ?? -1) >= TICK_DISTANCE) ticks.push({ text: `${hz / 1000}`, at });
    }
    return ticks.map(({ text, at }, index) => ({
      text: index === ticks.length - 1 ? `${text} kHz` : text,
      at,
    }));
  }

  function showTicks({ edgesHz, seconds }: Grid): void {
    const frequencies = frequencyTicks(edgesHz.at(-1) as number);
    const times = roundNumbers(seconds, 5).map((time) => ({
      text: `${time} s`,
      at: time / seconds,
    }));
    const make = (kind: string) => ({ text, at }: { text: string; at: number }) => {
      const tick = document.createElement("span");
      tick.className = `tick ${kind}`;
      tick.textContent = text;
      tick.style.setProperty("--at", `${100 * at}%`);
      return tick;
    };
    for (const ticks of document.querySelectorAll(".ticks")) {
      ticks.replaceChildren(...frequencies.map(make("frequency")), ...times.map(make("time")));
    }
  }

  function showAgain(): void {
    if (!shown) return;
    const { grid, compared: { original, coded, label } } = shown;
    const { columns, levelRangeDb, differenceRangeDb: range } = grid;
    const [before, after] = [toPixels(original, grid), toPixels(coded, grid)];
    const palette = readPalette("--levels", levelRangeDb + 1);
    draw("original", columns, palette, (at) => before[at] ?? 0);
    draw("coded", columns, palette, (at) => after[at] ?? 0);
    draw("difference", columns, readPalette("--differences", 2 * range + 1), (at) => {
      const difference = (after[at] ?? 0) - (before[at] ?? 0);
      return Math.min(range, Math.max(-range, difference)) + range;
    });
    showTicks(grid);
    for (const element of document.querySelectorAll(".compared")) element.textContent = label;
    byId("coded").ariaLabel = `Spectrogram of ${label}`;
    byId("difference").ariaLabel = `Spectrogram of ${label} minus that of the original`;
  }

  axes.forEach((axis) => axis.addEventListener("change", showAgain));
  // A sheet of paper is light, whatever the screen is.
  matchMedia("screen and (prefers-color-scheme: dark)").addEventListener("change", showAgain);

  return {
    show(grid, compared) {
      shown = { grid, compared };
      showAgain();
    },
  };
}
