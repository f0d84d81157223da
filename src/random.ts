/** Random numbers from seeds. */
import { uniformInt } from "pure-rand/distribution/uniformInt";
import { mersenne, mersenneFromState } from "pure-rand/generator/mersenne";

/** A stream of random numbers: pure-rand's Mersenne Twister, which mixes neighbouring seeds well. */
export class Draws {
  readonly #generator: ReturnType<typeof mersenne>;

  /** From a seed, or from a state that {@linkcode state} gave. */
  constructor(start: number | readonly number[]) {
    this.#generator = typeof start === "number" ? mersenne(start) : mersenneFromState(start);
  }

  /** Where the stream is. */
  get state(): readonly number[] {
    return this.#generator.getState();
  }

  /** From 0 up to, but not including, 1. */
  unit(): number {
    return uniformInt(this.#generator, 0, 0x7fffffff) / 0x80000000;
  }

  pick<T>(values: readonly T[]): T {
    return values[Math.floor(this.unit() * values.length)] as T;
  }

  between(min: number, max: number): number {
    return min + this.unit() * (max - min);
  }

  integer(min: number, max: number): number {
    return Math.floor(this.between(min, max + 1));
  }
}

/**
 * The random numbers of a seed: one stream for what was drawn from the beginning, one for what came
 * later, so that a seed's draws of the first stay what they were.
 */
export interface Streams {
  readonly first: Draws;
  readonly later: Draws;
}

/** A number that keeps the second stream's seeds from the first's. */
const LATER = 0x6d703361;

export function streamsOf(seed: number): Streams {
  return { first: new Draws(seed), later: new Draws(seed ^ LATER) };
}
