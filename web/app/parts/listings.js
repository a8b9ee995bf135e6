// Listed trading 挂牌: offers to buy and to sell, of which a taker picks one and takes all or a part.
import { html, useMemo, useState } from "../ui.js";
import { num, t, word } from "../i18n.js";
import * as money from "../money.js";
import { listingsFeed } from "../feeds.js";
import { useCommand, useFeed, useSession } from "../hooks.js";
import { Dialog, Facts, ProblemNote, Receipt, Side } from "./basic.js";
import { Select, Text } from "./form.js";
import { Table } from "./table.js";
import { useAccount } from "./ticket.js";

const opposite = (side) => (side === "sell" ? "buy" : "sell");

/** Both sides of an instrument's listings. */
export function Listings({ instrument, market }) {
  const feed = useMemo(() => listingsFeed(instrument.code), [instrument.code]);
  const { data, problem } = useFeed(feed);
  const [picked, setPicked] = useState(null);
  const decimals = market?.price_decimals ?? 2;
  const columns = (side) => [
    { key: "price", label: t("field.price"), num: true, show: (row) => html`<b class=${side === "sell" ? "down" : "up"}>${num(row.price, decimals)}</b>` },
    { key: "quantity", label: t("field.quantity"), num: true, show: (row) => num(row.quantity) },
    { key: "listing", label: t("field.listing"), num: true, low: 2, show: (row) => html`<span class="quiet">${row.listing}</span>` },
    {
      key: "act", label: "", className: "acts",
      show: (row) => (row.own ? html`<span class="tag">${t("word.own")}</span>`
        : html`<button type="button" class=${`small ${opposite(row.side ?? side)}`} data-take=${row.listing} onClick=${() => setPicked({ side, ...row })}>${t(side === "sell" ? "listings.buy" : "listings.sell")}</button>`),
    },
  ];
  const half = (side, rows) => html`<div class="half"><h3>${t(side === "sell" ? "listings.asks" : "listings.bids")}</h3>
    <${Table} label=${t(side === "sell" ? "listings.asks" : "listings.bids")} columns=${columns(side)} rows=${rows} rowKey=${(row) => row.listing} loading=${!data}
      onOpen=${(row) => !row.own && setPicked({ side, ...row })} empty=${t("listings.none")} /></div>`;
  return html`<div class="listings" tabindex="0" role="group" aria-label=${t("method.listing")}><${ProblemNote} problem=${problem} />
    ${half("sell", data?.asks ?? [])}${half("buy", data?.bids ?? [])}
    ${picked ? html`<${Take} listing=${picked} left=${(data ? [...data.asks, ...data.bids].find((row) => row.listing === picked.listing)?.quantity : undefined) ?? (data ? "0" : picked.quantity)} instrument=${instrument} market=${market} onClose=${() => setPicked(null)} />` : null}
  </div>`;
}

/** Takes a listing. */
function Take({ listing, left, instrument, market, onClose }) {
  const [account, setAccount] = useAccount();
  const [quantity, setQuantity] = useState(listing.quantity);
  const [wrong, setWrong] = useState(null);
  const { busy, problem, receipt, send } = useCommand();
  const side = opposite(listing.side);
  const decimals = market?.price_decimals ?? 2;
  const count = money.read(quantity, market?.unit_decimals ?? 0);
  const onSubmit = async (event) => {
    event.preventDefault();
    setWrong(count.error ? t(count.error) : null);
    if (count.error || busy) return;
    await send("take_listing", { account, listing: listing.listing, quantity: count.value });
  };
  return html`<${Dialog} title=${t(side === "buy" ? "listings.take_buy" : "listings.take_sell", { instrument: instrument.code })} onClose=${onClose}>
    <form onSubmit=${onSubmit} novalidate data-form="take">
      <${Facts} rows=${[[t("field.listing"), listing.listing], [t("field.side"), html`<${Side} side=${side} />`], [t("field.price"), num(listing.price, decimals)], [t("listings.left"), num(left)],
        [t("field.amount"), count.value ? num(money.round(money.mul(listing.price, count.value), 2), 2) : "–"]]} />
      <div class="fields two"><${AccountSelect} account=${account} set=${setAccount} />
        <${Text} label=${`${t("field.quantity")} · ${word(`unit.${market?.unit}`, market?.unit ?? "")}`} class="num" inputmode="decimal" value=${quantity} onInput=${setQuantity} error=${wrong} autofocus name="quantity" /></div>
      <div class="row end"><button type="button" onClick=${onClose}>${t(receipt ? "act.close" : "act.back")}</button>
        ${receipt ? null : html`<button class=${`main ${side}`} disabled=${busy}>${t("listings.take")}</button>`}</div>
      <${ProblemNote} problem=${problem} /><${Receipt} receipt=${receipt} />
    </form><//>`;
}

/** The user's own accounts. */
export function AccountSelect({ account, set, all }) {
  const user = useSession();
  const options = (user?.accounts ?? []).map((item) => [item, item]);
  return html`<${Select} label=${t("field.account")} value=${account} onChange=${set} options=${all ? [["", t("word.all")], ...options] : options} />`;
}
