/** What one plays with: button, slider, keys, a click into a picture; and what is there to copy. */
import type { createPlayer as Create, Player, Sound } from "./player.ts";

/** The page's player, and what is shown of it. */
export interface Controls {
  readonly player: Player;
  /** Other clips, from their start. */
  open(sound: Sound): void;
  /** Which clip is heard, by its place. */
  choose(clip: number): void;
  chosen(): number;
  /** What is written under it, for all to hear; nothing if all is well. */
  say(text: string): void;
  /** Tells that something went wrong. */
  showError(error: unknown): void;
}

/**
 * Brings the page's controls to life. Its text is what the page holds, so it knows nothing outside
 * of itself.
 *
 * @param onChoice is called with the clip that is heard from now on
 */
export function createControls(
  createPlayer: typeof Create,
  onChoice: (clip: number) => void,
): Controls {
  const byId = (id: string) => document.getElementById(id) as HTMLElement;
  const slider = byId("position") as HTMLInputElement;
  const loop = byId("loop") as HTMLInputElement;
  const choices = [...document.getElementsByName("clip")] as HTMLInputElement[];
  const player = createPlayer(showTransport);
  let seconds = 0;
  let chosen = 0;
  /** The coded clip beside the original. */
  let compared = 1;
  let frame = 0;

  function say(text: string): void {
    byId("status").textContent = text;
  }

  function showError(error: unknown): void {
    say(`This browser can't do all that the page is for: ${error}`);
  }

  function formatTime(at: number): string {
    return `${Math.floor(at / 60)}:${(at % 60).toFixed(1).padStart(4, "0")}`;
  }

  function showPosition(): void {
    const now = player.position();
    slider.value = String(now);
    slider.setAttribute("aria-valuetext", `${now.toFixed(1)} of ${seconds.toFixed(1)} seconds`);
    byId("now").textContent = formatTime(now);
    document.documentElement.style.setProperty("--position", String(seconds && now / seconds));
  }

  function showTransport(): void {
    byId("play").dataset.playing = String(player.isPlaying());
    byId("play").ariaLabel = player.isPlaying() ? "Pause" : "Play";
    showPosition();
    follow();
  }

  function follow(): void {
    if (!player.isPlaying()) return;
    showPosition();
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(follow);
  }

  function togglePlaying(): void {
    if (player.isPlaying()) player.pause();
    else player.play().catch(showError);
  }

  function seek(to: number): void {
    player.seek(to).catch(showError);
  }

  function choose(clip: number): void {
    const choice = choices[clip];
    if (!choice) return;
    if (choices.some((other) => other === document.activeElement)) choice.focus();
    choice.checked = true;
    chosen = clip;
    if (clip > 0) compared = clip;
    player.choose(clip);
    onChoice(clip);
  }

  /** What a key means. */
  function actionOf({ key, target }: KeyboardEvent): (() => void) | undefined {
    const { type = "", tagName } = target as HTMLInputElement;
    if (["SELECT", "TEXTAREA"].includes(tagName) || ["text", "number"].includes(type)) return;
    if (key === " ") {
      const isItsOwn = ["checkbox", "button", "file"].includes(type) ||
        ["SUMMARY", "LABEL"].includes(tagName);
      return isItsOwn ? undefined : togglePlaying;
    }
    if (key.toLowerCase() === "o") return () => choose(chosen === 0 ? compared : 0);
    if (/^[1-9]$/.test(key)) return () => choose(Number(key) - 1);
    const step = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[key];
    if (step && target === slider) return () => seek(player.position() + step * seconds / 50);
  }

  /** Where a page may not use the clipboard, the text is marked, so that Ctrl+C takes it. */
  async function copy(button: HTMLElement): Promise<void> {
    const element = byId(button.dataset.copy ?? "");
    getSelection()?.selectAllChildren(element);
    const writing = navigator.clipboard?.writeText(element.textContent ?? "").then(() => true);
    const isCopied = await (writing ?? Promise.reject()).catch(() => document.execCommand("copy"));
    button.textContent = isCopied ? "Copied" : "Marked";
    setTimeout(() => button.textContent = "Copy", 2000);
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const action = actionOf(event);
    if (!action) return;
    event.preventDefault();
    action();
  });
  byId("play").addEventListener("click", togglePlaying);
  slider.addEventListener("input", () => seek(Number(slider.value)));
  loop.addEventListener("change", () => player.setLoop(loop.checked));
  choices.forEach((choice, clip) => choice.addEventListener("change", () => choose(clip)));
  for (const button of document.querySelectorAll<HTMLElement>("[data-copy]")) {
    button.addEventListener("click", () => copy(button).catch(showError));
  }
  for (const plot of document.querySelectorAll<HTMLElement>(".plot")) {
    plot.addEventListener("click", ({ clientX }) => {
      const { left, width } = plot.getBoundingClientRect();
      seek((clientX - left) / width * seconds);
    });
  }
  player.setLoop(loop.checked);

  return {
    player,
    choose,
    chosen: () => chosen,
    say,
    showError,
    open(sound) {
      seconds = sound.seconds;
      slider.max = String(seconds);
      byId("whole").textContent = ` / ${formatTime(seconds)}`;
      player.open(sound);
    },
  };
}
