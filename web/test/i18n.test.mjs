import test from "node:test";
import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import en from "../app/words/en.js";
import zh from "../app/words/zh.js";
import { COMMANDS, DUTIES, GROUPS, ROLES } from "../app/commands.js";

const root = new URL("../", import.meta.url);

async function sources() {
  const names = (await readdir(new URL("app/", root), { recursive: true })).filter((name) => name.endsWith(".js"));
  return Promise.all(names.map(async (name) => [name, await readFile(new URL(`app/${name}`, root), "utf8")]));
}

test("both dictionaries have the same keys, and no text is empty", () => {
  assert.deepEqual(Object.keys(en).sort(), Object.keys(zh).sort());
  for (const words of [en, zh]) for (const [key, text] of Object.entries(words)) assert.ok(text.trim(), key);
});

test("a key stands in one file, and in the same one of both languages", async () => {
  const names = async (lang) => (await readdir(new URL(`app/words/${lang}/`, root))).sort();
  assert.deepEqual(await names("en"), await names("zh"));
  let keys = 0;
  for (const name of await names("en")) {
    const [one, other] = await Promise.all(["en", "zh"].map(async (lang) => Object.keys((await import(`../app/words/${lang}/${name}`)).default)));
    assert.deepEqual(one, other, name);
    keys += one.length;
  }
  assert.equal(keys, Object.keys(en).length, "no key stands in two files, and every file is taken in");
});

test("both languages fill the same places in", () => {
  const places = (text) => [...text.matchAll(/\{(\w+)\}/g)].map((found) => found[1]).sort();
  for (const key of Object.keys(en)) assert.deepEqual(places(zh[key]), places(en[key]), key);
});

test("every key that the console names is there", async () => {
  for (const [name, text] of await sources()) {
    for (const found of text.matchAll(/\bt\(\s*"([a-z_A-Z.0-9]+)"/g)) assert.ok(found[1] in en, `${name}: ${found[1]}`);
    for (const found of text.matchAll(/"((?:input|orders|blocks|listings|approvals|signin|act|do|page)\.[a-z_]+)"/g)) assert.ok(found[1] in en, `${name}: ${found[1]}`);
  }
});

test("every command, field, duty and role has its words", () => {
  for (const [name, spec] of Object.entries(COMMANDS)) {
    assert.ok(`do.${name}` in en, name);
    for (const field of spec.fields) {
      assert.ok(`field.${field.name}` in en, `${name}.${field.name}`);
      for (const option of field.options ?? []) assert.ok([`${field.name}.${option}`].every((key) => key in en), `${name}.${field.name}.${option}`);
    }
  }
  for (const group of GROUPS) assert.ok(`group.${group}` in en, group);
  for (const duty of DUTIES) assert.ok(`duty.${duty}` in en, duty);
  for (const role of ROLES) assert.ok(`role.${role}` in en, role);
});

test("every reason of a refusal has its Chinese sentence", async () => {
  const { REFUSALS_ZH } = await import("../app/words/refusals.zh.js");
  const page = await readFile(new URL("../docs/refusals.md", root), "utf8");
  const reasons = new Set([...page.matchAll(/^\| `([a-z_]+)` \|/gm)].map((found) => found[1]));
  assert.ok(reasons.size > 50);
  for (const reason of reasons) assert.ok(REFUSALS_ZH[reason], reason);
});

test("every command of the docs has its form, with the same fields", async () => {
  const page = await readFile(new URL("../docs/commands.md", root), "utf8");
  const elsewhere = new Set(["create_user", "invite_user", "offer_link", "enrol", "enrol_totp", "set_password", "set_totp", "create_key", "put_roster_in_force", "propose_act", "approve_act", "withdraw_act", "adopt_rulebook"]);
  for (const section of page.split(/^### /m).slice(1)) {
    const name = /^`([a-z_]+)`/.exec(section)?.[1];
    if (!name || elsewhere.has(name)) continue;
    assert.ok(COMMANDS[name], `no form for ${name}`);
    const fields = [...section.split("Sent by:")[0].matchAll(/^\| `([a-z_]+)` \|/gm)].map((found) => found[1]);
    assert.deepEqual(COMMANDS[name].fields.map((field) => field.name).sort(), fields.sort(), name);
  }
});
