/**
 * Memory that is used again from file to file: new memory for every clip would cost more than reading
 * and writing them.
 */

/** What one file at a time works in. Each call may give the memory of the one before. */
export class Scratch {
  #planes: Float32Array[] = [];
  #codes = new ArrayBuffer(0);

  /** Arrays for a clip's channels; what they hold is undefined. */
  planes(channelCount: number, frameCount: number): Float32Array[] {
    const first = this.#planes[0];
    if (!first || first.length < frameCount) this.#planes = [];
    while (this.#planes.length < channelCount) {
      this.#planes.push(new Float32Array(Math.max(frameCount, this.#planes[0]?.length ?? 0)));
    }
    return this.#planes.slice(0, channelCount).map((plane) => plane.subarray(0, frameCount));
  }

  /** Bytes for a file's samples; what they hold is undefined. */
  codes(byteSize: number): ArrayBuffer {
    if (this.#codes.byteLength < byteSize) this.#codes = new ArrayBuffer(byteSize);
    return this.#codes;
  }
}
