/** Loads the library as a program made by `deno compile` does, which has `lib/` inside. */
const { Deno } = globalThis as unknown as { Deno: { build: object } };
const build = { ...Deno.build, standalone: true };
Object.defineProperty(globalThis, "Deno", {
  value: Object.create(Deno, { build: { value: build } }),
});
await import("./load.ts");
export {};
