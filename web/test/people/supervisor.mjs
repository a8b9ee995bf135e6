// A supervisor: cases, trails, past books, freezing.
import { test } from "node:test";
import assert from "node:assert/strict";
import { fillForm, go, pressSure, text, until } from "../support/hand.mjs";
import { BOND } from "../support/node.mjs";
import { as, stage } from "../support/stage.mjs";

test("supervision: alerts, a case with a note and a finding, a trail, the book of a past moment", async () => {
  const page = await as("supervisor");
  await go(page, "cases");
  await page.fill("[data-command=open_case] [name=title]", "A closer look");
  await page.click("[data-command=open_case] button.main");
  const row = page.locator("tbody tr", { hasText: "A closer look" }).first();
  await row.waitFor();
  await row.click();
  await page.fill("[data-command=note_case] [name=note]", "Asked the firm for its orders.");
  await page.click("[data-command=note_case] button.main");
  await page.waitForSelector(".notes li");
  await page.fill("[data-command=close_case] [name=finding]", "Nothing to object to.");
  await page.click("[data-command=close_case] button.main");
  await until(async () => (await page.locator("[data-command=close_case]").count()) === 0, "the case is closed");
  await go(page, `trail/${stage.node.issue.account}`);
  await page.waitForSelector("tbody tr[data-key]");
  await page.locator("tbody tr[data-key]").first().press("Enter");
  await page.waitForSelector("dialog[open] .events");
  await page.keyboard.press("Escape");
  await go(page, "past");
  await page.selectOption("[data-form=past] select", BOND);
  await page.fill("[data-form=past] [name=record]", String(stage.node.past));
  await page.click("[data-form=past] button.main");
  await page.waitForSelector(".depth .level");
  await go(page, "alerts");
  await page.waitForSelector("table");
});

test("a case is opened from the alerts that belong together", async () => {
  const page = await as("supervisor");
  await go(page, "alerts");
  const alert = page.locator("main tbody tr").first();
  await alert.waitFor();
  const number = await alert.getAttribute("data-key");
  await alert.locator("input[type=checkbox]").check();
  await page.click("main header button.main");
  await page.fill("[data-command=open_case] [name=title]", "From an alert");
  assert.equal(await page.inputValue("[data-command=open_case] [name=alerts]"), number);
  await page.click("[data-command=open_case] button.main");
  await page.waitForSelector("[data-command=open_case] .receipt");
  await page.keyboard.press("Escape");
  await until(() => alert.locator("a[href^='#/cases/']").count(), "the alert names its case", 15_000);
  await alert.locator("a[href^='#/cases/']").click();
  await page.waitForSelector("main.view-cases");
  await until(async () => /From an alert/.test(await text(page, "main")), "and leads to it");
});

test("a supervisor halts and freezes, and neither is lifted by one", async () => {
  const page = await as("supervisor");
  await go(page, "participants");
  await page.selectOption("[name=command]", "freeze_account");
  await fillForm(page, "freeze_account", { account: "LG", reason: "asked for by the authority" });
  await pressSure(page.locator("[data-command=freeze_account] button.main"));
  await page.waitForSelector("[data-command=freeze_account] .receipt");
  await until(async () => /frozen/i.test(await page.locator("main tbody tr", { hasText: "LINGANG" }).innerText()), "the account is frozen", 15_000);
  await page.selectOption("[name=command]", "unfreeze_account");
  await fillForm(page, "unfreeze_account", { account: "LG", reason: "no longer asked for" });
  await page.click("[data-command=unfreeze_account] button.main");
  await page.waitForSelector("[data-command=unfreeze_account] .receipt.waits");
  await go(page, "approvals");
  await page.waitForSelector(".act");
  assert.equal(await page.locator("[data-approve]").count(), 0);
  await pressSure(page.locator(".act form button").first());
  await until(async () => (await page.locator(".act").count()) === 0, "what one proposed one may withdraw");
});

test("who watches everyone's orders is not shown them as their own", async () => {
  const page = await as("supervisor");
  const seen = await page.evaluate(() => fetch("/v1/orders?status=open").then((answer) => answer.json()));
  assert.ok(seen.items.some((item) => item.instrument === BOND), "orders stand, and the supervisor may read them");
  await go(page, `trade/${BOND}`);
  await page.click('.book [data-value="ladder"]');
  const told = page.waitForResponse((answer) => answer.url().includes("/v1/orders?"));
  await page.reload();
  await (await told).finished();
  await until(() => page.locator(".rung button b").count(), "the ladder shows what stands");
  await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(drawn)))));
  assert.equal(await page.locator(".rung button.own").count(), 0, "none of it is offered to be cancelled");
});
