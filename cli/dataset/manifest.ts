/** The manifest: one row per output, or several where a list has several lines about its source. */
import type { Coding } from "../audio/code.ts";
import type { Metadata } from "./lists.ts";

/** One output of a data set. */
export interface ManifestRow {
  /** The source, relative to the source folder, with "/". */
  readonly source: string;
  /** The output, relative to the output folder. */
  readonly output: string;
  /** The file inside of `output`, if that is a tar shard. */
  readonly member?: string;
  /** The row of `output`, if that is a Parquet file. */
  readonly row?: number;
  /** Which copy of the source, from 0 on. */
  readonly copy: number;
  /** Whether it went through MP3; else the samples are the source's. */
  readonly applied: boolean;
  /** What was drawn and what is fixed; `null` where nothing was applied. */
  readonly parameters: Coding & { readonly codedBitrateKbps?: number } | null;
  readonly sampleRate: number;
  readonly channels: number;
  readonly frames: number;
  readonly durationSeconds: number;
  /** The source's largest magnitude. */
  readonly peak: number;
  readonly byteSize: number;
  readonly sha256: string;
  /** What the list of sources said about the source. */
  readonly metadata?: Metadata;
}

/** A row for each line of the list about the source. What people look for first comes first. */
export function makeRows(
  { source, output, ...rest }: ManifestRow,
  lines: readonly Metadata[] = [],
): ManifestRow[] {
  const row = { source, output, ...rest };
  return lines.length === 0 ? [row] : lines.map((metadata) => ({ ...row, metadata }));
}
