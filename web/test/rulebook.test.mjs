import test from "node:test";
import assert from "node:assert/strict";

globalThis.localStorage = { getItem: () => JSON.stringify({ lang: "en" }), setItem() {} };
const { amended, literal, placeOf, plain } = await import("../app/rulebook.js");

test("what a person types becomes what the file writes", () => {
  for (const [held, typed, written] of [
    ["1_000_000", "500,000", "500_000"], ["1_000_000", " 2500 ", "2_500"], ["100", "none", '"none"'], ['"10%"', "8", '"8%"'], ['"10%"', "8%", '"8%"'],
    ['"200000000.00"', "1,500.00", '"1500.00"'], ['"last"', "average", '"average"'], ['"a \\"b\\""', 'say "c"', '"say \\"c\\""'], ["true", "false", "false"],
    ['["09:30-11:30"]', '["10:00-11:00"]', '["10:00-11:00"]'],
  ]) assert.equal(literal(held, typed), written, `${held} ${typed}`);
});

test("what the file writes is shown as a reader writes it", () => {
  for (const [value, shown] of [["1_000_000", "1,000,000"], ['"10%"', "10%"], ['"200000000.00"', "200,000,000.00"], ["true", "Yes"], ['["Mon", "Tue"]', "Mon, Tue"], [null, "–"]]) assert.equal(plain(value), shown, value);
});

const BASE = "code = \"x\"\n\n[[version]]\nfrom = 2026-01-01\nsource = \"s\"\n\n[version.a]\nkey = 1\nsource = \"s\"\n";

test("a change makes a version of its day, and another of the same day goes into it", () => {
  const change = { day: "2026-03-05", source: "notice", path: "a.key", value: "2" };
  const once = amended(BASE, change);
  assert.equal(once, `${BASE}\n[[version]]\nfrom = 2026-03-05\nsource = "notice"\n\n[version.a]\nkey = 2\nsource = "notice"\n`);
  assert.equal(amended(once, { ...change, value: "3" }), once.replace("key = 2", "key = 3"), "the same rule again: the last word counts");
  assert.equal(amended(once, { ...change, path: "a.other", value: "4" }), once.replace("[version.a]\nkey = 2", "[version.a]\nother = 4\nkey = 2"));
  assert.equal(amended(once, { ...change, path: "b.c.key", value: "5" }), `${once}\n[version.b.c]\nkey = 5\nsource = "notice"\n`);
  assert.match(amended(once, { ...change, day: "2026-04-01" }), /from = 2026-04-01\nsource = "notice"\n\n\[version\.a\]\nkey = 2\n/);
});

test("a line and a column are a place in the text, in characters", () => {
  const text = "one\n  二𠀀 three\n";
  assert.equal(text.slice(placeOf(text, 2, 6)), "three\n");
  assert.equal(placeOf(text, 99, 1), text.length);
});
