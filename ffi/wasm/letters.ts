/** The digits of bytes as text: 85 that stand in a string as they are. */
export const LETTERS: string = Array.from({ length: 86 }, (_, i) => String.fromCharCode(35 + i))
  .filter((letter) => letter !== "\\").join("");

/** The bytes of such a text: four for each five letters; the first four are how many follow. */
export function fromLetters(text: string): Uint8Array<ArrayBuffer> {
  const digits = new Map(Array.from(LETTERS, (letter, digit) => [letter.charCodeAt(0), digit]));
  const bytes = new DataView(new ArrayBuffer(text.length / 5 * 4));
  for (let at = 0; at < text.length; at += 5) {
    let value = 0;
    for (let i = at; i < at + 5; i++) value = 85 * value + (digits.get(text.charCodeAt(i)) ?? 0);
    bytes.setUint32(at / 5 * 4, value);
  }
  return new Uint8Array(bytes.buffer, 4, bytes.getUint32(0));
}
