/**
 * Memory that is used again from file to file: new memory for every clip would cost more than reading
 * and writing them.
 */

/** What one file at a time works in. Each call may give the memory of the same kind of call before. */
export class Scratch {
  #planes: Float32Array[] = [];
  #codes = new ArrayBuffer(0);
  #file = new ArrayBuffer(0);

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
    return this.#codes = atLeast(this.#codes, byteSize);
  }

  /** A file's bytes; what they hold is undefined. */
  file(byteSize: number): Uint8Array {
    this.#file = atLeast(this.#file, byteSize);
    return new Uint8Array(this.#file, 0, byteSize);
  }
}

/** The memory, or more of it; with room for files that are somewhat longer. */
function atLeast(memory: ArrayBuffer, byteSize: number): ArrayBuffer {
  return memory.byteLength >= byteSize ? memory : new ArrayBuffer(Math.ceil(byteSize * 1.25));
}
