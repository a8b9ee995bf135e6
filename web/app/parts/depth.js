// The book level by level with what stands up to each, and the same as a picture.
import { html } from "../ui.js";
import { figure, num, t } from "../i18n.js";
import * as money from "../money.js";

const ROWS = 12;

function cumulate(levels, count) {
  let sum = "0";
  return levels.slice(0, count).map(([price, quantity, orders]) => {
    sum = money.add(sum, quantity);
    return { price, quantity, orders, sum };
  });
}

/** How far the best prices are apart. */
const spread = ({ bids: [bid], asks: [ask] }, decimals) => (bid && ask ? num(money.sub(ask[0], bid[0]), decimals) : "–");

/** Twelve levels a side in fixed rows, so that nothing moves but the figures. */
export function Depth({ book, instrument, decimals, onPick }) {
  const asks = cumulate(book.asks, ROWS);
  const bids = cumulate(book.bids, ROWS);
  const most = [asks.at(-1)?.sum ?? "0", bids.at(-1)?.sum ?? "0"].reduce((a, b) => (money.cmp(a, b) >= 0 ? a : b));
  const row = (side, level, key) => html`<div key=${key} class=${`level ${side}`} role="row">
    ${level ? html`<i style=${`transform:scaleX(${money.share(level.sum, most)})`}></i>
      <button type="button" class="price" onClick=${() => onPick(side === "ask" ? "buy" : "sell", level.price)}>${num(level.price, decimals)}</button>
      <span>${num(level.quantity)}</span><span class="sum">${num(level.sum)}</span><span class="many">${level.orders ?? ""}</span>` : html`<span> </span>`}
  </div>`;
  const upper = Array.from({ length: ROWS }, (_, at) => asks[ROWS - 1 - at]);
  const lower = Array.from({ length: ROWS }, (_, at) => bids[at]);
  return html`<div class="depth" aria-label=${t("book.depth")}>
    <div class="level head"><span>${t("field.price")}</span><span>${t("field.quantity")}</span><span>${t("book.sum")}</span><span>${t("book.orders")}</span></div>
    <div class="upper">${upper.map((level, at) => row("ask", level, `a${at}`))}</div>
    <div class="middle"><b>${num(instrument.last ?? instrument.reference ?? "", decimals)}</b><span>${t("book.spread")} ${spread(book, decimals)}</span></div>
    <div>${lower.map((level, at) => row("bid", level, `b${at}`))}</div>
  </div>`;
}

/** What stands up to each price, both sides, as steps. Positions on the screen are the only thing here that is not exact. */
export function DepthPicture({ book, decimals }) {
  const asks = cumulate(book.asks, 50);
  const bids = cumulate(book.bids, 50);
  if (!asks.length && !bids.length) return html`<div class="picture"></div>`;
  const low = money.units((bids.at(-1) ?? asks[0]).price, decimals);
  const high = money.units((asks.at(-1) ?? bids[0]).price, decimals);
  const width = high > low ? high - low : 1n;
  const most = [asks.at(-1)?.sum ?? "0", bids.at(-1)?.sum ?? "0"].reduce((a, b) => (money.cmp(a, b) >= 0 ? a : b));
  const x = (price) => Number(((money.units(price, decimals) - low) * 1000n) / width);
  const y = (sum) => 100 - Math.round(money.share(sum, most) * 94);
  const steps = (levels, edge) => {
    if (!levels.length) return "";
    let path = `M${x(levels[0].price)} 100`;
    levels.forEach((level, at) => {
      path += `V${y(level.sum)}`;
      path += `H${levels[at + 1] ? x(levels[at + 1].price) : edge}`;
    });
    return `${path}V100Z`;
  };
  return html`<figure class="picture" aria-label=${t("book.picture")}>
    <svg viewBox="0 0 1000 100" preserveAspectRatio="none" role="img"><path class="bid" d=${steps(bids, 0)} /><path class="ask" d=${steps(asks, 1000)} /></svg>
    <figcaption><span>${num((bids.at(-1) ?? asks[0]).price, decimals)}</span><span>${num((asks.at(-1) ?? bids[0]).price, decimals)}</span></figcaption>
  </figure>`;
}

/** The best prices, and how far they are apart. */
function Touch({ book, decimals }) {
  const [[bid], [ask]] = [book.bids, book.asks];
  const level = (found) => (found ? `${num(found[0], decimals)} × ${figure(found[1])}` : "–");
  return html`<div class="indication touch"><span>${t("side.bid")} <b class="up">${level(bid)}</b></span>
    <span>${t("book.spread")} <b>${spread(book, decimals)}</b></span>
    <span>${t("side.ask")} <b class="down">${level(ask)}</b></span></div>`;
}

/** During a call auction the price and quantity that it would come to now; else the best prices, in the same place: nothing moves. */
export function Indication({ book, decimals }) {
  const { indication } = book;
  if (!indication) return html`<${Touch} book=${book} decimals=${decimals} />`;
  const left = indication.imbalance ?? "0";
  const way = money.sign(left);
  return html`<div class="indication" role="status"><span>${t("call.price")} <b>${indication.price ? num(indication.price, decimals) : "–"}</b></span>
    <span>${t("call.quantity")} <b>${num(indication.quantity ?? "0")}</b></span>
    <span>${t("call.imbalance")} <b class=${way > 0 ? "up" : way < 0 ? "down" : ""}>${num(left)}</b></span></div>`;
}
