// The trading screen of one instrument.
import { html, useEffect, useLayoutEffect, useMemo, useState } from "../ui.js";
import { num, short, t, word } from "../i18n.js";
import * as money from "../money.js";
import * as time from "../time.js";
import { bookFeed, heardTime, tradesFeed } from "../feeds.js";
import { go, href } from "../route.js";
import { useFeed, useInstrument, useInstruments, useKeys, useMarkets, useSession } from "../hooks.js";
import { choose, prefs } from "../prefs.js";
import { useStore } from "../store.js";
import { clearTicket, fillTicket } from "../ticket.js";
import { EMPTY } from "../book.js";
import { isOpen } from "../orders.js";
import { Delta, Empty, Panel, ProblemNote, State, Tabs } from "../parts/basic.js";
import { CancelAll, Fills, Orders, useCancel, useOrders } from "../parts/blotter.js";
import { Chart } from "../parts/chart.js";
import { Depth, DepthPicture, Indication } from "../parts/depth.js";
import { Ladder } from "../parts/ladder.js";
import { Listings } from "../parts/listings.js";
import { HoldingsTable } from "../parts/holdings.js";
import { Ticket, useAccount } from "../parts/ticket.js";
import { bandOf, phaseOf } from "./markets.js";

/** Chosen tabs are remembered. */
function useTab(name, first) {
  const { tab } = useStore(prefs);
  return [tab[name] ?? first, (next) => choose({ tab: { ...prefs.get().tab, [name]: next } })];
}

function Watchlist({ current }) {
  const { instruments } = useInstruments();
  const { markets } = useMarkets();
  const decimals = (item) => markets.find((market) => market.code === item.market)?.price_decimals ?? 2;
  return html`<nav class="watchlist" aria-label=${t("trade.watchlist")}>
    ${instruments.filter((item) => !item.delisted || item.code === current).map((item) => html`<a key=${item.code} href=${href("trade", item.code)} aria-current=${item.code === current ? "page" : undefined}>
      <b>${item.code}</b><span class="figure">${num(item.last ?? item.reference, decimals(item))}</span>
      <small>${word(`phase.${phaseOf(item)}`, phaseOf(item))}</small><small><${Delta} value=${item.change && item.reference ? money.percent(item.change, item.reference) : null} decimals=${2} unit="%" /></small></a>`)}
  </nav>`;
}

function Headline({ instrument, market }) {
  const decimals = market.price_decimals;
  const fact = (name, value, low) => html`<div class=${low ? `low${low}` : undefined}><dt>${name}</dt><dd>${value}</dd></div>`;
  const price = (value) => (value ? num(value, decimals) : "–");
  return html`<section class="headline" aria-label=${instrument.code}>
    <h1>${instrument.code}</h1><${State} kind="phase" value=${phaseOf(instrument)} />
    <div class="big figure">${price(instrument.last ?? instrument.reference)}</div>
    <div class="figure"><${Delta} value=${instrument.change ?? null} decimals=${decimals} /> <${Delta} value=${instrument.change && instrument.reference ? money.percent(instrument.change, instrument.reference) : null} decimals=${2} unit="%" /></div>
    <dl>${fact(t("chart.open"), price(instrument.open), 2)}${fact(t("chart.high"), price(instrument.high), 1)}${fact(t("chart.low"), price(instrument.low), 1)}
      ${fact(t("field.reference"), price(instrument.reference), 2)}
      ${fact(t("field.band"), bandOf(instrument)?.map(price).join(" – ") ?? "–", 2)}
      ${fact(t("field.volume"), html`<span title=${num(instrument.volume)}>${short(instrument.volume ?? "0")}</span>`)}${fact(t("field.turnover"), html`<span title=${num(instrument.amount, 2)}>${short(instrument.amount ?? "0")}</span>`, 1)}</dl>
  </section>`;
}

function Trades({ code, decimals }) {
  const feed = useMemo(() => tradesFeed(code), [code]);
  const { data, problem } = useFeed(feed);
  const today = time.date(heardTime.get());
  return html`<div class="tape"><${ProblemNote} problem=${problem} />
    <div class="level head"><span>${t("field.time")}</span><span class="r">${t("field.price")}</span><span class="r">${t("field.quantity")}</span></div>
    <div class="rows" tabindex="0" role="group" aria-label=${t("trade.trades")}>${(data ?? []).slice(0, 80).map((trade, row) => html`<div class="level" key=${row}>
      <span class="quiet">${time.brief(trade.time, today)}</span><span class=${trade.side === "buy" ? "up r" : trade.side === "sell" ? "down r" : "r"}>${num(trade.price, decimals)}</span><span class="r">${trade.status === "busted" ? html`<s title=${t("status.busted")}>${num(trade.quantity)}</s>` : num(trade.quantity)}</span></div>`)}
      ${data && !data.length ? html`<${Empty}>${t("trade.no_trades")}<//>` : null}</div></div>`;
}

function Book({ instrument, market }) {
  const listed = instrument.kind === "listing";
  const [tab, setTab] = useTab("book", "ladder");
  const feed = useMemo(() => bookFeed(instrument.code), [instrument.code]);
  const { data, problem } = useFeed(feed);
  const { data: orders } = useOrders();
  const { cancel, problem: failed } = useCancel();
  const own = useMemo(() => (orders ?? []).filter((order) => order.instrument === instrument.code && isOpen(order) && !order.listing), [orders, instrument.code]);
  const book = data ?? EMPTY;
  const decimals = market.price_decimals;
  const pick = (side, price) => fillTicket((side ? { side, price } : { price }));
  const options = listed ? [["listings", t("method.listing")], ["trades", t("trade.trades")]]
    : [["ladder", t("book.ladder")], ["depth", t("book.depth")], ...(instrument.kind === "both" ? [["listings", t("method.listing")]] : []), ["trades", t("trade.trades")]];
  const shown = options.some(([name]) => name === tab) ? tab : options[0][0];
  return html`<${Panel} fill className="book" title=${html`<${Tabs} label=${t("trade.book")} value=${shown} onChange=${setTab} options=${options} />`} label=${t("trade.book")}>
    ${listed ? null : html`<${ProblemNote} problem=${problem} /><${ProblemNote} problem=${failed} />`}
    ${!listed && shown !== "trades" && shown !== "listings" ? html`<${Indication} book=${book} decimals=${decimals} />` : null}
    ${shown === "ladder" ? html`<${Ladder} key=${instrument.code} book=${book} instrument=${instrument} own=${own} decimals=${decimals} tick=${money.units(market.tick, decimals) || 1n} onPick=${pick} onCancel=${cancel} />` : null}
    ${shown === "depth" ? html`<${DepthPicture} book=${book} decimals=${decimals} /><${Depth} book=${book} instrument=${instrument} decimals=${decimals} onPick=${pick} />` : null}
    ${shown === "listings" ? html`<${Listings} instrument=${instrument} market=${market} />` : null}
    ${shown === "trades" ? html`<${Trades} code=${instrument.code} decimals=${decimals} />` : null}
  <//>`;
}

function Below({ instrument }) {
  const [tab, setTab] = useTab("below", "open");
  const [account] = useAccount();
  const options = [["open", t("orders.open")], ["all", t("orders.all")], ["fills", t("page.fills")], ["holdings", t("page.holdings")]];
  return html`<${Panel} fill className="below" label=${t("trade.blotter")} title=${html`<${Tabs} label=${t("trade.blotter")} value=${tab} onChange=${setTab} options=${options} />`}
      tools=${tab === "open" ? html`<${CancelAll} instrument=${instrument.code} />` : null}>
    ${tab === "open" ? html`<${Orders} open />` : tab === "all" ? html`<${Orders} />` : tab === "fills" ? html`<${Fills} />` : html`<${HoldingsTable} account=${account} />`}
  <//>`;
}

/** The screen. Without a code it goes to the first instrument. */
export function Trade({ rest }) {
  const code = rest[0];
  const user = useSession();
  const { instruments } = useInstruments();
  const { instrument, market, loaded, problem } = useInstrument(code);
  const [pane, setPane] = useState("book");
  useEffect(() => {
    if (!code && instruments.length) go("trade", (instruments.find((item) => !item.delisted) ?? instruments[0]).code);
  }, [code, instruments.length]);
  // Before anything can be typed into it.
  useLayoutEffect(() => clearTicket(), [code]);
  useKeys({
    b: () => { setPane("ticket"); fillTicket({ side: "buy", focus: Date.now() }); },
    s: () => { setPane("ticket"); fillTicket({ side: "sell", focus: Date.now() }); },
  });
  if (!instrument || !market) {
    return html`<div class="page"><${ProblemNote} problem=${problem} />${problem ? null : html`<${Empty}>${t(loaded && code && instruments.length && !instrument ? "trade.unknown" : "table.loading", { code })}<//>`}</div>`;
  }
  const trades = (user?.accounts ?? []).length > 0;
  const panes = [["book", t("trade.book")], ["chart", t("trade.chart")], ...(trades ? [["ticket", t("ticket.title")], ["below", t("trade.blotter")]] : [])];
  return html`<div class=${`trade pane-${pane} ${trades ? "" : "watching"}`}>
    <${Watchlist} current=${code} />
    <${Headline} instrument=${instrument} market=${market} />
    <div class="panes"><${Tabs} label=${t("trade.panes")} value=${pane} onChange=${setPane} options=${panes} /></div>
    <${Panel} fill className="charts" label=${t("trade.chart")}><${Chart} key=${code} instrument=${code} decimals=${market.price_decimals} /><//>
    <${Book} instrument=${instrument} market=${market} />
    <div class="side">${trades ? html`<${Panel} className="entry" title=${t("ticket.title")}><${Ticket} key=${code} instrument=${instrument} market=${market} /><//>` : null}
      <${Panel} fill className="tapes" title=${t("trade.trades")}><${Trades} code=${code} decimals=${market.price_decimals} /><//></div>
    ${trades ? html`<${Below} instrument=${instrument} />` : null}
  </div>`;
}
