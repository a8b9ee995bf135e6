import test from "node:test";
import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { mistakeZh, wrongZh } from "../app/wrong.js";

const root = new URL("../../", import.meta.url);

/** Every phrase of the node's source that is told as what a key takes, and as a rule. */
async function phrases() {
  const folder = "crates/rulebook/src/";
  const names = (await readdir(new URL(folder, root), { recursive: true })).filter((name) => name.endsWith(".rs") && !/^write|tests/.test(name));
  const text = (await Promise.all(names.map((name) => readFile(new URL(folder + name, root), "utf8")))).join("\n").replace(/^\s*\/\/.*$/gm, "");
  const literal = String.raw`(?:r#"(?<raw>.*?)"#|"(?<plain>(?:[^"\\]|\\.)*)")`;
  const find = (before) => [...text.matchAll(new RegExp(before + String.raw`\s*` + literal, "gs"))].map(({ groups }) => groups.raw ?? groups.plain.replace(/\\"/g, "\""));
  const expected = [
    ...find(String.raw`\b(?:Want::new|integer|text|code|list|Want::decimal)\(`), ...find(String.raw`\bunexpected\(\s*\w+,`), ...find(String.raw`\b(?:Fields::of|table_of|missing)\([^"]*?,`),
    ...find(String.raw`\btable_of\("\w+",`), ...find(String.raw`\bmissing\([^"]*"\w+",`), ...find(String.raw`\bexpected =`), ...find(String.raw`\bmarket =`), ...find(String.raw`\bSOURCE: &str =`),
  ].filter((phrase) => phrase.includes(" ") && !phrase.includes("{}"));
  const rules = [
    ...find(String.raw`\bkeeping\(`), ...find(String.raw`\bbroken\(\s*(?:"\w+"|\w+|&\w+),`), ...find(String.raw`\brefuse\(`), ...find(String.raw`\brule = format!\(`), ...find(String.raw`\brule =`), ...find(String.raw`\bTOO_LARGE: &str =`),
  ].map((rule) => rule.replace(/\{[^}]*\}/g, "2")).filter((phrase) => phrase.includes(" "));
  return { expected: new Set(expected), rules: new Set(rules) };
}

test("everything that a rulebook's key takes, and every rule that it can break, has its Chinese", async () => {
  const { expected, rules } = await phrases();
  assert.ok(expected.size > 35 && rules.size > 45, `${expected.size} and ${rules.size} phrases are found`);
  const mute = [...[...expected].filter((phrase) => !mistakeZh({ kind: "unexpected", expected: phrase, found: "1" })), ...[...rules].filter((rule) => !mistakeZh({ kind: "broken", rule, found: "1" }))];
  assert.deepEqual(mute, []);
});

test("whatever the node says of a command's field has its Chinese", async () => {
  const names = ["resolve.rs", "resolve/operate.rs", "resolve/orders.rs", "resolve/roster.rs"];
  const text = (await Promise.all(names.map((name) => readFile(new URL(`crates/gateway/src/${name}`, root), "utf8")))).join("\n");
  const rules = [...text.matchAll(/\bwrong\(\s*(?:"\w+"|field),\s*"((?:[^"\\]|\\.)*)"/g)].map((found) => found[1].replace(/\\"/g, "\""));
  const things = [...text.matchAll(/\babsent\((?:"\w+"|field), "([^"]*)"/g)].map((found) => found[1]);
  const dates = (await Promise.all(["gateway/src/time.rs", "base/src/date.rs"].map((name) => readFile(new URL(`crates/${name}`, root), "utf8")))).join("\n");
  const forms = [
    ...[...text.matchAll(/expected(?: =|:) r#"(.*?)"#/g), ...dates.matchAll(/_FORM: &str = r#"(.*?)"#/g), ...dates.matchAll(/Self::\w+ => "([^"]*)",/g)].map((found) => found[1]),
  ];
  assert.ok(rules.length > 9 && things.length > 4 && forms.length > 6, `${rules.length}, ${things.length} and ${forms.length} are found`);
  for (const rule of rules) assert.ok(wrongZh({ kind: "broken", rule }), rule);
  for (const what of things) assert.ok(wrongZh({ kind: "absent", what, found: "X" }), what);
  for (const expected of forms) assert.ok(wrongZh({ kind: "unexpected", expected, found: "X" }), expected);
});

test("a mistake is said from its parts", () => {
  for (const [mistake, words] of [
    [{ kind: "unexpected", expected: "a percentage such as \"10%\"", found: "7" }, "应为百分数，如 \"10%\"，实为 7"],
    [{ kind: "unexpected", expected: "\"alert_only\", \"halt_instrument\" or \"freeze_account\"", found: "\"stop\"" }, "应为\"alert_only\"、\"halt_instrument\" 或 \"freeze_account\"，实为 \"stop\""],
    [{ kind: "missing", table: "the top of the file", expected: "the market's name" }, "文件开头 缺少此项，应为市场名称"],
    [{ kind: "unknown", nearest: "band" }, "没有这一项规则，是否为“band”？"],
    [{ kind: "unknown" }, "没有这一项规则"],
    [{ kind: "broken", rule: "a quantity has at most 3 decimals here", found: "an empty array" }, "数量至多 3 位小数，实为 空数组"],
    [{ kind: "syntax", syntax: "expected `=`" }, "不是 TOML：expected `=`"],
  ]) assert.equal(mistakeZh(mistake), words);
  assert.equal(wrongZh({ kind: "too_fine", found: "1.234", decimals: 2 }), "“1.234”的小数超过 2 位");
  assert.equal(wrongZh({ kind: "broken", rule: "a password has at least 10 characters and at most 1024 bytes" }), "密码至少 10 个字符，至多 1024 字节");
});

test("what has no Chinese is left to the node's own sentence", () => {
  assert.equal(mistakeZh({ kind: "broken", rule: "a rule of tomorrow", found: "1" }), null);
  assert.equal(mistakeZh({ kind: "tomorrow" }), null);
  assert.equal(wrongZh({ kind: "absent", what: "planet", found: "X" }), null);
  assert.equal(wrongZh({ kind: "tomorrow" }), null);
});
