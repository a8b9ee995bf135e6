// What a hand does in the browser.
import { createHmac } from "node:crypto";

/** The code that an authenticator shows for a secret now (RFC 6238), or `later` steps of 30 seconds from now. */
export function oneTimeCode(secret, later = 0) {
  const bits = [...secret].map((sign) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(sign).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + later));
  const sum = createHmac("sha1", key).update(step).digest();
  return String((sum.readUInt32BE(sum[19] & 15) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

/** A new window onto the console, with everything that goes wrong in it noted. */
export async function open(browser, node, name, look = {}) {
  const context = await browser.newContext({
    viewport: look.size ?? { width: 1440, height: 900 }, colorScheme: look.theme ?? "light", locale: look.lang === "zh" ? "zh-CN" : "en-GB",
    deviceScaleFactor: look.scale ?? 1, hasTouch: Boolean(look.touch),
  });
  const page = await context.newPage();
  const faults = [];
  let wanted = false;
  page.on("pageerror", (error) => wanted || faults.push(String(error)));
  page.on("console", (message) => {
    const words = message.text();
    if (!wanted && message.type() === "error" && !words.startsWith("Failed to load resource")) faults.push(words);
  });
  await page.addInitScript(() => addEventListener("securitypolicyviolation", (event) => console.error(`refused by the policy: ${event.violatedDirective} ${event.blockedURI}`)));
  await page.goto(node.base);
  return { name, context, page, faults, expectFaults: () => { wanted = true; } };
}

/** Signs in with a form, and waits for what comes after it. */
export async function signIn(page, person, then = "header.top") {
  await page.fill("[name=user]", person.user);
  await page.fill("[name=password]", person.password);
  await page.click("form button.main");
  await page.waitForSelector(then);
}

/** Goes to a page of the console. */
export async function go(page, path) {
  await page.evaluate((hash) => { location.hash = hash; }, `#/${path}`);
  await page.waitForSelector(`main.view-${path.split("/")[0]}`);
}

/** The text of the first element. */
export const text = (page, selector) => page.locator(selector).first().innerText();

/** Waits until something holds. */
export async function until(holds, what, ms = 8000) {
  const end = Date.now() + ms;
  while (Date.now() < end) {
    if (await holds()) return;
    await new Promise((go) => setTimeout(go, 60));
  }
  throw new Error(`in vain: ${what}`);
}

/** Approves the first act that waits. */
export async function approveFirst(page) {
  await go(page, "approvals");
  await page.waitForSelector("[data-approve]");
  await page.click("[data-approve]");
  await until(async () => (await page.locator("[data-approve]").count()) === 0, "nothing waits any more");
}

/** Is the page wider than its window? */
export const overflow = (page) => page.evaluate(() => document.documentElement.scrollWidth > innerWidth + 1);

/** What sticks out. */
export const overflowing = (page) => page.evaluate(() => [...document.querySelectorAll("main *")].filter((item) => item.getBoundingClientRect().right > innerWidth + 1).slice(0, 4)
  .map((item) => `${item.tagName}.${item.className}`).join(" "));

/** Fills the form of a command in: its fields by name. */
export async function fillForm(page, command, fields) {
  for (const [name, value] of Object.entries(fields)) {
    const field = page.locator(`[data-command=${command}] [name=${name}]`);
    await field.waitFor();
    if ((await field.evaluate((one) => one.tagName)) === "SELECT") await field.selectOption(value);
    else await field.fill(value);
  }
}

/** Presses a button that asks whether one is sure, and presses it again once it does. */
export async function pressSure(button) {
  await until(async () => {
    await button.click();
    return /sure/i.test(await button.innerText());
  }, "the button asks whether one is sure");
  await button.click();
}
