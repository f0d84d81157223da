/** The round trip of audio of any kind as a stream: other sample rates, more channels. */
import { nearestSampleRate } from "./constants.ts";
import { type AnyAudioExtras, checkGroups, checkGroupsDelay, groupChannels } from "./convert.ts";
import { delayedFrameCount, packOptions } from "./native.ts";
import { checkObject, namesOf } from "./option-names.ts";
import {
  checkOptions,
  CODING_NAMES,
  type CodingOptions,
  type DrawnOptions,
  EXTRAS_NAMES,
  type RateControl,
  type RoundtripExtras,
} from "./options.ts";
import { checkResampledRate, createResampler, resampledCount, type Resampler } from "./resample.ts";
import { Mp3RoundtripStream, type RoundtripStreamOptions } from "./roundtrip-stream.ts";

/** What a stream of any audio must be told beforehand. */
export interface AnyStreamExtras {
  /** How many channels there are. */
  channelCount: number;
  /** How many samples per channel will come. */
  frameCount: number;
  /** Each channel's largest magnitude. */
  peaks: readonly number[];
}

/** How a stream of any audio goes through the codec. */
export type AnyStreamOptions =
  & Omit<CodingOptions, "channels">
  & RateControl
  & RoundtripExtras
  & Pick<AnyAudioExtras, "channelGroups">
  & AnyStreamExtras
  & Pick<DrawnOptions, "codedBitrateKbps">;

const NAMES = [
  ...CODING_NAMES.filter((name) => name !== "channels"),
  ...EXTRAS_NAMES,
  ...namesOf<Pick<AnyAudioExtras, "channelGroups">>({ channelGroups: true }),
  ...namesOf<AnyStreamExtras>({ channelCount: true, frameCount: true, peaks: true }),
  ...namesOf<Pick<DrawnOptions, "codedBitrateKbps">>({ codedBitrateKbps: true }),
];

/** Checks the options' names, and that there is a sample rate. */
function checkNames(options: AnyStreamOptions): AnyStreamOptions {
  const checked = checkObject(options, NAMES) as unknown as AnyStreamOptions;
  checkResampledRate(checked.sampleRate, "sampleRate");
  return checked;
}

/**
 * How many samples per channel {@linkcode compressAnyBlocks} returns.
 *
 * @example
 * ```ts
 * import { anyOutputFrameCount } from "@mp3-augment/mp3-augment/transform";
 *
 * const options = { sampleRate: 96000, bitrateKbps: 64, channelCount: 1, frameCount: 500, peaks: [1] };
 * console.log(anyOutputFrameCount(options)); // 500
 * ```
 */
export function anyOutputFrameCount(options: AnyStreamOptions): number {
  const { sampleRate, frameCount, preserveDelay = false } = checkNames(options);
  const { channelCount, channelGroups = "pairs" } = options;
  if (!preserveDelay) return frameCount;
  const codedRate = nearestSampleRate(sampleRate);
  const isDirect = codedRate === sampleRate;
  const codedCount = isDirect ? frameCount : resampledCount(frameCount, sampleRate, codedRate);
  const checked = checkOptions({ ...options, sampleRate: codedRate });
  const groups = groupChannels(Array.from({ length: channelCount }), channelGroups);
  checkGroupsDelay(groups, { ...options });
  const { passes } = checked.coding;
  const ofGroup = { channelCount: groups[0]?.length ?? 1, passes };
  const packed = packOptions(checked.coding, { ...checked, ...ofGroup });
  const delayed = delayedFrameCount(packed, codedCount);
  return isDirect ? delayed : resampledCount(delayed, codedRate, sampleRate);
}

/**
 * `compressAnyAudio` block by block, in bounded memory: blocks of any size go in, and what comes out,
 * put together, has the length that {@linkcode anyOutputFrameCount} tells. The samples are the same,
 * too, but of what is louder than full scale and resampled: the clip is scaled by the peak that it has
 * afterwards, which nobody knows here.
 *
 * @example
 * ```ts
 * import { compressAnyBlocks } from "@mp3-augment/mp3-augment/transform";
 *
 * async function* read() {
 *   for (let i = 0; i < 3; i++) yield [new Float32Array(1000)];
 * }
 * const options = { sampleRate: 96000, bitrateKbps: 64, channelCount: 1, frameCount: 3000, peaks: [0] };
 * let sampleCount = 0;
 * for await (const [samples] of compressAnyBlocks(read(), options)) sampleCount += samples?.length ?? 0;
 * console.log(sampleCount); // 3000
 * ```
 */
export async function* compressAnyBlocks(
  blocks: AsyncIterable<readonly Float32Array[]>,
  options: AnyStreamOptions,
): AsyncIterable<Float32Array[]> {
  const { channelCount, channelGroups = "pairs" } = checkNames(options);
  checkGroups(channelGroups);
  const channels = Array.from({ length: channelCount }, (_, index) => index);
  const coders = groupChannels(channels, channelGroups).map((group) =>
    GroupCoder.create(group, options)
  );
  try {
    for await (const block of blocks) {
      for (const coder of coders) await coder.write(block);
      yield* takeReady(coders);
    }
    for (const coder of coders) await coder.finish(anyOutputFrameCount(options));
    yield* takeReady(coders);
  } finally {
    coders.forEach((coder) => coder.free());
  }
}

/** Groups may be ahead of others by some samples. */
function* takeReady(coders: readonly GroupCoder[]): Iterable<Float32Array[]> {
  const count = Math.min(...coders.map(({ readyCount }) => readyCount));
  if (count > 0) yield coders.flatMap((coder) => coder.take(count));
}

/** The channels of one MP3 stream on their way through it. */
class GroupCoder {
  readonly #group: readonly number[];
  readonly #stream: Mp3RoundtripStream;
  readonly #writer: WritableStreamDefaultWriter<readonly Float32Array[]>;
  readonly #reading: Promise<void>;
  readonly #resamplers: { to: Resampler; from: Resampler }[];
  readonly #codedFrameCount: number;
  #ready: Float32Array[];

  private constructor(
    group: readonly number[],
    options: RoundtripStreamOptions,
    resamplers: { to: Resampler; from: Resampler }[],
    codedFrameCount: number,
  ) {
    this.#group = group;
    this.#resamplers = resamplers;
    this.#codedFrameCount = codedFrameCount;
    this.#ready = group.map(() => new Float32Array(0));
    this.#stream = new Mp3RoundtripStream(options);
    this.#writer = (this.#stream.writable as WritableStream<readonly Float32Array[]>).getWriter();
    this.#reading = this.#read();
    this.#reading.catch(() => {}); // write() and finish() reject too
  }

  static create(group: readonly number[], options: AnyStreamOptions): GroupCoder {
    const { frameCount, peaks, channelCount: _all, channelGroups: _groups, ...coding } = options;
    const { sampleRate, codedBitrateKbps: _recorded, ...rest } = coding;
    const codedRate = nearestSampleRate(sampleRate);
    const isDirect = codedRate === sampleRate;
    const resamplers = isDirect ? [] : group.map(() => ({
      to: createResampler(sampleRate, codedRate),
      from: createResampler(codedRate, sampleRate),
    }));
    const peak = Math.max(...group.map((channel) => peaks[channel] ?? 0));
    const codedCount = isDirect ? frameCount : resampledCount(frameCount, sampleRate, codedRate);
    return new GroupCoder(
      group,
      { ...rest, sampleRate: codedRate, peak },
      resamplers,
      codedCount,
    );
  }

  /** Samples per channel that are through. */
  get readyCount(): number {
    return this.#ready[0]?.length ?? 0;
  }

  take(count: number): Float32Array[] {
    const taken = this.#ready.map((channel) => channel.subarray(0, count));
    this.#ready = this.#ready.map((channel) => channel.subarray(count));
    return taken;
  }

  async write(block: readonly Float32Array[]): Promise<void> {
    const channels = this.#group.map((channel, index) => {
      const samples = block[channel] as Float32Array;
      return this.#resamplers[index]?.to.push(samples) ?? samples;
    });
    await this.#send(channels);
  }

  async finish(outputFrameCount: number): Promise<void> {
    if (this.#resamplers.length > 0) {
      await this.#send(this.#resamplers.map(({ to }) => to.finish(this.#codedFrameCount)));
    }
    await this.#writer.close();
    await this.#reading;
    this.#add(this.#resamplers.map(({ from }) => from.finish(outputFrameCount)));
  }

  free(): void {
    this.#stream[Symbol.dispose]();
  }

  async #send(channels: Float32Array[]): Promise<void> {
    if (channels[0]?.length) await this.#writer.write(channels);
  }

  async #read(): Promise<void> {
    const reader = this.#stream.readable.getReader();
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      this.#add(
        next.value.map((channel, index) => this.#resamplers[index]?.from.push(channel) ?? channel),
      );
    }
  }

  #add(channels: readonly Float32Array[]): void {
    if (channels.length === 0) return;
    this.#ready = this.#ready.map((before, index) => {
      const added = channels[index] as Float32Array;
      if (before.length === 0) return added;
      const joined = new Float32Array(before.length + added.length);
      joined.set(before);
      joined.set(added, before.length);
      return joined;
    });
  }
}
