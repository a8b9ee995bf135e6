// Rules changed from the console: one operator writes, sees what would change, and proposes; another sees the same and approves.
import { test } from "node:test";
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { isDeepStrictEqual } from "node:util";
import { fillForm, go, open, overflow, signIn, text, until } from "../support/hand.mjs";
import { BOND } from "../support/node.mjs";
import { as, stage } from "../support/stage.mjs";

const MARKET = "bond-continuous";
const QUANTITY = "trading.continuous.quantity_max";

/** The page comes to show just this as changed, {path: [was, will]}, of what is written there now: what it showed before may stay for a moment. */
async function shows(page, expected) {
  let seen = null;
  const read = async () => {
    seen = await page.locator('.outcome [data-fresh="true"] .changes tbody tr').evaluateAll((rows) => Object.fromEntries(rows.map((row) => [row.dataset.path, [...row.querySelectorAll("td")].map((cell) => cell.innerText.trim())])));
    return isDeepStrictEqual(seen, expected);
  };
  await until(read, "the page shows what would change").catch(() => assert.deepEqual(seen, expected));
}

const box = (page) => page.locator("textarea[name=rulebook]");

test("one limit is changed: from its row to the difference, the proposal, the approval, and its date", async () => {
  const [operator, second] = [await as("operator1"), await as("operator2")];
  await go(operator, "limits");
  await operator.click(`[data-change="${QUANTITY}"]`);
  await operator.waitForSelector("[data-form=quick]");
  assert.equal(await operator.inputValue("[data-form=quick] [name=path]"), QUANTITY, "the rule is chosen already");
  assert.equal(await operator.inputValue("[data-form=quick] [name=value]"), "1_000_000");
  const day = await operator.inputValue("[data-form=quick] [name=day]");
  assert.equal(day, "2026-03-05", "the next day, because the rules of a day that has begun stay");
  await operator.fill("[data-form=quick] [name=value]", "500,000");
  await operator.keyboard.press("Enter");
  await operator.waitForSelector("[data-form=quick] .field.wrong");
  await operator.fill("[data-form=quick] [name=source]", "Notice 2026-03-04");
  await operator.keyboard.press("Enter");
  await shows(operator, { [QUANTITY]: ["1,000,000", "500,000"] });
  // A second one of the same day goes into the same version.
  await operator.selectOption("[data-form=quick] [name=path]", "trading.continuous.band");
  await operator.fill("[data-form=quick] [name=value]", "8");
  await operator.click("[data-form=quick] button");
  await shows(operator, { [QUANTITY]: ["1,000,000", "500,000"], "trading.continuous.band": ["10%", "8%"] });
  assert.match(await text(operator, ".changes h3"), /2026-03-05/);
  if (stage.node.shots) await operator.screenshot({ path: stage.node.shot("console-rules") });
  await operator.click("[data-propose]");
  await operator.waitForSelector(".outcome .receipt.waits");
  await go(operator, "approvals");
  await operator.waitForSelector(".act .changes");
  assert.equal(await operator.locator("[data-approve]").count(), 0, "nobody approves what they proposed");
  await go(second, "approvals");
  await second.waitForSelector("[data-approve]");
  await second.waitForSelector(".act .changes tbody tr");
  const seen = await second.locator(".act .changes tbody tr").evaluateAll((rows) => rows.map((row) => row.innerText.replace(/\s+/g, " ")));
  assert.equal(seen.length, 2, "the approver sees the same difference");
  assert.ok(seen.some((row) => /1,000,000 500,000/.test(row)) && seen.some((row) => /10% 8%/.test(row)), seen.join("\n"));
  await second.click("[data-approve]");
  await until(async () => (await second.locator(".act").count()) === 0, "nothing waits any more");
  await go(operator, "limits");
  const coming = operator.locator(`.rulebook:has([data-rules="${MARKET}"]) [data-status=coming]`);
  await coming.waitFor();
  assert.match(await coming.innerText(), /2026-03-05.*Notice 2026-03-04/s, "adopted, with its date and its source");
  assert.match(await operator.locator(`[data-key="${QUANTITY}"]`).innerText(), /1,000,000/, "in force is still what was");
});

test("a rulebook is opened from disk; mistakes are told by line, column and key, and lead to their place", async () => {
  const page = await as("operator1");
  await go(page, "limits");
  await page.click(`[data-rules="${MARKET}"]`);
  await box(page).waitFor();
  const held = await box(page).inputValue();
  assert.match(held, /\[\[version\]\]\nfrom = 2026-03-05/, "it begins with what was adopted");
  const file = await readFile(new URL("../../../rulebooks/bond-continuous.toml", import.meta.url), "utf8");
  const wrong = file.replace('band = "10%"', 'band = "ten"').replace("resumption_s = 300", "resumtion_s = 300");
  await page.setInputFiles("input[name=file]", { name: "rules.toml", mimeType: "text/plain", buffer: Buffer.from(wrong) });
  await page.waitForSelector(".mistakes li");
  const line = wrong.split("\n").findIndex((one) => one.includes('band = "ten"')) + 1;
  const mistakes = await page.locator(".mistakes li").allInnerTexts();
  assert.equal(mistakes.length, 2, mistakes.join("\n"));
  assert.match(mistakes[0], new RegExp(`line ${line}, column 8[^]*version\\[0\\]\\.trading\\.continuous\\.band[^]*a percentage such as`));
  assert.match(mistakes[1], /did you mean `resumption_s`/);
  assert.ok(await page.isDisabled("[data-propose]"), "what cannot be read is not proposed");
  await page.click(`.mistakes [data-line="${line}"]`);
  const at = await box(page).evaluate((one) => [document.activeElement === one, one.value.slice(one.selectionStart, one.selectionStart + 5)]);
  assert.deepEqual(at, [true, '"ten"'], "the caret stands at the mistake");
  // Mended by hand; the file lacks what was adopted since, so the difference is that it would be taken back.
  await box(page).fill(file);
  await shows(page, { [QUANTITY]: ["500,000", "1,000,000"], "trading.continuous.band": ["8%", "10%"] });
  await page.click("[data-again]");
  await page.waitForSelector('.outcome [data-fresh="true"] .empty');
  assert.ok(await page.isDisabled("[data-propose]"), "what changes nothing is not proposed");
});

test("a file is dropped on the text; another market's is told apart, and a new market is seen as one", async () => {
  const page = await as("operator1");
  await go(page, `limits/${MARKET}`);
  await box(page).waitFor();
  const pilot = await readFile(new URL("../../../rulebooks/carbon-cn.toml", import.meta.url), "utf8");
  const drop = async (words) => {
    const data = await page.evaluateHandle((inside) => {
      const made = new DataTransfer();
      made.items.add(new File([inside], "dropped.toml", { type: "text/plain" }));
      return made;
    }, words);
    await page.dispatchEvent(".editor", "drop", { dataTransfer: data });
  };
  await drop(pilot);
  await until(async () => /another market/.test(await text(page, '.outcome [data-fresh="true"]').catch(() => "")), "it belongs to another market");
  assert.ok(await page.isDisabled("[data-propose]"));
  await page.click("[data-again]");
  await go(page, "limits/+");
  await box(page).waitFor();
  await drop(pilot.replace('code = "carbon-cn"', 'code = "carbon-new"'));
  await until(async () => /carbon-new/.test(await text(page, '.outcome [data-fresh="true"]').catch(() => "")), "a new market would be opened");
  assert.ok(await page.isEnabled("[data-propose]"));
  await drop(pilot.replace('tick = "0.01"', 'tick = "0.05"').replace('reference = "48.00"', 'reference = "48.00"'));
  await until(async () => (await page.locator('.outcome [data-fresh="true"] .problem').count()) > 0, "a market keeps its price format, and the reason is told before it is sent");
});

test("the rules form is used by keyboard and in Chinese on a phone", async () => {
  const page = await as("operator2");
  await page.setViewportSize({ width: 390, height: 844 });
  await page.evaluate(() => localStorage.setItem("huangpu.prefs", JSON.stringify({ lang: "zh" })));
  await page.reload();
  await page.waitForSelector("header.top");
  await go(page, `limits/${MARKET}/trading.continuous.orders_per_second_max`);
  await page.waitForSelector("[data-form=quick]");
  assert.equal(await page.inputValue("[data-form=quick] [name=value]"), "100");
  await page.focus("[data-form=quick] [name=value]");
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.type("50");
  await page.focus("[data-form=quick] [name=day]");
  await page.fill("[data-form=quick] [name=day]", "2026-04-01");
  await page.focus("[data-form=quick] [name=source]");
  await page.keyboard.type("通知 2026-03-04");
  await page.keyboard.press("Enter");
  await shows(page, { "trading.continuous.orders_per_second_max": ["100", "50"] });
  assert.match(await text(page, ".changes h3"), /自 2026-04-01 起/);
  assert.ok(!(await overflow(page)), "nothing sticks out");
  await page.click("[data-again]");
  await page.evaluate(() => localStorage.setItem("huangpu.prefs", JSON.stringify({ lang: "en" })));
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.reload();
  await page.waitForSelector("header.top");
  await go(page, "markets");
  await page.locator("main tbody tr", { hasText: BOND }).first().waitFor();
});

test("in the Chinese console mistakes and wrong fields are told in Chinese", async () => {
  const { page, context, faults } = await open(stage.browser, stage.node, "Chinese", { lang: "zh" });
  await signIn(page, stage.node.people.operator2);
  await go(page, `limits/${MARKET}`);
  await box(page).waitFor();
  const text = await box(page).inputValue();
  await box(page).fill(text.replace("band = ", "band = 7 # ").replace("weekdays = ", "weekday = "));
  const said = async () => (await page.locator(".mistakes li span").allInnerTexts()).join("\n");
  await until(async () => /实为 7/.test(await said()), "the mistake is told");
  assert.match(await said(), /应为百分数，如 "10%"，实为 7/);
  assert.match(await said(), /没有这一项规则，是否为“weekdays”？/);
  assert.match(await said(), /\[version\.trading\.calendar\] 缺少此项，应为星期的数组/);
  await box(page).fill("code = ");
  await until(async () => /不是 TOML：/.test(await said()), "and so is what is no TOML");
  await box(page).fill(text);
  await go(page, "phases");
  await page.selectOption(".split > .panel:last-child select", "correct_reference");
  await fillForm(page, "correct_reference", { line: "NOPE", price: "1.00", reason: "x" });
  await page.click("[data-command=correct_reference] button.main");
  await page.waitForSelector("[data-command=correct_reference] .field.wrong");
  assert.equal(await page.locator("[data-command=correct_reference] .field.wrong em").innerText(), "没有品种或综合行情“NOPE”");
  await fillForm(page, "correct_reference", { line: BOND, price: "98.625" });
  await page.click("[data-command=correct_reference] button.main");
  await until(async () => /小数超过 2 位/.test(await page.locator("[data-command=correct_reference] .field.wrong em").innerText().catch(() => "")), "what has too many decimals is told");
  await context.close();
  assert.deepEqual(faults, []);
});
