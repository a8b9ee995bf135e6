// A trader: orders, listings, blocks.
import { test } from "node:test";
import assert from "node:assert/strict";
import { fillForm, go, open, pressSure, signIn, text, until } from "../support/hand.mjs";
import { BOND, CARBON, Session } from "../support/node.mjs";
import { as, stage } from "../support/stage.mjs";

test("an order is placed from the keyboard, stands in ladder and blotter, and is cancelled", async () => {
  const page = await as("trader");
  await go(page, `trade/${BOND}`);
  await page.waitForSelector(".ticket [name=price]");
  await page.keyboard.press("b");
  await until(() => page.evaluate(() => document.activeElement?.name === "price"), "b goes to the price");
  await page.keyboard.type(stage.node.quiet.buy);
  await until(async () => (await page.inputValue(".ticket [name=price]")) === stage.node.quiet.buy, "the price is written");
  await page.keyboard.press("Tab");
  await page.fill(".ticket [name=quantity]", "3,000");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".ticket .receipt");
  const row = page.locator(".below tbody tr", { hasText: stage.node.quiet.buy });
  await row.waitFor();
  assert.match(await row.innerText(), /3,000/);
  assert.match(await text(page, ".touch"), /\d × \d.*\d × \d/s, "the best prices stand over the ladder");
  await row.locator("[data-cancel]").click();
  await until(async () => (await row.count()) === 0, "the order has left the blotter");
});

test("a price out of the band is refused with the node's reason, beside the ticket", async () => {
  const page = await as("trader");
  await go(page, `trade/${BOND}`);
  await page.fill(".ticket [name=price]", "9.99");
  await page.fill(".ticket [name=quantity]", "1000");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".ticket .problem");
  assert.match(await text(page, ".ticket .problem"), /band/i);
  await page.fill(".ticket [name=price]", "12.345");
  await page.keyboard.press("Enter");
  assert.match(await text(page, ".ticket .field.wrong"), /decimals/i);
});

test("Escape in the window that asks takes nothing from the ticket", async () => {
  const page = await as("trader");
  await go(page, "me");
  await page.locator("label.check", { hasText: "Ask" }).first().locator("input").check();
  await go(page, `trade/${BOND}`);
  await page.fill(".ticket [name=price]", "95.07");
  await page.fill(".ticket [name=quantity]", "2000");
  await page.keyboard.press("Enter");
  await page.waitForSelector("dialog[open]");
  await page.keyboard.press("Escape");
  await until(async () => (await page.locator("dialog[open]").count()) === 0, "the window is closed");
  assert.deepEqual([await page.inputValue(".ticket [name=price]"), await page.inputValue(".ticket [name=quantity]")], ["95.07", "2000"]);
  await go(page, "me");
  await page.locator("label.check", { hasText: "Ask" }).first().locator("input").uncheck();
});

test("an order stays in sight however many came after it", async () => {
  const session = await new Session(stage.node.base).signIn(stage.node.people.lister);
  const order = { account: "DJ", instrument: CARBON, side: "sell", price: "74.44", quantity: "100" };
  await session.send("place_listing", order);
  const { page, context } = await open(stage.browser, stage.node, "many orders");
  await signIn(page, stage.node.people.lister);
  await go(page, "orders");
  const row = page.locator("tbody tr", { hasText: "74.44" });
  await row.waitFor();
  let last = 0;
  for (let count = 0; count < 520; count += 1) {
    last = (await session.send("place_listing", { ...order, price: "74.45" })).created.number;
    await session.send("cancel_listing", { account: "DJ", listing: last });
  }
  await page.click('[data-value="all"]');
  await page.locator(`tbody tr[data-key="L${last}"]`).waitFor();
  await page.click('[data-value="open"]');
  await row.waitFor();
  await page.reload();
  await row.locator("[data-cancel]").click();
  await until(async () => (await row.count()) === 0, "it is cancelled");
  await context.close();
});

test("a click in the ladder fills the ticket in", async () => {
  const page = await as("trader");
  await go(page, `trade/${BOND}`);
  await page.click('.book [data-value="ladder"]');
  const rung = page.locator(".rung[data-price]").nth(24);
  // Read and clicked in one step: between two, the ladder may follow the market.
  const price = await rung.evaluate((row) => {
    const shown = row.dataset.price;
    row.querySelector("button.ask").click();
    return shown;
  });
  await until(async () => (await page.inputValue(".ticket [name=price]")) === price, "the ticket has the price");
  assert.ok(await page.locator(".ticket.sell").count());
});

test("a fill is seen by both, live: blotter, trades, holdings", async () => {
  const [buyer, seller] = [await as("trader"), await as("maker")];
  for (const page of [buyer, seller]) {
    await go(page, `trade/${BOND}`);
    await page.click('.below [data-value="fills"]');
    await page.waitForSelector(".below tbody tr");
  }
  const first = (page) => page.locator(".below tbody tr").first().getAttribute("data-key");
  const [bought, sold, before] = [await first(buyer), await first(seller), await text(buyer, "[data-holding]")];
  await buyer.click('.sides [data-value="buy"]');
  await buyer.fill(".ticket [name=price]", stage.node.cross);
  await buyer.fill(".ticket [name=quantity]", "1000");
  await buyer.keyboard.press("Enter");
  await buyer.waitForSelector(".ticket .receipt");
  await until(async () => (await first(buyer)) !== bought, "the buyer sees the fill");
  await until(async () => (await text(buyer, "[data-holding]")) !== before, "the buyer's holding changes");
  await until(async () => (await first(seller)) !== sold, "the seller sees it too");
  await until(() => seller.locator(".tapes .rows .level").count(), "and so does everyone, among the trades");
  for (const page of [buyer, seller]) await page.click('.below [data-value="open"]');
});

test("a listing is placed by one, seen live by the other, and picked", async () => {
  const [maker, taker] = [await as("lister"), await as("taker")];
  await go(taker, `trade/${CARBON}`);
  await go(maker, `trade/${CARBON}`);
  await maker.click('.sides [data-value="sell"]');
  await maker.fill(".ticket [name=price]", stage.node.listing);
  await maker.fill(".ticket [name=quantity]", "500");
  await maker.keyboard.press("Enter");
  await maker.waitForSelector(".ticket .receipt");
  const offer = taker.locator(".listings .half").first().locator("tbody tr", { hasText: "500" });
  await offer.first().waitFor();
  await offer.first().locator("[data-take]").click();
  await taker.fill("[data-form=take] [name=quantity]", "200");
  await taker.click("[data-form=take] button.main");
  await taker.waitForSelector("[data-form=take] .receipt");
  await taker.keyboard.press("Escape");
  await until(async () => /300/.test(await offer.first().innerText().catch(() => "")) || taker.locator(".listings tbody tr", { hasText: "300" }).count(), "300 are left of it");
});

test("an order is amended in the blotter, and keeps what the page says", async () => {
  const page = await as("trader");
  await go(page, `trade/${BOND}`);
  await page.click('.below [data-value="open"]');
  await page.click('.sides [data-value="buy"]');
  await page.fill(".ticket [name=price]", "95.11");
  await page.fill(".ticket [name=quantity]", "7000");
  await page.keyboard.press("Enter");
  const row = page.locator(".below tbody tr", { hasText: "95.11" });
  await row.waitFor();
  await row.locator("[data-amend]").click();
  await page.fill("[data-form=amend] [name=price]", "95.123");
  await page.click("[data-form=amend] button.main");
  await page.waitForSelector("[data-form=amend] .field.wrong");
  await page.fill("[data-form=amend] [name=price]", "95.12");
  await page.fill("[data-form=amend] [name=quantity]", "4,000");
  await page.click("[data-form=amend] button.main");
  await until(async () => (await page.locator("dialog[open]").count()) === 0, "the window closes when it is done");
  const now = page.locator(".below tbody tr", { hasText: "95.12" });
  await until(async () => /4,000/.test(await now.innerText().catch(() => "")), "the order stands at its new price and quantity");
  assert.equal(await row.count(), 0, "and no longer at the old one");
  await now.locator("[data-cancel]").click();
  await until(async () => (await now.count()) === 0, "it is gone");
});

/** Proposes a block of CEA26 to HM; gives its row on the proposer's page. */
async function propose(page, price, quantity) {
  await go(page, "blocks");
  await fillForm(page, "propose_block", { instrument: CARBON, side: "sell", counterparty: "HM", price, quantity });
  await page.click("[data-command=propose_block] button.main");
  await page.waitForSelector("[data-command=propose_block] .receipt");
  const row = page.locator("main tbody tr", { hasText: price });
  await row.waitFor();
  return row;
}

test("a block is proposed to one, who accepts it; another is declined, and a third withdrawn", async () => {
  const [seller, buyer] = [await as("lister"), await as("taker")];
  await go(buyer, "blocks");
  for (const [price, quantity, answer] of [["71.11", "2222", ".accept"], ["71.12", "3333", ".end"]]) {
    const sent = await propose(seller, price, quantity);
    const received = buyer.locator("main tbody tr", { hasText: price });
    await received.waitFor();
    assert.equal(await sent.locator(".accept").count(), 0, "nobody accepts their own");
    await pressSure(received.locator(answer));
    await buyer.waitForSelector("main .receipt");
    await until(async () => (await received.count()) + (await sent.count()) === 0, "it waits no longer, for neither");
  }
  const own = await propose(seller, "71.13", "4444");
  await pressSure(own.locator(".end"));
  await until(async () => (await own.count()) === 0, "what is withdrawn is gone");
  await go(buyer, "orders");
  await buyer.locator("main tbody tr", { hasText: "2,222" }).first().waitFor();
  assert.equal(await buyer.locator("main tbody tr", { hasText: "3,333" }).count(), 0, "what was declined was not traded");
  // What the node refuses stands beside the form.
  await go(seller, "blocks");
  await fillForm(seller, "propose_block", { instrument: CARBON, side: "sell", counterparty: "HM", price: "70.00", quantity: "1" });
  await seller.click("[data-command=propose_block] button.main");
  await seller.waitForSelector("[data-command=propose_block] .problem");
});

test("a market order for an amount of money is refused below a lot, and placed above it", async () => {
  const page = await as("trader");
  const session = await new Session(stage.node.base).signIn(stage.node.people.lister);
  await session.send("place_order", { account: "HM", instrument: BOND, side: "buy", price: stage.node.quiet.buy, quantity: 2000 }).catch(() => null);
  await go(page, `trade/${BOND}`);
  await page.waitForSelector(".ticket [name=price]");
  await page.fill(".ticket [name=quantity]", "2000");
  await page.selectOption(".ticket select >> nth=1", "funds");
  assert.equal(await page.inputValue(".ticket [name=quantity]"), "", "a number of units is no amount of money");
  assert.ok(await page.locator(".ticket [name=price]").isDisabled());
  await page.fill(".ticket [name=quantity]", "1.00");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".ticket .problem");
  assert.match(await text(page, ".ticket .problem"), /one lot at the best price/i);
  await page.fill(".ticket [name=quantity]", "150,000.00");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".ticket .receipt");
  // Others find the ticket as it was.
  await page.selectOption(".ticket select >> nth=1", "limit");
  assert.ok(await page.locator(".ticket [name=price]").isEnabled());
});
