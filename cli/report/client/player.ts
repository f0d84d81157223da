/** What is heard. Like all of this folder it runs in a page, and its text stands there. */

/** The clips that are listened to in turn, all of one length. */
export interface Sound {
  /** In Hz: that of the clips, so that nothing is resampled here. */
  readonly sampleRate: number;
  readonly seconds: number;
  readonly clipCount: number;
}

/** Clips that run side by side, at the same sample: one is heard. */
export interface Player {
  /** Other clips, from their start. */
  open(sound: Sound): void;
  /** Gives a clip's samples; while it plays, they take the place of the earlier ones at once. */
  load(clip: number, buffer: AudioBuffer): void;
  /** By what all clips are multiplied. */
  setGain(gain: number): void;
  /** Starts, as soon as it is ready to. */
  play(): Promise<void>;
  /** Stands still: where it is, or at this second. */
  pause(at?: number): void;
  seek(seconds: number): Promise<void>;
  /** Which clip is heard. */
  choose(clip: number): void;
  setLoop(isLoop: boolean): void;
  isPlaying(): boolean;
  position(): number;
}

/**
 * Makes a player. Its text is what the page holds, so it knows nothing outside of itself.
 *
 * @param onChange is called when it starts and when it stops
 */
export function createPlayer(onChange: () => void): Player {
  /** Long enough that no click is heard, short enough that no gap is. */
  const FADE_SECONDS = 0.01;
  /** Between a key press and the start: every source must know its start before it comes. */
  const START_SECONDS = 0.05;

  /** What sounds of a clip, until others take its place. */
  interface Voice {
    readonly clip: number;
    readonly source: AudioBufferSourceNode;
    readonly gain: GainNode;
    /** When it takes the place of another voice; -Infinity for those that all start at once. */
    readonly from: number;
    /** When another takes its place. */
    until: number;
  }

  let sound: Sound = { sampleRate: 44100, seconds: 0, clipCount: 0 };
  let buffers: AudioBuffer[] = [];
  let context: AudioContext | undefined;
  /** One per clip, all started at the same time. */
  let voices: Voice[] = [];
  /** Others that are fading out. */
  let fading: Voice[] = [];
  let wantsToPlay = false;
  let isLoop = true;
  let gain = 1;
  let chosen = 0;
  /** The context's time at which the voices start. */
  let startTime = 0;
  /** The position in the clip at which they start, or stand still, in seconds. */
  let startPosition = 0;

  /** The time of the nearest sample: between two of them a browser would interpolate. */
  const onSample = (seconds: number) => Math.round(seconds * sound.sampleRate) / sound.sampleRate;
  const gainFor = (clip: number) => clip === chosen ? gain : 0;
  const isPlaying = () => voices.length > 0;

  function positionAt(time: number): number {
    const elapsed = Math.max(0, time - startTime);
    return (startPosition + elapsed) % sound.seconds;
  }

  function position(): number {
    return isPlaying() && context ? positionAt(context.currentTime) : startPosition;
  }

  function start(to: AudioContext, clip: number, time: number, at: number, from: number): Voice {
    const source = new AudioBufferSourceNode(to, { buffer: buffers[clip] ?? null, loop: isLoop });
    const node = new GainNode(to, { gain: from > 0 ? 0 : gainFor(clip) });
    source.connect(node).connect(to.destination);
    source.start(time, at);
    return { clip, source, gain: node, from, until: Infinity };
  }

  /** Plans the level that a voice shall have from now on; `before`: the one that it has. */
  function shape(
    { clip, gain: { gain: level, context: { currentTime } }, from, until }: Voice,
    before: number,
  ) {
    const fade = (to: number, time: number, start: number) => {
      level.setValueAtTime(start, time);
      level.linearRampToValueAtTime(to, time + FADE_SECONDS);
    };
    if (currentTime >= until) return; // it is fading out already
    level.cancelScheduledValues(currentTime);
    if (currentTime < from) fade(gainFor(clip), from, 0);
    else fade(gainFor(clip), currentTime, before);
    if (until < Infinity) fade(0, until, gainFor(clip));
  }

  /** All clips run all the time, at the same position: to switch is only to turn one up. */
  async function play(): Promise<void> {
    wantsToPlay = true;
    const { sampleRate } = sound;
    const opened = context ??= new AudioContext({ sampleRate });
    await opened.resume();
    const isReady = buffers.filter(Boolean).length === sound.clipCount;
    if (isPlaying() || !isReady || !wantsToPlay || opened !== context) return;
    startTime = onSample(opened.currentTime + START_SECONDS);
    voices = buffers.map((_, clip) => start(opened, clip, startTime, startPosition, -Infinity));
    voices[0]?.source.addEventListener("ended", ({ target }) => {
      if (target === voices[0]?.source) pause(0);
    });
    onChange();
  }

  function pause(at = position()): void {
    const sounding = [...voices, ...fading];
    wantsToPlay = false;
    startPosition = onSample(at);
    voices = [];
    fading = [];
    for (const { source, gain: node } of sounding) {
      source.stop();
      node.disconnect();
    }
    onChange();
  }

  /** The new samples begin where the old ones are, and one fades into the other. */
  function load(clip: number, buffer: AudioBuffer): void {
    buffers[clip] = buffer;
    const old = voices[clip];
    if (!context || !old) {
      if (wantsToPlay && !isPlaying()) play();
      return;
    }
    const time = onSample(Math.max(startTime, context.currentTime + START_SECONDS));
    const voice = start(context, clip, time, onSample(positionAt(time)), time);
    shape(voice, 0);
    old.until = time;
    shape(old, gainFor(clip));
    old.source.stop(time + FADE_SECONDS);
    old.source.addEventListener("ended", () => fading = fading.filter((other) => other !== old));
    fading.push(old);
    voices[clip] = voice;
  }

  /** @param change what decides how loud each clip is */
  function turn(change: () => void): void {
    const sounding = [...voices, ...fading].map((voice) => ({
      voice,
      before: gainFor(voice.clip),
    }));
    change();
    for (const { voice, before } of sounding) shape(voice, before);
  }

  return {
    isPlaying,
    position,
    play,
    pause,
    load,
    open(next) {
      pause(0);
      if (next.sampleRate !== sound.sampleRate) {
        context?.close();
        context = undefined;
      }
      sound = next;
      buffers = [];
      startPosition = 0;
    },
    setGain: (next) => turn(() => gain = next),
    async seek(seconds) {
      const wasPlaying = isPlaying();
      pause(Math.min(Math.max(0, seconds), sound.seconds - 1 / sound.sampleRate));
      if (wasPlaying) await play();
    },
    choose: (clip) => turn(() => chosen = clip),
    setLoop(next) {
      isLoop = next;
      for (const { source } of voices) source.loop = next;
    },
  };
}
