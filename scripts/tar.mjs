// A reader for plain tar archives, so that set-up needs no `tar` program.
import { Buffer } from "node:buffer";
import { Failure } from "./tools.mjs";

const BLOCK_SIZE = 512;

/**
 * The regular files of a ustar archive. Anything that could write outside the folder the archive
 * is unpacked into (absolute names, "..", links, devices) is refused, not skipped.
 * @param {Uint8Array} archive uncompressed
 * @returns {Map<string, Uint8Array>} by name
 */
export function readTar(archive) {
  const bytes = Buffer.from(archive.buffer, archive.byteOffset, archive.byteLength);
  const files = new Map();
  let offset = 0;
  while (offset + BLOCK_SIZE <= bytes.length) {
    const header = bytes.subarray(offset, offset + BLOCK_SIZE);
    if (header.every((byte) => byte === 0)) return files;
    const { name, size, type } = readHeader(header);
    const start = offset + BLOCK_SIZE;
    if (start + size > bytes.length) throw new Failure(`the tar archive ends inside ${name}`);
    if (type === "0") files.set(name, bytes.subarray(start, start + size));
    offset = start + Math.ceil(size / BLOCK_SIZE) * BLOCK_SIZE;
  }
  throw new Failure("the tar archive has no end mark: it is cut off or no tar archive");
}

/** @param {Buffer} header */
function readHeader(header) {
  /** @type {(start: number, length: number) => string} */
  const text = (start, length) => {
    const field = header.subarray(start, start + length);
    const end = field.indexOf(0);
    return field.toString("utf8", 0, end < 0 ? length : end);
  };
  /** @type {(start: number, length: number) => number} */
  const octal = (start, length) => {
    const digits = text(start, length).trim();
    if (!/^[0-7]+$/.test(digits)) throw new Failure("the tar archive has a damaged header");
    return parseInt(digits, 8);
  };
  // The checksum counts its own field as eight spaces.
  let sum = 8 * 0x20;
  header.forEach((byte, index) => sum += index >= 148 && index < 156 ? 0 : byte);
  if (sum !== octal(148, 8)) throw new Failure("the tar archive has a damaged header");

  const prefix = text(257, 5) === "ustar" ? text(345, 155) : "";
  const name = prefix ? `${prefix}/${text(0, 100)}` : text(0, 100);
  const type = text(156, 1) || "0";
  if (type !== "0" && type !== "5") {
    throw new Failure(`the tar archive holds ${name}, neither a file nor a folder (type ${type})`);
  }
  if (/^([/\\]|[a-z]:)|\\|(^|\/)\.\.(\/|$)/i.test(name)) {
    throw new Failure(`the tar archive holds ${name}, which would leave its folder`);
  }
  return { name, size: type === "5" ? 0 : octal(124, 12), type };
}
