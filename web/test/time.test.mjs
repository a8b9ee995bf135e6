import test from "node:test";
import assert from "node:assert/strict";
import * as time from "../app/time.js";

test("times are shown as the market writes them", () => {
  assert.equal(time.clock("2026-03-03T09:30:00+08:00"), "09:30:00");
  assert.equal(time.clock("2026-03-03T09:30:00.123456789+08:00", true), "09:30:00.123");
  assert.equal(time.moment("2026-03-03T09:30:00Z"), "2026-03-03 09:30:00");
  assert.equal(time.brief("2026-03-03T09:30:00+08:00", "2026-03-03"), "09:30:00");
  assert.equal(time.brief("2026-03-02T09:30:00+08:00", "2026-03-03"), "03-02 09:30");
  assert.equal(time.clock("nonsense"), "");
});

test("an instant is written with the market's offset wherever the reader is", () => {
  const ms = Date.parse("2026-03-03T01:30:00Z");
  assert.equal(time.write(ms, "+08:00"), "2026-03-03T09:30:00+08:00");
  assert.equal(time.write(ms, "-05:30"), "2026-03-02T20:00:00-05:30");
  assert.equal(time.fromField("2026-03-03T09:30", "+08:00"), "2026-03-03T09:30:00+08:00");
});

test("the chart places candles by the wall clock of the market", () => {
  assert.equal(time.wallSeconds("2026-03-03T09:30:00+08:00"), Date.parse("2026-03-03T09:30:00Z") / 1000);
});

test("spans need no language", () => {
  assert.equal(time.span(93784), "1d 02:03:04");
  assert.equal(time.span(-5), "00:00:00");
});
