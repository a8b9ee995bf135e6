import test from "node:test";
import assert from "node:assert/strict";
import * as money from "../app/money.js";

test("decimal text is taken apart and put together without loss", () => {
  for (const text of ["0", "48.00", "18446744073709551615", "0.01", "-3.50", "340282366920938463463374607431768211455.99"]) {
    const found = money.parse(text);
    assert.equal(money.text(found.units, found.scale), text);
  }
  for (const text of ["", "1.", ".5", "1e3", "NaN", "1,000", "+1", null, undefined]) assert.equal(money.parse(text), null);
});

test("sums and products are exact where binary floating point is not", () => {
  assert.equal(money.add("0.1", "0.2"), "0.3");
  assert.equal(money.sub("97.81", "97.80"), "0.01");
  assert.equal(money.mul("98.66", "100000000000000001"), "9866000000000000098.66");
  assert.equal(money.mul("12345678901234.56", "1000000"), "12345678901234560000.00");
});

test("the mean that a float gets wrong: 391.22 / 4 is 97.805 and rounds half-up to 97.81", () => {
  assert.equal(money.ratio("391.22", "4", 2), "97.81");
  assert.equal(money.round("97.805", 2), "97.81");
  assert.equal(money.round("-97.805", 2), "-97.81");
  assert.equal(money.round("0.004", 2), "0.00");
});

test("percentages are rounded half-up, and undetermined against nothing", () => {
  assert.equal(money.percent("4.80", "48.00"), "10.00");
  assert.equal(money.percent("-0.01", "98.60"), "-0.01");
  assert.equal(money.percent("1", "3"), "33.33");
  assert.equal(money.percent("1", "0"), null);
});

test("comparison looks at values, not at text", () => {
  assert.equal(money.cmp("10.0", "10"), 0);
  assert.equal(money.cmp("9.99", "10"), -1);
  assert.equal(money.cmp("100", "99.999999"), 1);
  assert.equal(money.cmp("x", "1"), null);
  assert.equal(money.sign("-0.00"), 0);
});

test("numbers are grouped as a locale writes them", () => {
  assert.equal(money.format("1234567.5", "en-GB", 2), "1,234,567.50");
  assert.equal(money.format("1234567.5", "zh-CN", 2), "1,234,567.50");
  assert.equal(money.format("1234567.5", "de-DE", 2), "1.234.567,50");
  assert.equal(money.format("-1234", "en-GB"), "−1,234");
  assert.equal(money.format("999", "en-GB"), "999");
  assert.equal(money.format("123456789012345678901234567890.01", "en-GB"), "123,456,789,012,345,678,901,234,567,890.01");
  assert.equal(money.format("48.005", "en-GB", 2), "48.005", "digits are never cut");
  assert.equal(money.format(undefined, "en-GB"), "");
  assert.equal(money.signed("0.30", "en-GB", 2), "+0.30");
});

test("short forms follow the language", () => {
  assert.equal(money.compact("1234567", "en-GB"), "1.23M");
  assert.equal(money.compact("1234567", "zh-CN"), "123万");
  assert.equal(money.compact("13890780.00", "zh-CN"), "1,389万");
  assert.equal(money.compact("210230053.25", "zh-CN"), "2.10亿");
  assert.equal(money.compact("999", "en-GB"), "999");
});

test("what a person types becomes plain text, or is refused with a reason", () => {
  assert.deepEqual(money.read("1,234.5", 2), { value: "1234.50" });
  assert.deepEqual(money.read(" １２．５ ", 2), { value: "12.50" });
  assert.deepEqual(money.read("0048", 0), { value: "48" });
  assert.deepEqual(money.read("48.00", 0), { value: "48" });
  assert.deepEqual(money.read(".5", 2), { value: "0.50" });
  assert.deepEqual(money.read("1.005", 2), { error: "input.too_many_decimals" });
  assert.deepEqual(money.read("", 2), { error: "input.empty" });
  for (const typed of ["-1", "1e5", "abc", ".", "1.2.3", "0x10"]) assert.deepEqual(money.read(typed, 2), { error: "input.no_number" });
});

test("steps of a price stop at zero", () => {
  assert.equal(money.step("98.66", 1, 2), "98.67");
  assert.equal(money.step("98.66", -10, 2), "98.56");
  assert.equal(money.step("0.01", -5, 2), "0.00");
});

test("no money passes through floating point in the whole console", async () => {
  const { readFile, readdir } = await import("node:fs/promises");
  const root = new URL("../app/", import.meta.url);
  for (const name of await readdir(root, { recursive: true })) {
    if (!name.endsWith(".js")) continue;
    const text = await readFile(new URL(name, root), "utf8");
    assert.doesNotMatch(text, /parseFloat|toLocaleString\(/, name);
  }
});
