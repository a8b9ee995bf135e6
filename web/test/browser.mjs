// The console in a real browser, against a real node. Run by .ci/console, or by hand:
//
//     node --test web/test/browser.mjs     (playwright-core in web/test/node_modules, see .ci/console)
//
// HUANGPU_BINARY  the program (default: target/debug/huangpu)         HUANGPU_CHROMIUM  the browser (default: /usr/bin/chromium)
// HUANGPU_SHOTS=1 writes the pictures of the docs to docs/img/
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { chromium } from "playwright-core";
import { BOND, CARBON, openNode } from "./support/node.mjs";
import { approveFirst, go, oneTimeCode, open, overflow, overflowing, signIn, text, until } from "./support/hand.mjs";

let browser;
let node;
const people = {};

before(async () => {
  node = await openNode();
  browser = await chromium.launch({ executablePath: process.env.HUANGPU_CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--disable-dev-shm-usage"] });
}, { timeout: 120_000 });

after(async () => {
  for (const one of Object.values(people)) assert.deepEqual(one.faults, [], `${one.name}: nothing failed in the page, nothing was refused by its security policy`);
  await browser?.close();
  await node?.stop();
});

/** The page of a person who is signed in; the same one for every test. */
async function as(name, look = {}) {
  if (!people[name]) {
    people[name] = await open(browser, node, name, look);
    await signIn(people[name].page, node.people[name]);
  }
  return people[name].page;
}

test("a wrong password is refused beside the form, the right one opens the console", async () => {
  const { page, context } = await open(browser, node, "nobody");
  await page.fill("[name=user]", node.people.trader.user);
  await page.fill("[name=password]", "not the password");
  await page.click("form button.main");
  await page.waitForSelector("form .problem");
  await page.fill("[name=password]", node.people.trader.password);
  await page.click("form button.main");
  await page.waitForSelector("header.top");
  await until(() => page.locator(".connection.live").count(), "the connection is live");
  await context.close();
});

test("a first password has to be changed before anything else; then a second factor is set up", async () => {
  const { page, context, faults } = await open(browser, node, "fresh");
  await signIn(page, node.people.fresh, "[data-form=password]");
  await page.fill("[name=old]", node.people.fresh.password);
  await page.fill("[name=new]", "a password of my own");
  await page.fill("[name=again]", "another one");
  await page.click("form button.main");
  await page.waitForSelector(".field.wrong");
  await page.fill("[name=again]", "a password of my own");
  await page.click("form button.main");
  await page.waitForSelector("header.top");
  await go(page, "me");
  await page.click("[data-totp=begin]");
  const secret = (await text(page, "code.secret")).replaceAll(" ", "");
  await page.fill("[name=totp]", oneTimeCode(secret));
  await page.click("[data-totp=on]");
  await page.waitForSelector("[data-totp=off]");
  await context.close();
  assert.deepEqual(faults, []);
  const again = await open(browser, node, "fresh");
  await again.page.fill("[name=user]", node.people.fresh.user);
  await again.page.fill("[name=password]", "a password of my own");
  await again.page.click("form button.main");
  await again.page.waitForSelector("form .problem");
  await again.page.click("form button.plain");
  await again.page.fill("[name=code]", oneTimeCode(secret));
  await again.page.click("form button.main");
  await again.page.waitForSelector("header.top");
  await again.context.close();
});

test("the secret of a key is shown once, and the key waits for a second person", async () => {
  const page = await as("maker");
  await go(page, "me");
  await page.click("[data-form=key] button.main");
  await page.waitForSelector("dialog[open] code.secret");
  assert.ok((await text(page, "dialog[open] code.secret")).length > 16);
  assert.ok(await page.locator("dialog[open] .receipt.waits").count());
  await page.keyboard.press("Escape");
  await until(async () => (await page.locator("code.secret").count()) === 0, "the secret is gone");
  const operator = await as("operator1");
  await approveFirst(operator);
  await until(async () => (await page.locator("main tbody tr[data-key]").count()) > 0, "the key is there");
});

test("an order is placed from the keyboard, stands in ladder and blotter, and is cancelled", async () => {
  const page = await as("trader");
  await go(page, `trade/${BOND}`);
  await page.waitForSelector(".ticket [name=price]");
  // The page may still be taking in what it asked for: the key is pressed until it is heard, as a person would.
  await until(async () => {
    await page.keyboard.press("b");
    return page.evaluate(() => document.activeElement?.name === "price");
  }, "b goes to the price");
  await page.keyboard.type(node.quiet.buy);
  await until(async () => (await page.inputValue(".ticket [name=price]")) === node.quiet.buy, "the price is written");
  await page.keyboard.press("Tab");
  await page.fill(".ticket [name=quantity]", "3,000");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".ticket .receipt");
  const row = page.locator(".below tbody tr", { hasText: node.quiet.buy });
  await row.waitFor();
  assert.match(await row.innerText(), /3,000/);
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
  await buyer.fill(".ticket [name=price]", node.cross);
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
  await maker.fill(".ticket [name=price]", node.listing);
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

test("an issuance needs two people, and reaches the holder live", async () => {
  const [first, second, holder] = [await as("authority1"), await as("authority2"), await as(node.issue.holder)];
  await go(holder, "holdings");
  const holding = holder.locator(".panel", { hasText: node.issue.account }).locator("tbody tr", { hasText: node.issue.asset }).first();
  const before = (await holding.count()) ? await holding.innerText() : "";
  await go(first, "issuance");
  await first.selectOption(".split > .panel:last-child select", "issue");
  await first.fill("[data-command=issue] [name=account]", node.issue.account);
  await first.fill("[data-command=issue] [name=asset]", node.issue.asset);
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
  if (node.shots) await second.screenshot({ path: node.shot("console-approvals") });
  await second.click("[data-approve]");
  await until(async () => (await second.locator(".act").count()) === 0, "nothing waits any more");
  await until(async () => (await holding.innerText().catch(() => before)) !== before, "the holder sees the new holding without asking");
});

test("pictures for the docs", { skip: !process.env.HUANGPU_SHOTS }, async () => {
  for (const [name, who, path, look] of node.gallery) {
    const { page, context } = await open(browser, node, name, look);
    await signIn(page, node.people[who]);
    await go(page, path);
    await page.waitForTimeout(2500);
    for (const [field, value] of look.fill ?? []) await (field.endsWith("select") ? page.selectOption(field, value) : page.fill(field, value));
    for (const press of look.press ?? []) await page.click(press);
    await page.mouse.move(2, 2);
    await page.waitForTimeout(2500);
    await page.screenshot({ path: node.shot(name) });
    await context.close();
  }
});

test("a halt is seen by the trader at once, orders are refused, and lifting it takes two", async () => {
  const [operator, second, trader] = [await as("operator1"), await as("operator2"), await as("trader")];
  await go(trader, `trade/${BOND}`);
  await go(operator, "phases");
  await operator.click(`[data-halt="${BOND}"]`);
  await operator.fill("[data-command=halt] [name=reason]", "a rumour is being checked");
  await operator.click("[data-command=halt] button.main");
  await until(() => trader.locator(".headline .tag.bad").count(), "the trader sees the halt");
  await trader.fill(".ticket [name=price]", node.quiet.buy);
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
  await go(page, `trail/${node.issue.account}`);
  await page.waitForSelector("tbody tr[data-key]");
  await page.locator("tbody tr[data-key]").first().press("Enter");
  await page.waitForSelector("dialog[open] .events");
  await page.keyboard.press("Escape");
  await go(page, "past");
  await page.selectOption("[data-form=past] select", BOND);
  await page.fill("[data-form=past] [name=record]", String(node.past));
  await page.click("[data-form=past] button.main");
  await page.waitForSelector(".depth .level");
  await go(page, "alerts");
  await page.waitForSelector("table");
});

test("keys: / finds, ? helps, Escape closes, arrows walk through rows", async () => {
  const page = await as("trader");
  await go(page, "markets");
  await page.waitForSelector("tbody tr");
  await page.keyboard.press("/");
  await page.keyboard.type(CARBON);
  await page.keyboard.press("Enter");
  await page.waitForURL(new RegExp(`trade/${CARBON}`));
  await page.keyboard.press("?");
  await page.waitForSelector("dialog[open]");
  await page.keyboard.press("Escape");
  await until(async () => (await page.locator("dialog[open]").count()) === 0, "help is closed");
  await page.keyboard.press("m");
  await page.locator("tbody tr").first().focus();
  await page.keyboard.press("ArrowDown");
  const focused = await page.evaluate(() => document.activeElement.tagName);
  assert.equal(focused, "TR");
  await page.keyboard.press("Enter");
  await page.waitForURL(/#\/trade\//);
});

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

test("every page of everyone draws, in both languages, and on a phone nothing sticks out", async () => {
  for (const [name, pages] of Object.entries(node.pages)) {
    const page = await as(name);
    const own = people[name];
    await page.setViewportSize({ width: 390, height: 844 });
    for (const lang of ["zh", "en"]) {
      await page.evaluate((chosen) => localStorage.setItem("huangpu.prefs", JSON.stringify({ lang: chosen })), lang);
      await page.reload();
      await page.waitForSelector("header.top");
      for (const path of pages) {
        await go(page, path);
        await page.waitForTimeout(250);
        const shown = await text(page, "main");
        assert.ok(shown.trim().length > 1, `${name} ${path}: something is shown`);
        assert.doesNotMatch(shown, /\b(field|page|act|status|holding|do|form|table)\.[a-z_]+\b/, `${name} ${path}: a text is missing in ${lang}`);
        assert.ok(!(await overflow(page)), `${name} ${path}: wider than a phone: ${await overflowing(page)}`);
      }
    }
    await page.setViewportSize({ width: 1440, height: 900 });
    assert.deepEqual(own.faults, [], name);
  }
});

test("when the node is gone the page says so, keeps what it shows, and comes back with it", async () => {
  if (!node.restart) return;
  const page = await as("trader");
  await go(page, `trade/${BOND}`);
  await page.waitForSelector(".rung[data-price], .depth");
  for (const one of Object.values(people)) one.expectFaults();
  await node.halt();
  await until(() => page.locator(".connection.waiting").count(), "it says that it waits");
  assert.ok(await page.locator(".headline h1").count(), "the page still stands");
  await node.restart();
  await until(async () => (await page.locator(".connection.live").count()) || (await page.locator("[data-form=signin]").count()), "live again, or asked to sign in", 30_000);
});
