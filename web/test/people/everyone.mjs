// Every page of everyone, and a layout that stands still.
import { test } from "node:test";
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { go, overflow, overflowing, text, until } from "../support/hand.mjs";
import { BOND } from "../support/node.mjs";
import { as, stage } from "../support/stage.mjs";

/** The text of axe-core, where it is installed (.ci/console). */
const axe = readFile(new URL("../node_modules/axe-core/axe.min.js", import.meta.url), "utf8").catch(() => null);

test("nothing shifts while the market moves", async () => {
  const page = await as("trader");
  await go(page, `trade/${BOND}`);
  await page.waitForTimeout(1500);
  const shift = await page.evaluate(() => new Promise((done) => {
    const found = { sum: 0, what: new Set() };
    const watch = new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        if (entry.hadRecentInput) continue;
        found.sum += entry.value;
        for (const source of entry.sources ?? []) found.what.add(`${source.node?.nodeName}.${source.node?.className ?? source.node?.parentElement?.className}`);
      }
    });
    watch.observe({ type: "layout-shift", buffered: false });
    setTimeout(() => { watch.disconnect(); done({ sum: found.sum, what: [...found.what].slice(0, 12).join(" ") }); }, 3000);
  }));
  assert.ok(shift.sum < 0.01, `layout shifted by ${shift.sum}: ${shift.what}`);
});

/** What axe-core finds serious in the page: names that are missing, contrast, what the keyboard does not reach. */
async function barriers(page) {
  const source = await axe;
  if (!source) return [];
  await page.evaluate(source);
  return page.evaluate(async () => {
    const { violations } = await globalThis.axe.run(document, { resultTypes: ["violations"] });
    return violations.filter(({ impact }) => impact === "serious" || impact === "critical").map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((node) => node.html.slice(0, 120)).join(" ")}`);
  });
}

test("every page of everyone draws, in both languages, and on a phone nothing sticks out", async () => {
  for (const [name, pages] of Object.entries(stage.node.pages)) {
    const page = await as(name);
    const own = stage.people[name];
    await page.setViewportSize({ width: 390, height: 844 });
    for (const [lang, theme] of [["zh", "dark"], ["en", "light"]]) {
      await page.evaluate((chosen) => localStorage.setItem("huangpu.prefs", JSON.stringify(chosen)), { lang, theme });
      await page.reload();
      await page.waitForSelector("header.top");
      for (const path of pages) {
        await go(page, path);
        let shown = "";
        await until(async () => {
          shown = await text(page, "main");
          return shown.trim() && !/Loading…|加载中/.test(shown);
        }, `${name} ${path}: everything has come`);
        assert.ok(shown.trim().length > 1, `${name} ${path}: something is shown`);
        assert.doesNotMatch(shown, /\b(field|page|act|status|holding|do|form|table|rules|rules_of|rule)\.[a-z_]+\b/, `${name} ${path}: a text is missing in ${lang}`);
        assert.deepEqual(await barriers(page), [], `${name} ${path} in ${lang}, ${theme}`);
        assert.ok(!(await overflow(page)), `${name} ${path}: wider than a phone: ${await overflowing(page)}`);
      }
    }
    await page.setViewportSize({ width: 1440, height: 900 });
    assert.deepEqual(own.faults, [], name);
  }
});
