import test from "node:test";
import assert from "node:assert/strict";
import { bookChecksum, crc32, levelText } from "../app/crc.js";
import { applyBook, EMPTY } from "../app/book.js";

test("CRC-32 as everyone computes it", () => {
  assert.equal(crc32(""), 0);
  assert.equal(crc32("123456789"), 0xcbf43926);
  assert.equal(crc32("The quick brown fox jumps over the lazy dog"), 0x414fa339);
});

test("the text of the levels goes bid, ask, bid, ask, and passes missing sides over", () => {
  const bids = [["98.62", "1000", 1], ["98.61", "2000", 2]];
  const asks = [["98.65", "500", 1]];
  assert.equal(levelText(bids, asks), "98.62:1000:98.65:500:98.61:2000");
  assert.equal(levelText([], []), "");
  const many = Array.from({ length: 12 }, (_, at) => [`${90 - at}.00`, "1", 1]);
  assert.equal(levelText(many, []).split(":").length, 20);
});

test("updates change, add and take away levels, and the checksum proves the copy", () => {
  const first = applyBook(EMPTY, { type: "snapshot", data: { bids: [["98.62", "1000", 1], ["98.60", "5", 1]], asks: [["98.65", "500", 1]], phase: "continuous", indication: null } });
  assert.equal(first.proved, true);
  const bids = [["98.62", "700", 1], ["98.61", "3", 1]];
  const asks = [["98.64", "9", 1], ["98.65", "500", 1]];
  const second = applyBook(first, { type: "update", data: { bids: [["98.62", "700", 1], ["98.60", "0", 0], ["98.61", "3", 1]], asks: [["98.64", "9", 1]], checksum: bookChecksum(bids, asks) } });
  assert.deepEqual(second.bids, bids);
  assert.deepEqual(second.asks, asks);
  assert.equal(second.proved, true);
  assert.equal(second.phase, "continuous");
  const third = applyBook(second, { type: "update", data: { bids: [["98.62", "1", 1]], asks: [], checksum: bookChecksum(bids, asks) } });
  assert.equal(third.proved, false);
});

test("prices are ordered by value: 100.00 is better than 99.99 on the bid", () => {
  const book = applyBook(EMPTY, { type: "snapshot", data: { bids: [["99.99", "1", 1], ["100.00", "1", 1]], asks: [["100.02", "1", 1], ["99.999", "1", 1]] } });
  assert.equal(book.bids[0][0], "100.00");
  assert.equal(book.asks[0][0], "99.999");
});
