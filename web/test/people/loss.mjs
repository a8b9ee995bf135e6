// The node goes away and comes back: the last test, because whoever was signed in is signed out.
import { test } from "node:test";
import assert from "node:assert/strict";
import { go, until } from "../support/hand.mjs";
import { BOND } from "../support/node.mjs";
import { as, stage } from "../support/stage.mjs";

test("when the node is gone the page says so, keeps what it shows, and comes back with it", async () => {
  if (!stage.node.restart) return;
  const page = await as("trader");
  await go(page, `trade/${BOND}`);
  await page.waitForSelector(".rung[data-price], .depth");
  for (const one of Object.values(stage.people)) one.expectFaults();
  await stage.node.halt();
  await until(() => page.locator(".connection.waiting").count(), "it says that it waits");
  assert.ok(await page.locator(".headline h1").count(), "the page still stands");
  await stage.node.restart();
  await until(async () => (await page.locator(".connection.live").count()) || (await page.locator("[data-form=signin]").count()), "live again, or asked to sign in", 30_000);
});
