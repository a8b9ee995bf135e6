// The order ladder: one row for every tick around the best prices. A click names side and price for the ticket.
import { html, useEffect, useMemo, useRef, useState } from "../ui.js";
import { figure, num, t } from "../i18n.js";
import * as money from "../money.js";
import { Empty } from "./basic.js";

const REACH = 24;
const ROW_PX = 21;

const asTicks = (price, decimals) => (price ? money.units(price, decimals) : null);

function centreOf(book, last, reference, decimals) {
  const bid = asTicks(book.bids[0]?.[0], decimals);
  const ask = asTicks(book.asks[0]?.[0], decimals);
  if (bid !== null && ask !== null) return (bid + ask) / 2n;
  return bid ?? ask ?? asTicks(last, decimals) ?? asTicks(reference, decimals);
}

function byPrice(levels, decimals) {
  const found = new Map();
  for (const level of levels) found.set(asTicks(level[0], decimals), level);
  return found;
}

function ownByPrice(orders, decimals) {
  const found = new Map();
  for (const order of orders) {
    const at = asTicks(order.price, decimals);
    if (at === null) continue;
    const key = `${order.side}${at}`;
    const old = found.get(key) ?? { left: "0", orders: [] };
    found.set(key, { left: money.add(old.left, order.left ?? order.quantity), orders: [...old.orders, order] });
  }
  return found;
}

/** book, own open orders of the instrument, price decimals; `onPick(side, price)`, `onCancel(orders)`. */
export function Ladder({ book, instrument, own, decimals, tick = 1n, onPick, onCancel }) {
  const box = useRef(null);
  const wanted = centreOf(book, instrument.last, instrument.reference, decimals);
  const [centre, setCentre] = useState(wanted);
  const away = centre === null || wanted === null ? true : (wanted > centre ? wanted - centre : centre - wanted) > BigInt(REACH / 3) * tick;
  useEffect(() => {
    if (wanted !== null && (centre === null || away)) setCentre(wanted);
  }, [wanted, away]);
  useEffect(() => {
    const at = box.current;
    if (at) at.scrollTop = Math.max(0, ((2 * REACH + 1) * ROW_PX - at.clientHeight) / 2);
  }, [centre, box.current]);
  const bids = useMemo(() => byPrice(book.bids, decimals), [book]);
  const asks = useMemo(() => byPrice(book.asks, decimals), [book]);
  const mine = useMemo(() => ownByPrice(own, decimals), [own]);
  if (centre === null) return html`<${Empty}>${t("book.no_price")}<//>`;
  const most = [...book.bids.slice(0, REACH), ...book.asks.slice(0, REACH)].reduce((max, level) => (money.cmp(level[1], max) > 0 ? level[1] : max), "0");
  const middle = centre - (centre % tick);
  const rows = [];
  for (let step = REACH; step >= -REACH; step -= 1) {
    const at = middle + BigInt(step) * tick;
    if (at > 0n) rows.push({ step, at });
  }
  const last = asTicks(instrument.last, decimals);
  const onKey = (event) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const row = event.target.closest(".rung");
    if (!row) return;
    if (by) {
      event.preventDefault();
      (by > 0 ? row.nextElementSibling : row.previousElementSibling)?.querySelector(`.${event.target.dataset.part}`)?.focus();
    }
    if (event.key === "ArrowLeft") row.querySelector(".bid")?.focus();
    if (event.key === "ArrowRight") row.querySelector(".ask")?.focus();
  };
  const cell = (side, level, price) => html`<button type="button" tabindex="-1" data-part=${side === "buy" ? "bid" : "ask"} class=${side === "buy" ? "bid" : "ask"}
      title=${level ? num(level[1]) : undefined} aria-label=${t(side === "buy" ? "ladder.buy_at" : "ladder.sell_at", { price }) + (level ? t("mark.colon") + figure(level[1]) : "")} onClick=${() => onPick(side, price)}>
    ${level ? html`<i style=${`transform:scaleX(${money.share(level[1], most)})`}></i><b>${figure(level[1])}</b>` : ""}</button>`;
  const ownCell = (found) => (found ? html`<button type="button" class="own" title=${`${t("ladder.cancel")} ${num(found.left)}`} aria-label=${`${t("ladder.cancel")} ${figure(found.left, "99999")}`} onClick=${() => onCancel(found.orders)}>${figure(found.left, "99999")}<s aria-hidden="true">✕</s></button>` : html`<span class="own"></span>`);
  return html`<div class="ladder" role="group" aria-label=${t("ladder.label")}>
    <div class="rung head"><span>${t("ladder.own")}</span><span class="r">${t("side.bid")}</span><span class="c">${t("field.price")}</span><span>${t("side.ask")}</span><span class="r">${t("ladder.own")}</span></div>
    <div class="rungs" ref=${box} onKeyDown=${onKey}>
      ${rows.map(({ step, at }) => {
        const price = money.text(at, decimals);
        // A row keeps its place and takes another price when the ladder follows the market: nothing is moved.
        return html`<div key=${step} class=${`rung ${at === last ? "last" : ""}`} data-price=${price}>
          ${ownCell(mine.get(`buy${at}`))}${cell("buy", bids.get(at), price)}
          <button type="button" class="c price" data-part="price" tabindex=${at === middle ? 0 : -1} onClick=${() => onPick(null, price)}>${num(price, decimals)}</button>
          ${cell("sell", asks.get(at), price)}${ownCell(mine.get(`sell${at}`))}
        </div>`;
      })}
    </div>
  </div>`;
}
