// Anyone: signing in, and the keys of the keyboard.
import { test } from "node:test";
import assert from "node:assert/strict";
import { go, oneTimeCode, open, signIn, text, until } from "../support/hand.mjs";
import { CARBON, Session } from "../support/node.mjs";
import { as, stage } from "../support/stage.mjs";

test("a wrong password is refused beside the form, the right one opens the console", async () => {
  const { page, context } = await open(stage.browser, stage.node, "nobody");
  await page.fill("[name=user]", stage.node.people.trader.user);
  await page.fill("[name=password]", "not the password");
  await page.click("form button.main");
  await page.waitForSelector("form .problem");
  await page.fill("[name=password]", stage.node.people.trader.password);
  await page.click("form button.main");
  await page.waitForSelector("header.top");
  await until(() => page.locator(".connection.live").count(), "the connection is live");
  await context.close();
});

test("a user comes in by a link and a code, once; then a second factor is set up", async () => {
  const { page, context, faults } = await open(stage.browser, stage.node, "fresh");
  const { user, link, code } = stage.node.people.fresh;
  await page.goto(new URL(link, stage.node.base).href);
  await page.fill("[data-form=enrol] [name=code]", "not this1");
  await page.fill("[data-form=enrol] [name=password]", "a password of my own");
  await page.fill("[data-form=enrol] [name=again]", "another one");
  await page.click("form button.main");
  await page.waitForSelector(".field.wrong");
  await page.fill("[data-form=enrol] [name=again]", "a password of my own");
  await page.click("form button.main");
  await page.waitForSelector("form .problem");
  await page.fill("[data-form=enrol] [name=code]", code);
  await page.click("form button.main");
  await page.waitForSelector(".receipt");
  await page.click("button.main");
  await signIn(page, { user, password: "a password of my own" });
  await go(page, "me");
  await page.fill("[data-form=totp] [name=password]", "a password of my own");
  await page.click("[data-totp=begin]");
  const secret = (await text(page, "code.secret")).replaceAll(" ", "");
  await page.fill("[name=totp]", oneTimeCode(secret));
  await page.fill("[data-form=totp] [name=password]", "a password of my own");
  await page.click("[data-totp=on]");
  await page.waitForSelector("[data-totp=off]");
  await context.close();
  assert.deepEqual(faults, []);
  const again = await open(stage.browser, stage.node, "fresh");
  await again.page.fill("[name=user]", stage.node.people.fresh.user);
  await again.page.fill("[name=password]", "a password of my own");
  await again.page.click("form button.main");
  await again.page.waitForSelector("form .problem");
  await again.page.click("form button.plain");
  // The first one was used when the codes were turned on.
  await again.page.fill("[name=code]", oneTimeCode(secret, 1));
  await again.page.click("form button.main");
  await again.page.waitForSelector("header.top");
  await go(again.page, "me");
  await again.page.fill("[data-form=totp] [name=password]", "a guess");
  await again.page.click("[data-totp=off] button");
  await again.page.waitForSelector("[data-form=totp] .problem");
  await again.page.fill("[data-form=totp] [name=password]", "a password of my own");
  await again.page.click("[data-totp=off] button");
  await again.page.waitForSelector("[data-totp=begin]");
  await again.context.close();
});

test("an address that was cut off opens the console", async () => {
  const { page, context, faults } = await open(stage.browser, stage.node, "cut off");
  await signIn(page, stage.node.people.trader);
  await page.goto(`${stage.node.base}#/trade/%E5%`);
  await page.reload();
  await page.waitForSelector("header.top");
  await context.close();
  assert.deepEqual(faults, []);
});

test("a session that ended elsewhere is said, and signing in again leads back to the page", async () => {
  const { page, context } = await open(stage.browser, stage.node, "twice");
  await signIn(page, stage.node.people.trader);
  await go(page, "holdings");
  await page.evaluate(async () => {
    const { csrf } = await (await fetch("/v1/session")).json();
    await fetch("/v1/session", { method: "DELETE", headers: { "X-CSRF-Token": csrf } });
  });
  await page.waitForSelector("[data-form=signin]");
  assert.match(await text(page, ".gate .receipt"), /ended/);
  await signIn(page, stage.node.people.trader);
  await page.waitForSelector("main.view-holdings");
  await page.click("header.top .user button");
  await page.waitForSelector("[data-form=signin]");
  assert.equal(await page.locator(".gate .receipt").count(), 0, "whoever signs out is told nothing");
  await context.close();
});

test("another language is another drawing of the same connection: orders that are cancelled on disconnect stand", async () => {
  const { page, context, faults } = await open(stage.browser, stage.node, "two languages");
  await signIn(page, stage.node.people.lister);
  const session = await new Session(stage.node.base).signIn(stage.node.people.lister);
  const { created } = await session.send("place_listing", { account: "DJ", instrument: CARBON, side: "sell", price: "73.33", quantity: "100" });
  const status = async () => (await session.ask("GET", "/v1/orders?status=all&limit=20")).items.find((item) => item.order === created.number)?.status;
  await until(async () => (await status()) === "open", "the listing stands");
  await go(page, "me");
  await until(() => page.locator(".connection.live").count(), "the connection is live");
  const switchOf = page.locator(".panel", { hasText: "If the connection is lost" }).locator("input[type=checkbox]");
  await switchOf.check();
  await page.click('[data-value="zh"]');
  await page.locator(".panel", { hasText: "连接中断时" }).waitFor();
  assert.ok(await page.locator(".panel", { hasText: "连接中断时" }).locator("input[type=checkbox]").isChecked(), "the choice holds");
  assert.equal(await page.locator(".connection.live").count(), 1, "the connection was not given up");
  await page.click('[data-value="en"]');
  await page.locator(".panel", { hasText: "If the connection is lost" }).waitFor();
  assert.equal(await status(), "open", "nothing was cancelled");
  await switchOf.uncheck();
  await context.close();
  await session.send("cancel_listing", { account: "DJ", listing: created.number });
  assert.deepEqual(faults, []);
});

test("keys: / finds, ? helps, Escape closes, arrows walk through rows", async () => {
  const page = await as("trader");
  await go(page, "markets");
  await page.waitForSelector("tbody tr");
  await page.keyboard.press("/");
  assert.ok(await page.evaluate(() => document.activeElement.closest(".search") !== null), "the search is heard at once");
  await page.fill(".search input", CARBON);
  await page.locator(".search li", { hasText: CARBON }).first().waitFor();
  await page.keyboard.press("Enter");
  await page.waitForSelector("main.view-trade .headline h1");
  assert.match(page.url(), new RegExp(`trade/${CARBON}`));
  await page.keyboard.press("?");
  await page.waitForSelector("dialog[open]");
  await page.keyboard.press("Escape");
  await until(async () => (await page.locator("dialog[open]").count()) === 0, "help is closed");
  await page.keyboard.press("m");
  await page.locator("main.view-markets tbody tr").first().focus();
  await page.keyboard.press("ArrowDown");
  const focused = await page.evaluate(() => document.activeElement.tagName);
  assert.equal(focused, "TR");
  await page.keyboard.press("Enter");
  await page.waitForSelector("main.view-trade");
});
