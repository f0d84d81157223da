// Types of what is imported without any.

/** A real FFT; only what is used here. */
declare module "fourier-transform" {
  /** The unnormalized spectrum, `[real, imaginary]`, from 0 Hz to half the sample rate. */
  export function fft(
    input: ArrayLike<number>,
    output?: [Float64Array, Float64Array],
  ): [Float64Array, Float64Array];
}
