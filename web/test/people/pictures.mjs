// The pictures of the docs.
import { test } from "node:test";
import { go, open, signIn } from "../support/hand.mjs";
import { stage } from "../support/stage.mjs";

test("pictures for the docs", { skip: !process.env.HUANGPU_SHOTS }, async () => {
  for (const [name, who, path, look] of stage.node.gallery) {
    const { page, context } = await open(stage.browser, stage.node, name, look);
    await signIn(page, stage.node.people[who]);
    await go(page, path);
    await page.waitForTimeout(2500);
    for (const [field, value] of look.fill ?? []) await (field.endsWith("select") ? page.selectOption(field, value) : page.fill(field, value));
    for (const press of look.press ?? []) await page.click(press);
    await page.mouse.move(2, 2);
    await page.waitForTimeout(2500);
    await page.screenshot({ path: stage.node.shot(name) });
    await context.close();
  }
});
