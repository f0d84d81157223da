/** Which of many texts are the same, in little memory: they needn't all be there at the same time. */

/**
 * The texts that several items have, or one item several times, each with its items, in their order.
 * `textsOf` is asked twice for some.
 */
export function findTwins<T>(
  items: readonly T[],
  textsOf: (item: T) => readonly string[],
): Map<string, [T, T, ...T[]]> {
  const hashes: number[] = [];
  for (const item of items) for (const text of textsOf(item)) hashes.push(hashOf(text));
  const sorted = Int32Array.from(hashes).sort();
  const common = new Set(sorted.filter((hash, index) => index > 0 && hash === sorted[index - 1]));
  const twins = new Map<string, T[]>();
  const found = twins as Map<string, [T, T, ...T[]]>;
  if (common.size === 0) return found;
  let index = 0;
  for (const item of items) {
    for (const text of textsOf(item)) {
      if (!common.has(hashes[index++] as number)) continue;
      const group = twins.get(text);
      if (group) group.push(item);
      else twins.set(text, [item]);
    }
  }
  for (const [text, { length }] of twins) if (length === 1) twins.delete(text);
  return found;
}

/** FNV-1a. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5 | 0;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash;
}
