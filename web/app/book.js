// A copy of one order book, kept from a snapshot and its updates, and proved by the checksum in each of them.
import { cmp, sign } from "./money.js";
import { bookChecksum } from "./crc.js";

const BEST = 50;

function merge(levels, changes, better) {
  const changed = new Map(changes.map((level) => [level[0], level]));
  const kept = levels.filter((level) => !changed.has(level[0]));
  for (const level of changed.values()) if (sign(level[1]) > 0) kept.push(level);
  kept.sort((a, b) => better(a[0], b[0]));
  return kept.slice(0, BEST);
}

const highFirst = (a, b) => -cmp(a, b);
const lowFirst = (a, b) => cmp(a, b);

/** The empty book. */
export const EMPTY = { bids: [], asks: [], phase: null, indication: null, proved: true, seen: false };

/** The book after one message of the channel `book`; `proved` is false where the checksum says otherwise. */
export function applyBook(book, message) {
  const data = message.data ?? {};
  const base = message.type === "snapshot" ? EMPTY : book;
  const next = {
    bids: merge(base.bids, data.bids ?? [], highFirst),
    asks: merge(base.asks, data.asks ?? [], lowFirst),
    phase: data.phase ?? base.phase,
    indication: data.indication === undefined ? base.indication : data.indication,
    seen: true,
  };
  next.proved = data.checksum === undefined || data.checksum === null || Number(data.checksum) === bookChecksum(next.bids, next.asks);
  return next;
}
