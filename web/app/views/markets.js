// All markets and their instruments, live.
import { html } from "../ui.js";
import { num, short, t, word, list } from "../i18n.js";
import * as money from "../money.js";
import { items } from "../api.js";
import { go } from "../route.js";
import { useGet, useInstruments, useMarkets, useSession } from "../hooks.js";
import { Delta, Empty, Panel, ProblemNote, State, Tag } from "../parts/basic.js";
import { Fills, Orders } from "../parts/blotter.js";
import { Table } from "../parts/table.js";

/** The day's band as [low, high], or null. */
export function bandOf(item) {
  if (!item?.band) return null;
  return Array.isArray(item.band) ? item.band : [item.band.low, item.band.high];
}

/** The phase of an instrument; that it is delisted or halted is said before anything else. */
export const phaseOf = (item) => (item.delisted ? "delisted" : item.halted ? "halted" : item.kind === "listing" && item.phase === "continuous" ? "open" : item.phase);

/** The day so far as a line: the closes of its five minutes. Only the place on the screen is not exact. */
function Spark({ code, decimals, reference }) {
  const { data } = useGet(`/v1/instruments/${encodeURIComponent(code)}/candles`, { interval: "5m", limit: 60 }, { every: 60000, quiet: true });
  const closes = items(data).map((candle) => money.units(candle.close, decimals)).filter((value) => value !== null);
  if (closes.length < 2) return html`<svg class="line" viewBox="0 0 120 22" aria-hidden="true"></svg>`;
  const low = closes.reduce((a, b) => (b < a ? b : a));
  const high = closes.reduce((a, b) => (b > a ? b : a));
  const span = high > low ? high - low : 1n;
  const path = closes.map((value, at) => `${at ? "L" : "M"}${((at / (closes.length - 1)) * 118 + 1).toFixed(1)} ${20 - Number(((value - low) * 180n) / span) / 10}`).join("");
  const base = money.units(reference ?? "", decimals);
  return html`<svg class=${`line ${base !== null && closes.at(-1) < base ? "down" : "up"}`} viewBox="0 0 120 22" preserveAspectRatio="none" aria-hidden="true"><path d=${path} /></svg>`;
}

const columns = (decimals) => [
  { key: "code", label: t("field.instrument"), show: (row) => html`<b>${row.code}</b>`, width: "9em" },
  { key: "phase", label: t("field.phase"), show: (row) => html`<${State} kind="phase" value=${phaseOf(row)} />`, width: "8em" },
  { key: "last", label: t("field.last"), num: true, show: (row) => html`<b>${row.last ? num(row.last, decimals) : html`<span class="quiet">${num(row.reference, decimals)}</span>`}</b>` },
  { key: "change", label: t("field.change"), num: true, show: (row) => html`<${Delta} value=${row.change ?? null} decimals=${decimals} />` },
  { key: "percent", label: "%", num: true, show: (row) => html`<${Delta} value=${row.change && row.reference ? money.percent(row.change, row.reference) : null} decimals=${2} />` },
  { key: "line", label: t("markets.line"), low: 2, show: (row) => html`<${Spark} code=${row.code} decimals=${decimals} reference=${row.reference} />` },
  { key: "bid", label: t("side.bid"), num: true, low: 1, show: (row) => (row.bid ? num(row.bid, decimals) : "–") },
  { key: "ask", label: t("side.ask"), num: true, low: 1, show: (row) => (row.ask ? num(row.ask, decimals) : "–") },
  { key: "open", label: t("chart.open"), num: true, low: 2, show: (row) => (row.open ? num(row.open, decimals) : "–") },
  { key: "high", label: t("chart.high"), num: true, low: 2, show: (row) => (row.high ? num(row.high, decimals) : "–") },
  { key: "low", label: t("chart.low"), num: true, low: 2, show: (row) => (row.low ? num(row.low, decimals) : "–") },
  { key: "reference", label: t("field.reference"), num: true, low: 2, show: (row) => (row.reference ? num(row.reference, decimals) : "–") },
  { key: "volume", label: t("field.volume"), num: true, low: 1, show: (row) => html`<span title=${num(row.volume)}>${short(row.volume ?? "0")}</span>` },
  { key: "amount", label: t("field.turnover"), num: true, low: 2, show: (row) => html`<span title=${num(row.amount, 2)}>${short(row.amount ?? "0")}</span>` },
];

function Market({ market, rows }) {
  const methods = Object.entries(market.mechanisms ?? {}).filter(([, on]) => on).map(([name, sessions]) => html`<span class="quiet low2" key=${name}>${t(`method.${name}`)}${Array.isArray(sessions) ? ` ${sessions.join(" ")}` : ""}</span>`);
  const tools = html`${methods}
    ${market.holiday || market.trading_day === false ? html`<${Tag} tone="warn">${t("market.holiday")}<//>` : null}${market.day_ended ? html`<${Tag}>${t("market.day_ended")}<//>` : null}<b class="figure">${market.date}</b>`;
  return html`<${Panel} title=${html`${marketName(market)} <span class="quiet">${market.currency} / ${word(`unit.${market.unit}`, market.unit)}</span>`} tools=${tools} label=${marketName(market)}>
    <${Table} even label=${marketName(market)} columns=${columns(market.price_decimals)} rows=${rows} rowKey=${(row) => row.code} onOpen=${(row) => go("trade", row.code)} empty=${t("market.none")} />
  <//>`;
}

const marketName = (market) => word(`market.${market.code}`, market.name ?? market.code);

/** The overview. */
export function Markets() {
  const { markets, loaded, problem } = useMarkets();
  const { instruments, problem: second } = useInstruments();
  const user = useSession();
  return html`<div class="page"><${ProblemNote} problem=${problem} /><${ProblemNote} problem=${second} />
    ${markets.map((market) => html`<${Market} key=${market.code} market=${market} rows=${instruments.filter((item) => item.market === market.code)} />`)}
    ${user?.accounts?.length ? html`<div class="halves"><${Panel} title=${t("orders.open")}><${Orders} open /><//><${Panel} title=${t("page.fills")} className="short"><${Fills} /><//></div>` : null}
    ${markets.length || problem ? null : html`<${Empty}>${t(loaded ? "market.none" : "table.loading")}<//>`}</div>`;
}
