/** Where a 64-bit ELF file keeps what is looked at here, by the System V ABI. */
const MACHINE = 18;
const PROGRAM_HEADERS = 32;
const SECTION_HEADERS = 40;
const PROGRAM_HEADER_SIZE = 54;
const SECTION_HEADER_SIZE = 58;
const LOADED = 1;
const MACHINES = { x86_64: 62, aarch64: 183 } as const;

/** How much of a file's front is needed. */
export const ELF_FRONT_BYTES = 4096;

/**
 * What is wrong with a library of Linux, as far as its headers tell; undefined: nothing. A cut one
 * would be mapped all the same, and the first access behind its end would end the process.
 */
export function faultOfElf(
  front: Uint8Array,
  byteSize: number,
  arch: keyof typeof MACHINES,
): string | undefined {
  const view = new DataView(front.buffer, front.byteOffset, front.byteLength);
  const isElf = front.length >= 64 && view.getUint32(0) === 0x7f454c46;
  if (!isElf || front[4] !== 2 || front[5] !== 1) return "is no 64-bit ELF library";
  if (view.getUint16(MACHINE, true) !== MACHINES[arch]) return `is not made for ${arch}`;
  const end = endOfElf(view);
  return end <= byteSize ? undefined : `is cut off: it has ${byteSize} bytes of ${end}`;
}

/** How long the file must be at least. */
function endOfElf(view: DataView): number {
  const offset = (at: number) => Number(view.getBigUint64(at, true));
  const table = (at: number, sizeAt: number) => {
    const size = view.getUint16(sizeAt, true);
    return { start: offset(at), size, count: view.getUint16(sizeAt + 2, true) };
  };
  const segments = table(PROGRAM_HEADERS, PROGRAM_HEADER_SIZE);
  const sections = table(SECTION_HEADERS, SECTION_HEADER_SIZE);
  let end = sections.start + sections.size * sections.count;
  for (let index = 0; index < segments.count; index++) {
    const at = segments.start + segments.size * index;
    end = Math.max(end, at + segments.size);
    if (at + 40 > view.byteLength) break; // the file ends here, or its headers are elsewhere
    if (view.getUint32(at, true) === LOADED) end = Math.max(end, offset(at + 8) + offset(at + 32));
  }
  return end;
}
