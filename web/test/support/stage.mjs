// The node, the browser, and a window for each person who is signed in; the same ones for every test.
import { after, before } from "node:test";
import assert from "node:assert/strict";
import { chromium } from "playwright-core";
import { open, signIn } from "./hand.mjs";
import { openNode } from "./node.mjs";

export const stage = { node: null, browser: null, people: {} };

before(async () => {
  stage.node = await openNode();
  stage.browser = await chromium.launch({ executablePath: process.env.HUANGPU_CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--disable-dev-shm-usage"] });
}, { timeout: 120_000 });

after(async () => {
  const faults = Object.values(stage.people).map((one) => [one.name, one.faults]);
  await stage.browser?.close();
  await stage.node?.stop();
  for (const [name, found] of faults) assert.deepEqual(found, [], `${name}: nothing failed in the page, nothing was refused by its security policy`);
});

/** The page of a person who is signed in. */
export async function as(name, look = {}) {
  if (!stage.people[name]) {
    stage.people[name] = await open(stage.browser, stage.node, name, look);
    await signIn(stage.people[name].page, stage.node.people[name]);
  }
  return stage.people[name].page;
}
