// ccxt's driver for Coinbase Exchange as npm has it, unchanged but for the address: it trades on a node, over REST and the feed.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import ccxt from "ccxt";

const SYMBOL = "B2609/CNY";
const keys = JSON.parse(process.env.HUANGPU_KEYS);
const [api, ws] = [process.env.HUANGPU_URL, process.env.HUANGPU_URL.replace("http", "ws") + "/ws"];

const driver = (key, Kind = ccxt.coinbaseexchange) => new Kind({
  apiKey: key.key, secret: key.secret, password: "anything", rateLimit: 5, urls: { api: { public: api, private: api, ws } },
});
const [buyer, seller] = keys.map((key) => driver(key));

/** The words of a refusal of just this kind. */
async function refused(Kind, call) {
  const told = await call().then((answer) => assert.fail(JSON.stringify(answer)), (error) => error);
  assert.equal(told.constructor, Kind, String(told));
  return told.message;
}

const named = () => ({ clientOrderId: randomUUID() });

async function open() {
  const markets = await buyer.loadMarkets();
  assert.deepEqual(Object.keys(markets), [SYMBOL]);
  assert.deepEqual([markets[SYMBOL].precision.price, markets[SYMBOL].precision.amount], [0.01, 1000]);
  assert.ok(Math.abs(await buyer.fetchTime() - Date.now()) < 5_000);
  await seller.loadMarkets();
}

async function orders() {
  const before = await buyer.fetchBalance();
  const ask = await seller.createOrder(SYMBOL, "limit", "sell", 3000, 98.64, named());
  assert.deepEqual([ask.status, ask.side, ask.price, ask.amount], ["open", "sell", 98.64, 3000]);
  assert.deepEqual((await buyer.fetchOrderBook(SYMBOL)).asks.map((level) => level.slice(0, 2)), [[98.64, 3000]]);
  const bid = await buyer.createOrder(SYMBOL, "limit", "buy", 1000, 98.64, named());
  assert.deepEqual([bid.status, bid.filled, bid.cost], ["closed", 1000, 98_640]);
  const taken = await buyer.createOrder(SYMBOL, "market", "buy", 1000, undefined, named());
  assert.deepEqual([taken.status, taken.average], ["closed", 98.64]);
  const after = await buyer.fetchBalance();
  assert.equal(after.B2609.total - before.B2609.total, 2000);
  assert.equal(before.CNY.total - after.CNY.total, 197_280);
  const stands = await seller.fetchOrder(ask.id);
  assert.deepEqual([stands.status, stands.filled, stands.remaining], ["open", 2000, 1000]);
  assert.deepEqual((await seller.fetchOpenOrders(SYMBOL)).map((order) => order.id), [ask.id]);
  const own = (await buyer.fetchMyTrades(SYMBOL)).slice(-2);
  assert.deepEqual(own.map((trade) => [trade.order, trade.side, trade.takerOrMaker]), [bid, taken].map(({ id }) => [id, "buy", "taker"]));
  return { ask, bid };
}

async function reads() {
  const ticker = await buyer.fetchTicker(SYMBOL);
  assert.deepEqual([ticker.last, ticker.ask, ticker.bid], [98.64, 98.64, undefined]);
  assert.equal((await buyer.fetchTickers())[SYMBOL].last, 98.64);
  assert.deepEqual((await buyer.fetchTrades(SYMBOL)).slice(-2).map((trade) => [trade.side, trade.amount, trade.price]), Array(2).fill(["buy", 1000, 98.64]));
  for (const step of ["1m", "5m", "15m", "1h", "6h", "1d"]) {
    const candle = (await buyer.fetchOHLCV(SYMBOL, step)).at(-1);
    assert.deepEqual(candle.slice(1), [98.64, 98.64, 98.64, 98.64, 2000], step);
  }
  assert.deepEqual([(await buyer.fetchTradingFees())[SYMBOL].taker, (await buyer.fetchLedger("CNY")).some((entry) => entry.type === "trade")], [0, true]);
}

async function refusals({ ask, bid }) {
  await refused(ccxt.InsufficientFunds, () => buyer.createOrder(SYMBOL, "limit", "buy", 100_000, 98.6, named()));
  await refused(ccxt.OrderNotFound, () => buyer.fetchOrder(ask.id));
  await refused(ccxt.OrderNotFound, () => buyer.cancelOrder(ask.id));
  assert.match(await refused(ccxt.OrderNotFound, () => buyer.cancelOrder(bid.id)), /already done.*in full/s);
  const order = { product_id: "B2609-CNY", side: "buy", size: "1000", price: "98.00" };
  for (const [wrong, words] of [[{ price: "98.001" }, /price too precise/], [{ price: "0.01" }, /price too small/], [{ size: "1" }, /size is too small/]]) {
    assert.match(await refused(ccxt.InvalidOrder, () => buyer.privatePostOrders({ ...order, ...wrong })), words);
  }
  const wrong = driver({ ...keys[0], secret: "d3Jvbmc=" });
  assert.match(await refused(ccxt.AuthenticationError, () => wrong.fetchBalance()), /invalid signature/);
}

/** A side of a book, as plain arrays. */
const plain = (side) => Array.from(side, ([price, amount]) => [price, amount]);

/** The bids of the watched book come to be these. */
async function comesTo(pro, wanted) {
  for (let look = 0; look < 200 && JSON.stringify(plain(pro.orderbooks[SYMBOL].bids)) !== JSON.stringify(wanted); look += 1) await sleep(100);
  assert.deepEqual(plain(pro.orderbooks[SYMBOL].bids), wanted);
}

/** The book over the feed comes to what it is over REST, and an own order is told of. */
async function watched() {
  const pro = driver(keys[0], ccxt.pro.coinbaseexchange);
  // It wants this before it opens a socket without TLS.
  await pro.loadHttpProxyAgent();
  try {
    const first = await pro.watchOrderBook(SYMBOL);
    assert.deepEqual(plain(first.asks), [[98.64, 1000]]);
    assert.deepEqual(plain(first.bids), []);
    const told = pro.watchOrders(SYMBOL);
    // What comes before the subscription is not told: orders are placed until one is.
    const placed = [];
    const heard = () => Promise.race([told.then(() => true), sleep(500).then(() => false)]);
    do placed.push((await buyer.createOrder(SYMBOL, "limit", "buy", 1000, 98.2, named())).id);
    while (!(await heard()) && placed.length < 40);
    assert.ok((await told).every((order) => placed.includes(order.id)));
    await comesTo(pro, [[98.2, 1000 * placed.length]]);
    await buyer.cancelAllOrders(SYMBOL);
    await comesTo(pro, []);
  } finally {
    await pro.close();
  }
}

await open();
const placed = await orders();
await reads();
await refusals(placed);
await watched();
await seller.cancelAllOrders(SYMBOL);
console.log("ccxt of npm: markets, orders, reads, refusals and the feed are as they should be");
