// An operator: issuance, halts, auctions, the kill switch, users.
import { test } from "node:test";
import assert from "node:assert/strict";
import { approveFirst, fillForm, go, pressSure, text, until } from "../support/hand.mjs";
import { BOND, CARBON, Session } from "../support/node.mjs";
import { as, stage } from "../support/stage.mjs";

test("an issuance needs two people, and reaches the holder live", async () => {
  const [first, second, holder] = [await as("authority1"), await as("authority2"), await as(stage.node.issue.holder)];
  await go(holder, "holdings");
  const holding = holder.locator(".panel", { hasText: stage.node.issue.account }).locator("tbody tr", { hasText: stage.node.issue.asset }).first();
  const before = (await holding.count()) ? await holding.innerText() : "";
  await go(first, "issuance");
  await first.selectOption(".split > .panel:last-child select", "issue");
  await first.fill("[data-command=issue] [name=account]", stage.node.issue.account);
  await first.fill("[data-command=issue] [name=asset]", stage.node.issue.asset);
  await first.fill("[data-command=issue] [name=quantity]", "123,000");
  await first.fill("[data-command=issue] [name=reason]", "allocation of the year");
  await first.click("[data-command=issue] button.main");
  await first.waitForSelector(".receipt.waits");
  await go(first, "approvals");
  await first.waitForSelector(".act");
  assert.equal(await first.locator("[data-approve]").count(), 0, "nobody approves what they proposed");
  await until(() => second.locator("nav.sections .count").count(), "the second person is told, wherever they are");
  await go(second, "approvals");
  await second.waitForSelector("[data-approve]");
  assert.match(await text(second, ".act"), /123,000/);
  if (stage.node.shots) await second.screenshot({ path: stage.node.shot("console-approvals") });
  await second.click("[data-approve]");
  await until(async () => (await second.locator(".act").count()) === 0, "nothing waits any more");
  await until(async () => (await holding.innerText().catch(() => before)) !== before, "the holder sees the new holding without asking");
});

test("a halt is seen by the trader at once, orders are refused, and lifting it takes two", async () => {
  const [operator, second, trader] = [await as("operator1"), await as("operator2"), await as("trader")];
  await go(trader, `trade/${BOND}`);
  await go(operator, "phases");
  await operator.click(`[data-halt="${BOND}"]`);
  await operator.fill("[data-command=halt] [name=reason]", "a rumour is being checked");
  await operator.click("[data-command=halt] button.main");
  await until(() => trader.locator(".headline .tag.bad").count(), "the trader sees the halt");
  await trader.fill(".ticket [name=price]", stage.node.quiet.buy);
  await trader.fill(".ticket [name=quantity]", "1000");
  await trader.keyboard.press("Enter");
  await until(async () => /halt/i.test(await text(trader, ".ticket .problem").catch(() => "")), "the order is refused because of it");
  await operator.click(`[data-resume="${BOND}"]`);
  await operator.fill("[data-command=resume] [name=reason]", "the rumour is denied");
  await operator.click("[data-command=resume] button.main");
  await operator.waitForSelector(".receipt.waits");
  await operator.keyboard.press("Escape");
  await approveFirst(second);
  await until(async () => (await trader.locator(".headline .tag.bad").count()) === 0, "trading goes on");
});

test("an instrument that is delisted says so where its ticket stands, and is offered no more", async () => {
  const [operator, second, trader] = [await as("operator1"), await as("operator2"), await as("trader")];
  const session = await new Session(stage.node.base).signIn(stage.node.people.operator1);
  await session.send("list_instrument", { code: "B2702-OLD", asset: "B2702", reference: "97.20", market: "bond-continuous" });
  await approveFirst(second);
  await go(trader, "trade/B2702-OLD");
  await trader.fill(".ticket [name=price]", "97.00");
  await trader.fill(".ticket [name=quantity]", "2000");
  await go(operator, "phases");
  await operator.selectOption(".split > .panel:last-child select", "delist_instrument");
  await operator.fill("[data-command=delist_instrument] [name=instrument]", "B2702-OLD");
  await pressSure(operator.locator("[data-command=delist_instrument] button.main"));
  await operator.waitForSelector("[data-command=delist_instrument] .receipt.waits");
  assert.equal(await trader.locator(".headline .tag.bad").count(), 0, "one person does not take it off the market");
  await approveFirst(second);
  await until(async () => /delisted/.test(await text(trader, ".headline .tag.bad").catch(() => "")), "the trader sees it live");
  assert.ok(await trader.locator(".ticket > button.main").isDisabled(), "no order can be sent");
  assert.match(await text(trader, ".ticket .hint"), /delisted/i);
  assert.equal(await trader.inputValue(".ticket [name=price]"), "97.00", "what was typed stands");
  assert.equal(await operator.locator('[data-halt="B2702-OLD"]').count(), 0, "there is nothing to halt");
  await go(trader, `trade/${BOND}`);
  await trader.waitForSelector(".watchlist a[aria-current]");
  assert.equal(await trader.locator(".watchlist a", { hasText: "B2702-OLD" }).count(), 0, "it is offered no more");
});

test("the secret of a key is shown once, and the key waits for a second person", async () => {
  const page = await as("maker");
  await go(page, "me");
  await page.click("[data-form=key] button.main");
  await page.waitForSelector("dialog[open] code.secret");
  assert.ok((await text(page, "dialog[open] code.secret")).length > 16);
  assert.ok(await page.locator("dialog[open] .receipt.waits").count());
  // It cannot be shown again: neither a press beside the window nor Escape takes it away.
  await page.mouse.click(5, 5);
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  assert.equal(await page.locator("dialog[open] code.secret").count(), 1, "the secret still stands there");
  await page.click("dialog[open] button.main");
  await until(async () => (await page.locator("code.secret").count()) === 0, "the secret is gone");
  const operator = await as("operator1");
  await approveFirst(operator);
  await until(async () => (await page.locator("main tbody tr[data-key]").count()) > 0, "the key is there");
});

/** A time so many seconds after what the console's clock shows, as a field of a form takes it. */
async function later(page, seconds) {
  const now = await page.evaluate(() => fetch("/v1/time").then((answer) => answer.json()));
  const shifted = new Date(Date.parse(`${now.time.slice(0, 19)}Z`) + seconds * 1000);
  return shifted.toISOString().slice(0, 19);
}

/** Announces an auction of CEA26 for BH that takes bids for so many seconds; gives its row. */
async function announce(page, quantity, seconds) {
  await go(page, "auctions");
  await fillForm(page, "announce_auction", { account: "BH", instrument: CARBON, side: "sell", quantity, reserve: "68.00", opens: await later(page, 2), closes: await later(page, seconds) });
  await page.click("[data-command=announce_auction] button.main");
  await page.waitForSelector("[data-command=announce_auction] .receipt");
  const row = page.locator("main tbody tr", { hasText: new Intl.NumberFormat("en-GB").format(Number(quantity)) });
  await row.waitFor();
  return row;
}

/** Bids in the auction of a row, once it is open. */
async function bid(page, quantity, price, account) {
  await go(page, "auctions");
  const row = page.locator("main tbody tr", { hasText: new Intl.NumberFormat("en-GB").format(Number(quantity)) });
  await row.locator("[data-bid]").click({ timeout: 15_000 });
  await fillForm(page, "place_bid", { account, price, quantity });
  await page.click("[data-command=place_bid] button.main");
  await page.waitForSelector("[data-command=place_bid] .receipt");
  await page.keyboard.press("Escape");
  await row.locator(".line").first().waitFor();
  return row;
}

test("an auction is announced, bid in by two, one bid withdrawn and made again; the lot decides among equals", async () => {
  const [operator, one, other] = [await as("operator1"), await as("trader"), await as("taker")];
  const row = await announce(operator, "5100", 30);
  const mine = await bid(one, "5100", "69.00", "JH");
  await pressSure(mine.locator(".line button"));
  await until(async () => (await mine.locator(".line").count()) === 0, "the bid is withdrawn");
  await bid(one, "5100", "69.50", "JH");
  const theirs = await bid(other, "5100", "69.50", "HM");
  assert.equal(await theirs.locator(".line").count(), 1, "nobody sees another's bid");
  await row.locator("[data-lot]").click({ timeout: 60_000 });
  await fillForm(operator, "draw_lot", { seed: "20260304" });
  await operator.click("[data-command=draw_lot] button.main");
  await operator.waitForSelector("[data-command=draw_lot] .receipt");
  await operator.keyboard.press("Escape");
  await until(async () => (await row.count()) === 0, "it is decided");
  await go(one, "orders");
  await go(other, "orders");
  const won = async (page) => page.locator("main tbody tr", { hasText: "69.50" }).filter({ hasText: "5,100" }).count();
  await until(async () => (await won(one)) + (await won(other)) === 1, "one of the two has it");
});

test("an auction is called off, with the question whether one is sure", async () => {
  const [operator, bidder] = [await as("operator1"), await as("trader")];
  const row = await announce(operator, "5200", 300);
  await bid(bidder, "5200", "69.00", "JH");
  await row.locator("[data-call-off]").click();
  await fillForm(operator, "cancel_auction", { reason: "announced by mistake" });
  await pressSure(operator.locator("[data-command=cancel_auction] button.main"));
  await operator.waitForSelector("[data-command=cancel_auction] .receipt");
  await operator.keyboard.press("Escape");
  await until(async () => (await row.count()) === 0, "it is gone for the operator");
  await until(async () => (await bidder.locator("main tbody tr", { hasText: "5,200" }).count()) === 0, "and for the bidder");
});

/** Places a bid of the trader in the book from an account, and gives its row in the blotter. */
async function standing(page, account, price) {
  await go(page, `trade/${BOND}`);
  await page.click('.below [data-value="open"]');
  await page.selectOption(".ticket select >> nth=0", account);
  await page.click('.sides [data-value="buy"]');
  await page.fill(".ticket [name=price]", price);
  await page.fill(".ticket [name=quantity]", "1000");
  await page.click(".ticket button.main");
  const row = page.locator(".below tbody tr", { hasText: price });
  await row.waitFor();
  return row;
}

test("the kill switch ends what an account has in the market and keeps it out, until two let it in again", async () => {
  const [operator, second, trader] = [await as("operator1"), await as("operator2"), await as("trader")];
  const row = await standing(trader, "JH", "95.21");
  await go(operator, "kill");
  await fillForm(operator, "block_trading", { account: "JH", participant: "", reason: "an order that looks wrong" });
  await pressSure(operator.locator("[data-command=block_trading] button.main"));
  await operator.waitForSelector("[data-command=block_trading] .receipt");
  await until(async () => (await row.count()) === 0, "the trader sees the order go");
  const listed = operator.locator("main tbody tr", { hasText: "JIANGHAI" });
  await listed.waitFor();
  await trader.fill(".ticket [name=price]", "95.21");
  await trader.fill(".ticket [name=quantity]", "1000");
  await trader.click(".ticket button.main");
  await until(async () => /block/i.test(await text(trader, ".ticket .problem").catch(() => "")), "nothing more is taken, and it says why");
  await fillForm(operator, "unblock_trading", { account: "JH", participant: "", reason: "it was meant" });
  await operator.click("[data-command=unblock_trading] button.main");
  await operator.waitForSelector("[data-command=unblock_trading] .receipt.waits");
  assert.equal(await listed.count(), 1, "one person does not let it in again");
  await approveFirst(second);
  await until(async () => (await listed.count()) === 0, "two do");
  const again = await standing(trader, "JH", "95.22");
  await fillForm(operator, "mass_cancel", { account: "JH", participant: "", instrument: BOND });
  await pressSure(operator.locator("[data-command=mass_cancel] button.main"));
  await operator.waitForSelector("[data-command=mass_cancel] .receipt");
  await until(async () => (await again.count()) === 0, "a mass cancellation ends it too");
});

test("a user is admitted by two, given another duty, another link, and let go", async () => {
  const [operator, second] = [await as("operator1"), await as("operator2")];
  await go(operator, "users");
  await operator.fill("[data-form=user] [name=name]", "Visitor");
  await operator.fill("[data-form=user] [name=participant]", "HUIMIN");
  await operator.check("[data-form=user] [name=trader]");
  await operator.click("[data-form=user] button.main");
  await operator.waitForSelector("[data-form=user] .problem");
  await operator.fill("[data-form=user] [name=name]", "visitor");
  await operator.click("[data-form=user] button.main");
  assert.match(await text(operator, "[data-link=made]"), /#\/enrol\/visitor\/[\w-]{43}$/);
  await operator.click("dialog button.main");
  await approveFirst(second);
  assert.match(await text(second, "[data-code=made]"), /^[a-z2-9]{8}$/);
  await second.click("dialog button.main");
  const row = operator.locator("main tbody tr", { hasText: "visitor" });
  await row.waitFor({ timeout: 15_000 });
  await row.locator("[data-duties]").click();
  await operator.check("[data-command=set_user_duties] [name=custodian]");
  await operator.click("[data-command=set_user_duties] button.main");
  await operator.waitForSelector("[data-command=set_user_duties] .receipt.waits");
  await operator.keyboard.press("Escape");
  await approveFirst(second);
  await until(async () => /custodian/i.test(await row.innerText()), "the duty is there", 15_000);
  await row.locator("[data-reset]").click();
  await operator.check("[data-form=link] [name=codes_off]");
  await operator.click("[data-form=link] button.main");
  await operator.waitForSelector("[data-link=made]");
  await operator.click("dialog button.main");
  await approveFirst(second);
  await second.click("dialog button.main");
  await row.locator("[data-active]").click();
  await fillForm(operator, "deactivate_user", { reason: "has left" });
  await pressSure(operator.locator("[data-command=deactivate_user] button.main"));
  await operator.waitForSelector("[data-command=deactivate_user] .receipt");
  await operator.keyboard.press("Escape");
  await until(async () => /inactive/i.test(await row.innerText()), "they may no longer sign in", 15_000);
});
