/** The random draws of an `Mp3Compression`. */
import {
  codedBitrateKbps,
  codedSampleRate,
  maxGridOffset,
  nearestBitrateKbps,
} from "./bitrates.ts";
import {
  averagesInRange,
  type BitrateMode,
  bitratesInRange,
  type Drawn,
  isRange,
  type Mp3CompressionParameters,
  type Nearest,
  type Settings,
} from "./compression-options.ts";
import { nearestSampleRate } from "./constants.ts";
import type { RateControl } from "./options.ts";
import type { Draws, Streams } from "./random.ts";
import { drawRealistic } from "./realistic.ts";

/** What is drawn for a clip of this sample rate, coded with this many channels. */
export function drawParameters(
  streams: Streams,
  settings: Settings,
  sampleRate: number,
  channels: 1 | 2,
): Mp3CompressionParameters {
  const { preset, p, preserveDelay, preserveLevel } = settings;
  const ownRate = nearestSampleRate(sampleRate);
  const shouldApply = streams.first.unit() < p;
  const fit = { sampleRate: ownRate, channels };
  const drawn = preset ? drawRealistic(streams.first) : drawEvenly(streams, settings, fit);
  const codedRate = rateToCode({ ...fit, ...drawn.rate }, drawn.codedSampleRate, drawn.lowpassHz);
  const coding = { ...fit, ...drawn.rate, codedSampleRate: codedRate };
  const coded = codedBitrateKbps(coding);
  const gridOffset = drawn.gridShare && Math.floor(drawn.gridShare * (maxGridOffset(coding) + 1));
  return Object.freeze({
    shouldApply,
    ...drawn.rate,
    ...(coded !== undefined && { codedBitrateKbps: coded }),
    stereoMode: drawn.stereoMode,
    bitReservoir: drawn.bitReservoir,
    quality: drawn.quality,
    ...lowpassOf(drawn.lowpassHz, Math.min(ownRate, codedRate)),
    codedSampleRate: codedRate,
    ...(gridOffset > 0 && { gridOffset }),
    ...(drawn.passes > 1 && { passes: drawn.passes }),
    preserveDelay,
    preserveLevel,
  });
}

/** What a draw is fitted to: at which of MP3's rates the audio comes, with how many channels. */
interface Fit {
  readonly sampleRate: number;
  readonly channels: 1 | 2;
}

/** The rate to code at: the audio's own, one that is named, or LAME's choice. */
function rateToCode(
  fit: Fit & RateControl,
  drawn: number | "auto" | "same",
  lowpassHz: Drawn["lowpassHz"] = "auto",
): number {
  if (drawn !== "auto") return drawn === "same" ? fit.sampleRate : drawn;
  const lowpass = lowpassOf(lowpassHz, fit.sampleRate);
  return codedSampleRate({ ...fit, ...lowpass, codedSampleRate: "auto" });
}

/**
 * Always the same number of draws in the same order: what one option allows doesn't shift what the
 * others get.
 */
function drawEvenly({ first, later }: Streams, settings: Settings, fit: Fit): Drawn {
  const codedAt = later.pick(settings.codedSampleRates);
  const nearest = (kbps: number) => {
    const rate = { averageBitrateKbps: Math.min(Math.max(kbps, 8), 320) };
    return nearestBitrateKbps(rateToCode({ ...fit, ...rate }, codedAt), kbps);
  };
  const mode = first.pick(settings.bitrateModes);
  const rate = drawRates(first, settings, nearest)[mode];
  const stereoMode = first.pick(settings.stereoModes);
  const bitReservoir = first.pick(settings.bitReservoirs);
  const quality = later.pick(settings.qualities);
  const lowpassHz = isRange(settings.lowpassHz)
    ? later.integer(settings.lowpassHz.min, settings.lowpassHz.max)
    : later.pick(settings.lowpassHz);
  const gridShare = later.unit();
  return {
    rate,
    stereoMode,
    bitReservoir,
    quality,
    lowpassHz,
    codedSampleRate: codedAt,
    gridShare: settings.gridOffsets ? gridShare : 0,
    passes: later.integer(1, settings.maxPasses),
  };
}

/** `"auto"` is what LAME does where nothing is said; above half the rate there is nothing to leave out. */
function lowpassOf(
  drawn: number | "off" | "auto",
  sampleRate: number,
): { lowpassHz?: number | "off" } {
  if (drawn === "auto") return {};
  return { lowpassHz: drawn === "off" || drawn > sampleRate / 2 ? "off" : drawn };
}

/** One draw for each kind of bitrate. */
function drawRates(
  draws: Draws,
  settings: Settings,
  nearest: Nearest,
): Record<BitrateMode, RateControl> {
  const legal = settings.legalBitratesOnly ? nearest : undefined;
  const bitrates = bitratesInRange(settings, legal);
  const [lowest, highest] = averagesInRange(settings, legal);
  const averageBitrateKbps = draws.integer(lowest, highest);
  const vbrQuality = draws.between(settings.minVbrQuality, settings.maxVbrQuality);
  return {
    cbr: { bitrateKbps: draws.pick(bitrates) },
    abr: { averageBitrateKbps },
    vbr: { vbrQuality: Math.round(1000 * vbrQuality) / 1000 },
  };
}
