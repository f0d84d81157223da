/** The pages' style sheet. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: #fbfaf8;
  --surface: #ffffff;
  --line: #d9d5cd;
  --ink: #1d1b18;
  --soft-ink: #5c574f;
  --accent: #0b5fa5;
  --on-accent: #ffffff;
  --row: #e6f0f8;
  /* From the lowest level to the highest; from what was lost to what was added. */
  --levels: #ffffff, #f3ecdb, #f2c879, #e1804b, #a8325f, #4b1a6b, #170b33;
  --differences: #0b4a8f, #5b9bd5, #ffffff, #ef8a5a, #a52a16;
  --head: #0b5fa5;
}

/* A sheet of paper is light, whatever the screen is. */
@media screen and (prefers-color-scheme: dark) {
  :root {
    --paper: #14151a;
    --surface: #1d1f26;
    --line: #3a3d48;
    --ink: #eceae6;
    --soft-ink: #b0adb6;
    --accent: #7cc0ff;
    --on-accent: #0a1a2a;
    --row: #263646;
    --levels: #0b0b12, #231445, #5a1d74, #a8325f, #e1703f, #f6b94f, #fdf6c8;
    --differences: #6cb6ff, #2a6fb8, #101116, #b8452a, #ff9d6e;
    --head: #ffffff;
  }
}

* {
  box-sizing: border-box;
}

body {
  margin: 0;
  background: var(--paper);
  color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif;
}

main {
  max-width: 82rem;
  margin: 0 auto;
  padding: 1.25rem 1rem 3rem;
}

h1 {
  margin: 0;
  font-size: 1.6rem;
  line-height: 1.25;
  overflow-wrap: anywhere;
}

h2 {
  margin: 0 0 0.75rem;
  font-size: 1.15rem;
}

h3 {
  margin: 0;
  font-size: 1rem;
}

p {
  margin: 0.25rem 0;
}

.soft {
  color: var(--soft-ink);
  font-size: 0.9rem;
}

section {
  margin-top: 1.75rem;
}

/* The player stays in reach while the pictures scroll. */
.player {
  position: sticky;
  top: 0;
  z-index: 1;
  margin: 1rem -1rem 0;
  padding: 0.75rem 1rem;
  background: var(--paper);
  border-block: 1px solid var(--line);
}

fieldset {
  display: grid;
  grid-template-columns: repeat(auto-fit, minmax(5.1rem, 1fr));
  gap: 0.4rem;
  /* Room for the outline, which scrolling would cut. */
  margin: -5px;
  padding: 5px;
  border: 0;
  max-height: 40vh;
  overflow-y: auto;
}

legend {
  position: absolute;
  clip-path: inset(50%);
}

.choice {
  position: relative;
  display: grid;
  place-items: center;
  min-height: 2.75rem;
  padding: 0.25rem 0.4rem;
  background: var(--surface);
  border: 1px solid var(--line);
  border-radius: 0.5rem;
  text-align: center;
  line-height: 1.2;
  cursor: pointer;
}

.choice input {
  position: absolute;
  inset: 0;
  margin: 0;
  opacity: 0;
  cursor: pointer;
}

.choice:has(:checked) {
  background: var(--accent);
  border-color: var(--accent);
  color: var(--on-accent);
  font-weight: 600;
}

.choice:has(:focus-visible),
:focus-visible {
  outline: 3px solid var(--accent);
  outline-offset: 2px;
}

.transport {
  display: flex;
  align-items: center;
  gap: 0.75rem;
  margin-top: 0.6rem;
}

#play {
  flex: none;
  width: 2.75rem;
  height: 2.75rem;
  padding: 0;
  background: var(--accent);
  border: 0;
  border-radius: 50%;
  cursor: pointer;
}

#play svg {
  display: block;
  margin: auto;
  fill: var(--on-accent);
}

#play[data-playing="true"] .when-still,
#play[data-playing="false"] .when-playing {
  display: none;
}

#position {
  flex: 1;
  min-width: 3rem;
  height: 2.75rem;
  margin: 0;
  accent-color: var(--accent);
}

#time {
  font-variant-numeric: tabular-nums;
  font-size: 0.9rem;
  white-space: nowrap;
}

.loop {
  display: flex;
  align-items: center;
  gap: 0.4rem;
  min-height: 2.75rem;
}

.loop input {
  width: 1.2rem;
  height: 1.2rem;
  margin: 0;
  accent-color: var(--accent);
}

kbd {
  padding: 0.05rem 0.35rem;
  border: 1px solid var(--line);
  border-radius: 0.25rem;
  font: inherit;
  font-size: 0.85em;
}

.axis {
  grid-template-columns: repeat(3, 5.1rem);
  margin-bottom: 0.75rem;
}

.plots {
  display: grid;
  gap: 1.5rem 1.25rem;
}

@media (min-width: 40rem) {
  .plots {
    grid-template-columns: 1fr 1fr;
  }

  figure:last-child {
    grid-column: 1 / -1;
  }
}

@media (min-width: 64rem) {
  .plots {
    grid-template-columns: 1fr 1fr 1fr;
  }

  figure:last-child {
    grid-column: auto;
  }
}

figure {
  min-width: 0;
  margin: 0;
}

figcaption {
  margin-bottom: 0.4rem;
  font-weight: 600;
}

.axes {
  position: relative;
  margin: 0 0.5rem 1.6rem 3.3rem;
}

.plot {
  position: relative;
  height: 16rem;
  border: 1px solid var(--line);
  cursor: crosshair;
  overflow: hidden;
}

canvas {
  display: block;
  width: 100%;
  height: 100%;
}

.plot::after {
  content: "";
  position: absolute;
  inset-block: 0;
  left: calc(var(--position, 0) * 100%);
  width: 2px;
  margin-left: -1px;
  background: var(--head);
}

.tick {
  position: absolute;
  color: var(--soft-ink);
  font-size: 0.8rem;
  line-height: 1;
  white-space: nowrap;
}

.tick.frequency {
  right: calc(100% + 0.35rem);
  bottom: var(--at);
  transform: translateY(50%);
}

.tick.time {
  top: calc(100% + 0.35rem);
  left: var(--at);
  transform: translateX(-50%);
}

.scale {
  display: flex;
  align-items: center;
  gap: 0.5rem;
  margin: 0 0.5rem 0 3.3rem;
  color: var(--soft-ink);
  font-size: 0.8rem;
  white-space: nowrap;
}

.scale i {
  flex: 1;
  height: 0.6rem;
  border: 1px solid var(--line);
}

.levels {
  background: linear-gradient(90deg, var(--levels));
}

.differences {
  background: linear-gradient(90deg, var(--differences));
}

.table {
  overflow-x: auto;
}

table {
  width: 100%;
  max-width: 52rem;
  border-collapse: collapse;
  font-variant-numeric: tabular-nums;
}

th,
td {
  padding: 0.5rem 0.6rem;
  border-bottom: 1px solid var(--line);
  text-align: right;
  vertical-align: bottom;
}

th:first-child {
  text-align: left;
  white-space: nowrap;
}

thead th {
  max-width: 8rem;
  font-size: 0.9rem;
  line-height: 1.25;
}

thead small {
  display: block;
  color: var(--soft-ink);
  font-weight: 400;
  font-size: 0.8rem;
}

tbody th {
  font-weight: 600;
}

tr[data-clip] {
  cursor: pointer;
}

tr[data-clip]:hover {
  background: color-mix(in srgb, var(--row) 50%, transparent);
}

tr[aria-current="true"] {
  background: var(--row);
}

.copyable {
  max-width: 52rem;
  margin-top: 1rem;
}

.head {
  display: flex;
  align-items: center;
  justify-content: space-between;
  gap: 0.75rem;
}

.button,
[data-copy] {
  min-height: 2.75rem;
  padding: 0.25rem 1rem;
  background: var(--surface);
  border: 1px solid var(--line);
  border-radius: 0.5rem;
  color: var(--ink);
  font: inherit;
  cursor: pointer;
}

pre {
  margin: 0.4rem 0 0;
  padding: 0.75rem;
  background: var(--surface);
  border: 1px solid var(--line);
  border-radius: 0.5rem;
  font: 0.85rem/1.5 ui-monospace, monospace;
  white-space: pre-wrap;
  overflow-wrap: anywhere;
}

footer {
  margin-top: 2rem;
  max-width: 52rem;
}

dt {
  margin-top: 0.6rem;
  font-weight: 600;
}

dd {
  margin: 0;
  max-width: 46rem;
}

summary {
  padding: 0.6rem 0;
  cursor: pointer;
}

/* A phone on its side has no room to spare. */
@media (max-height: 30rem) {
  .player {
    position: static;
  }

  .keys {
    display: none;
  }
}

@media (max-width: 40rem) {
  .keys,
  .whole {
    display: none;
  }

  fieldset {
    grid-template-columns: repeat(auto-fit, minmax(4.5rem, 1fr));
    font-size: 0.85rem;
  }

  .choice {
    padding: 0.25rem 0;
  }

  .plot {
    height: 12rem;
  }

  th,
  td {
    padding: 0.5rem 0.15rem;
    font-size: 0.8rem;
  }

  th:first-child {
    white-space: normal;
  }

  thead th,
  thead small {
    font-size: 0.75rem;
    font-weight: 400;
  }
}

@media print {
  :root {
    color-scheme: light;
    --paper: #ffffff;
  }

  .player,
  .axis,
  [data-copy],
  .plot::after {
    display: none;
  }

  .plots {
    grid-template-columns: 1fr 1fr 1fr;
  }

  .plot {
    height: 9rem;
  }

  /* Without this browsers leave out colours and pictures' scales. */
  .scale i,
  tr[aria-current="true"] {
    print-color-adjust: exact;
  }

  .table {
    overflow: visible;
  }

  section,
  figure,
  .copyable {
    break-inside: avoid;
  }
}
`;
