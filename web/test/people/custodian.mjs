// What a custodian does with what is held, the settlement bank with money, and the authority with an application.
import { test } from "node:test";
import assert from "node:assert/strict";
import { approveFirst, fillForm, go, pressSure, text, until } from "../support/hand.mjs";
import { Session } from "../support/node.mjs";
import { as, stage } from "../support/stage.mjs";

/** Chooses a command on a page, fills it in and sends it; gives what the receipt says. */
async function instruct(page, command, fields, sure = false) {
  await page.selectOption("[name=command]", command);
  await fillForm(page, command, fields);
  const button = page.locator(`[data-command=${command}] button.main`);
  await (sure ? pressSure(button) : button.click());
  await page.waitForSelector(`[data-command=${command}] .receipt`);
  return text(page, `[data-command=${command}] .receipt`);
}

/** The rows of pledges or withdrawals. */
const papers = (page, words) => page.locator("[aria-label='Pledges and withdrawals'] tbody tr", { hasText: words });

const held = (page, account, asset) => page.locator(`section[aria-label$=" ${account}"] tbody tr`, { hasText: asset }).first();

test("units are transferred, and both holdings follow by themselves", async () => {
  const page = await as("trader");
  await go(page, "holdings");
  await held(page, "JH", "B2702").waitFor();
  const before = await held(page, "JH", "B2702").innerText();
  await instruct(page, "transfer", { from: "JH", to: "JH-2", asset: "B2702", quantity: "12,000" });
  await until(async () => (await held(page, "JH", "B2702").innerText()) !== before, "JH has fewer");
  await until(async () => /12,000/.test(await held(page, "JH-2", "B2702").innerText().catch(() => "")), "JH-2 has them");
  await page.selectOption("[name=command]", "transfer");
  await fillForm(page, "transfer", { from: "JH", to: "JH-2", asset: "B2702", quantity: "999,999,999" });
  await page.click("[data-command=transfer] button.main");
  await page.waitForSelector("[data-command=transfer] .problem");
});

test("units are pledged, and the pledgee alone releases them", async () => {
  const [pledgor, pledgee] = [await as("trader"), await as("maker")];
  await go(pledgor, "holdings");
  await instruct(pledgor, "pledge", { account: "JH", asset: "B2702", quantity: "3,300", pledgee: "PUDONG" });
  const row = papers(pledgor, "PUDONG");
  await row.waitFor();
  await pressSure(row.locator("button"));
  await until(() => pledgor.locator("main .problem").count(), "the pledgor is not heard");
  await go(pledgee, "holdings");
  const theirs = papers(pledgee, "3,300");
  await theirs.waitFor();
  await pressSure(theirs.locator("button"));
  await until(async () => (await theirs.count()) === 0 && (await row.count()) === 0, "the pledge has ended for both", 15_000);
});

/** All the cash of JH, in fen, as its page shows it. */
const cash = async (page) => Number((await held(page, "JH", "CNY").locator("td").last().innerText()).replace(/\D/g, ""));

test("cash is asked back, and paid out when the bank has paid", async () => {
  const [owner, bank, second] = [await as("trader"), await as("bank"), await as("bank2")];
  for (const [amount, answer] of [["1,234.50", 0], ["777.70", 1]]) {
    await go(owner, "holdings");
    await held(owner, "JH", "CNY").waitFor();
    const before = await cash(owner);
    await instruct(owner, "request_withdrawal", { account: "JH", amount });
    await owner.click('main [data-value="withdrawals"]');
    const row = papers(owner, amount);
    await until(async () => /pending/i.test(await row.innerText().catch(() => "")), "it waits for the bank", 15_000);
    assert.equal(await row.locator("button").count(), 0, "the owner does not answer it");
    await go(bank, "holdings");
    await bank.click('main [data-value="withdrawals"]');
    const asked = papers(bank, amount);
    await asked.waitFor();
    await pressSure(asked.locator("button").nth(answer));
    await bank.waitForSelector("main .receipt.waits");
    assert.equal(await row.count(), 1, "one person of the bank does not say so alone");
    await approveFirst(second);
    await until(async () => (await row.count()) + (await asked.count()) === 0, "it waits no longer, for neither", 15_000);
    const after = await cash(owner);
    assert.equal(before - after, answer === 0 ? 123_450 : 0, "what was paid has left the account, and what was not is free again");
  }
});

test("a deposit of the bank reaches the account live", async () => {
  const [owner, bank] = [await as("trader"), await as("bank")];
  await go(owner, "holdings");
  await held(owner, "JH", "CNY").waitFor();
  const before = await held(owner, "JH", "CNY").innerText();
  await go(bank, "holdings");
  await instruct(bank, "deposit", { account: "JH", amount: "5,000.00", reference: "from the browser" });
  await until(async () => (await held(owner, "JH", "CNY").innerText()) !== before, "the cash is there");
});

test("allowances are surrendered, and the duty shrinks on the page", async () => {
  const page = await as("lister");
  await go(page, "compliance");
  await page.waitForSelector(".meter");
  const before = await text(page, ".key");
  await instruct(page, "surrender", { account: "DJ", year: "2025", asset: "CEA25", quantity: "1,500" });
  await until(async () => (await text(page, ".key")) !== before, "more is surrendered", 15_000);
});

test("units of an old vintage are carried over: applied for, decided by two", async () => {
  const [owner, authority, second] = [await as("lister"), await as("authority1"), await as("authority2")];
  await go(owner, "compliance");
  const said = await instruct(owner, "apply_carry_over", { account: "DJ", from: "CEA24", into: "CEA25", quantity: "900" });
  const application = /(\d+)\s*$/.exec(said)?.[1];
  assert.ok(application, said);
  await go(owner, "holdings");
  const old = await held(owner, "DJ", "CEA24").innerText();
  await go(authority, "compliance");
  const answer = await instruct(authority, "decide_carry_over", { application, approved: "true" });
  assert.match(answer, /second person/i);
  await approveFirst(second);
  await until(async () => (await held(owner, "DJ", "CEA24").innerText().catch(() => "gone")) !== old, "the old units have become new ones");
});

test("the sums of a day are those of all that was settled on it", async () => {
  const page = await as("maker");
  const session = await new Session(stage.node.base).signIn(stage.node.people.maker);
  let [count, paid, before] = [0, 0n, ""];
  while (before !== null) {
    const { items, next } = await session.ask("GET", `/v1/settlements?date=2026-03-03&limit=100${before && `&before=${before}`}`);
    for (const row of items) if (row.side === "buy") paid += BigInt(row.amount.replace(".", ""));
    [count, before] = [count + items.length, next ?? null];
  }
  assert.ok(count > 300, `${count} settlements are more than the node gives where nothing is said`);
  const written = paid.toString().replace(/(\d\d)$/, ".$1").replace(/\B(?=(\d{3})+\.)/g, ",");
  await go(page, "settlement");
  await page.fill("input[type=date]", "2026-03-03");
  await until(async () => (await page.locator("main .panel").first().locator("tbody tr").count()) === count, "all of them are shown");
  assert.equal(await text(page, ".facts.across dd"), written);
});
