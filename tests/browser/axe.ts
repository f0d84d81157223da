/** What axe-core finds wrong with a page for those who can't see, point or read small print. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const source = readFileSync(fileURLToPath(import.meta.resolve("axe-core/axe.min.js")), "utf8");

/** Something that evaluates JavaScript in a page: Playwright's page, or our Firefox. */
export interface Evaluator {
  evaluate(expression: string): Promise<unknown>;
}

/** One line per finding, of all of axe's rules. */
export async function findFaults(page: Evaluator): Promise<string[]> {
  await page.evaluate(`${source};0`);
  const text = await page.evaluate(
    `axe.run({ resultTypes: ["violations"] }).then(({ violations }) => JSON.stringify(violations))`,
  );
  const violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] = JSON
    .parse(String(text));
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)}: ${failureSummary}`)
  );
}
