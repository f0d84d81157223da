/** FFmpeg's libraries in the process: libmp3lame and FFmpeg's own float decoder, frame by frame. */
import { Buffer } from "node:buffer";
import { importPeer, serve, type Settings } from "./serve.ts";

// The part of node-av that is used here; it is installed by the bench only.
interface Context extends Disposable {
  bitRate: bigint;
  sampleRate: number;
  sampleFormat: number;
  channelLayout: unknown;
  timeBase: unknown;
  pktTimebase: unknown;
  readonly frameSize: number;
  allocContext3(codec: unknown): void;
  setOption(name: string, value: string): number;
  open2Sync(codec: unknown, options: null): number;
  sendFrameSync(frame: Frame | null): number;
  sendPacketSync(packet: Packet | null): number;
  receiveFrameSync(frame: Frame): number;
  receivePacketSync(packet: Packet): number;
}
interface Frame extends Disposable {
  nbSamples: number;
  format: number;
  sampleRate: number;
  channelLayout: unknown;
  pts: bigint;
  readonly data: Buffer[] | null;
  alloc(): void;
  unref(): void;
  getBuffer(align?: number): number;
  makeWritable(): number;
}
interface Packet extends Disposable {
  alloc(): void;
  unref(): void;
}
interface NodeAv {
  Codec: {
    findEncoderByName(name: string): unknown;
    findDecoderByName(name: string): unknown;
  };
  CodecContext: new () => Context;
  Frame: new () => Frame;
  Packet: new () => Packet;
  Rational: new (numerator: number, denominator: number) => unknown;
}
interface Constants {
  AV_CHANNEL_LAYOUT_MONO: unknown;
  AV_CHANNEL_LAYOUT_STEREO: unknown;
  AV_SAMPLE_FMT_FLTP: number;
}

const av = await importPeer<NodeAv>("node-av/lib");
const constants = await importPeer<Constants>("node-av/constants");

function check(status: number): void {
  if (status < 0) throw new Error(`FFmpeg's error ${status}`);
}

function openEncoder(channelCount: number, settings: Settings): Context {
  const codec = av.Codec.findEncoderByName("libmp3lame");
  const encoder = new av.CodecContext();
  encoder.allocContext3(codec);
  encoder.sampleRate = settings.sampleRate;
  encoder.sampleFormat = constants.AV_SAMPLE_FMT_FLTP;
  encoder.channelLayout = layoutOf(channelCount);
  encoder.bitRate = BigInt(1000 * settings.bitrateKbps);
  encoder.timeBase = new av.Rational(1, settings.sampleRate);
  check(encoder.setOption("compression_level", String(settings.quality)));
  check(encoder.setOption("joint_stereo", "0"));
  check(encoder.setOption("reservoir", "0"));
  check(encoder.open2Sync(codec, null));
  return encoder;
}

function openDecoder(sampleRate: number): Context {
  const codec = av.Codec.findDecoderByName("mp3float");
  const decoder = new av.CodecContext();
  decoder.allocContext3(codec);
  decoder.pktTimebase = new av.Rational(1, sampleRate);
  check(decoder.open2Sync(codec, null));
  return decoder;
}

function layoutOf(channelCount: number): unknown {
  return channelCount === 1 ? constants.AV_CHANNEL_LAYOUT_MONO : constants.AV_CHANNEL_LAYOUT_STEREO;
}

function bytesOf(samples: Float32Array): Uint8Array {
  return new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
}

await serve((channels, settings) => {
  const frameCount = channels[0]?.length ?? 0;
  const outputs = channels.map(() => new Float32Array(frameCount));
  using encoder = openEncoder(channels.length, settings);
  using decoder = openDecoder(settings.sampleRate);
  using frame = new av.Frame();
  using decoded = new av.Frame();
  using packet = new av.Packet();
  frame.alloc();
  decoded.alloc();
  packet.alloc();
  let written = 0; // the encoder tells the decoder to leave the codec's delay out

  const drainDecoder = () => {
    while (decoder.receiveFrameSync(decoded) >= 0) {
      const skipped = Math.max(0, -written);
      const count = Math.min(decoded.nbSamples, frameCount - written);
      const planes = decoded.data ?? [];
      if (count > skipped) {
        outputs.forEach((output, channel) => {
          const plane = planes[channel];
          if (!plane) return;
          bytesOf(output).set(
            plane.subarray(4 * skipped, 4 * count),
            4 * (written + skipped),
          );
        });
      }
      written += decoded.nbSamples;
      decoded.unref();
    }
  };
  const drainEncoder = () => {
    while (encoder.receivePacketSync(packet) >= 0) {
      check(decoder.sendPacketSync(packet));
      packet.unref();
      drainDecoder();
    }
  };

  for (let at = 0; at < frameCount; at += encoder.frameSize) {
    frame.unref();
    frame.nbSamples = Math.min(encoder.frameSize, frameCount - at);
    frame.format = constants.AV_SAMPLE_FMT_FLTP;
    frame.sampleRate = settings.sampleRate;
    frame.channelLayout = layoutOf(channels.length);
    frame.pts = BigInt(at);
    check(frame.getBuffer());
    const planes = frame.data ?? [];
    channels.forEach((channel, index) => {
      planes[index]?.set(bytesOf(channel.subarray(at, at + frame.nbSamples)));
    });
    check(encoder.sendFrameSync(frame));
    drainEncoder();
  }
  check(encoder.sendFrameSync(null));
  drainEncoder();
  check(decoder.sendPacketSync(null));
  drainDecoder();
  return outputs;
});
