/**
 * The sha256 of every library file of a release, by target and name. Only modules that were loaded
 * over the network need it. `scripts/write-digests.ts` fills it in packages; in git it is empty,
 * since every build has other files.
 */
export const DIGESTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {};
