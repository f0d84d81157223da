/** Parquet files for tests, by hyparquet-writer, which isn't ours. */
import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import { type CompressionCodec, type Compressors, parquetReadObjects } from "hyparquet";
import { parquetWriteBuffer } from "hyparquet-writer";
import { wavBytes, wavHeader } from "../../cli/audio/wav.ts";
import { readStruct, type Struct, structBytes } from "../../cli/parquet/thrift.ts";
import { makeSignal } from "../signals.ts";

export const RATE = 16000;

/** A 16-bit WAV file. */
export function wav(seed: number, frameCount = 2000): Buffer {
  const clip = [makeSignal(frameCount, RATE, seed)];
  return Buffer.concat([wavHeader(RATE, 1, "16", frameCount), wavBytes(clip, "16")]);
}

/** A struct of audio; what is undefined is null. */
export interface Audio {
  readonly bytes: Uint8Array | undefined;
  readonly path: string | undefined;
}

export interface TableOptions {
  readonly rowGroupSize?: number;
  /** In bytes: without it, each column of a group is one page. */
  readonly pageSize?: number;
  readonly features?: Record<string, unknown>;
  /** The names of columns with audio. */
  readonly names?: readonly string[];
  readonly extra?: Record<string, string[]>;
  readonly codec?: CompressionCodec;
  readonly compress?: (bytes: Uint8Array) => Uint8Array;
}

const OPTIONAL = "OPTIONAL" as const;

/** A file with the columns id, one or more of audio, text, time and list. */
export function parquetOf(rows: readonly (Audio | null)[], options: TableOptions = {}): Buffer {
  const { rowGroupSize = 4, pageSize, features, names = ["audio"], extra = {}, codec, compress } =
    options;
  const audio = names.map((name) => ({ name, data: [...rows] }));
  const more = Object.entries(extra).map(([name, data]) => ({ name, data }));
  const schema = [
    { name: "root", num_children: 4 + names.length + more.length },
    { name: "id", type: "INT64" as const, repetition_type: "REQUIRED" as const },
    ...names.flatMap((name) => [
      { name, num_children: 2, repetition_type: OPTIONAL },
      { name: "bytes", type: "BYTE_ARRAY" as const, repetition_type: OPTIONAL },
      {
        name: "path",
        type: "BYTE_ARRAY" as const,
        converted_type: "UTF8" as const,
        repetition_type: OPTIONAL,
      },
    ]),
    {
      name: "text",
      type: "BYTE_ARRAY" as const,
      converted_type: "UTF8" as const,
      repetition_type: OPTIONAL,
    },
    {
      name: "time",
      type: "INT64" as const,
      converted_type: "TIMESTAMP_MICROS" as const,
      repetition_type: OPTIONAL,
    },
    { name: "score", type: "DOUBLE" as const, repetition_type: OPTIONAL },
    ...more.map(({ name }) => ({
      name,
      type: "BYTE_ARRAY" as const,
      converted_type: "UTF8" as const,
      repetition_type: OPTIONAL,
    })),
  ];
  const info = { info: { features } };
  return Buffer.from(parquetWriteBuffer({
    columnData: [
      { name: "id", data: rows.map((_, i) => BigInt(i)), bloomFilter: true },
      ...audio,
      { name: "text", data: rows.map((_, i) => i % 3 === 0 ? undefined : `söme ${i % 5}`) },
      {
        name: "time",
        data: rows.map((_, i) => new Date(1.6e12 + 1000 * i)),
        columnIndex: true,
      },
      { name: "score", data: rows.map((_, i) => i / 7) },
      ...more,
    ],
    schema,
    rowGroupSize,
    ...(pageSize && { pageSize }),
    ...(codec && compress && { codec, compressors: { [codec]: compress } }),
    ...(features && { kvMetadata: [{ key: "huggingface", value: JSON.stringify(info) }] }),
  }));
}

/** A file's rows; audio as bytes. */
export async function rowsOf(
  path: string,
  compressors?: Compressors,
): Promise<Record<string, unknown>[]> {
  const file = new Uint8Array(readFileSync(path)).buffer;
  return await parquetReadObjects({ file, utf8: false, ...(compressors && { compressors }) });
}

/** The file with another footer. */
export function withFooter(file: Buffer, change: (footer: Struct) => void): Buffer {
  const size = file.readUInt32LE(file.length - 8);
  const start = file.length - 8 - size;
  const { struct } = readStruct(file, start);
  change(struct);
  const bytes = structBytes(struct);
  const tail = Buffer.from("\0\0\0\0PAR1");
  tail.writeUInt32LE(bytes.length);
  return Buffer.concat([file.subarray(0, start), bytes, tail]);
}
