/** MP3 files by mpg123, which gives mono files two equal channels: here they keep their one. */
import { decoder as createDecoder } from "@audio/decode-mp3";

type Decoder = Awaited<ReturnType<typeof createDecoder>>;

const ID3_HEADER_BYTE_SIZE = 10;

/** The package's decoder; what it returns has as many channels as the file. */
export async function createMp3Decoder(): Promise<Decoder> {
  const decoder = await createDecoder();
  const channels = new ChannelMode();
  return {
    decode(bytes) {
      const chunk = decoder.decode(bytes);
      channels.look(bytes as Uint8Array);
      return channels.isMono ? { ...chunk, channelData: chunk.channelData.slice(0, 1) } : chunk;
    },
    free: () => decoder.free(),
  };
}

/** Whether the first MP3 frame behind an ID3 tag is a mono one. */
class ChannelMode {
  isMono = false;
  #isKnown = false;
  /** How much of an ID3 tag is still to come; undefined before the file's first bytes. */
  #tagByteSize: number | undefined;

  look(bytes: Uint8Array): void {
    if (this.#isKnown) return;
    this.#tagByteSize ??= id3ByteSize(bytes);
    const start = Math.min(this.#tagByteSize, bytes.length);
    this.#tagByteSize -= start;
    for (let at = start; at + 3 < bytes.length && !this.#isKnown; at++) {
      if (bytes[at] !== 0xff || ((bytes[at + 1] as number) & 0xe6) !== 0xe2) continue;
      this.#isKnown = true;
      this.isMono = (bytes[at + 3] as number) >> 6 === 3;
    }
  }
}

/** An ID3v2 tag's size: four times 7 bits. */
function id3ByteSize(bytes: Uint8Array): number {
  if (String.fromCharCode(...bytes.subarray(0, 3)) !== "ID3") return 0;
  const size = bytes.subarray(6, ID3_HEADER_BYTE_SIZE).reduce((sum, byte) => sum * 128 + byte, 0);
  return ID3_HEADER_BYTE_SIZE + size;
}
