// One-way auctions 单向竞价: what is announced, and own bids in it. Bids are sealed: nobody sees another's.
import { html, useState } from "../ui.js";
import { num, t, word } from "../i18n.js";
import { items } from "../api.js";
import { may } from "../commands.js";
import * as time from "../time.js";
import { useCommand, useGet, useSession } from "../hooks.js";
import { Dialog, Panel, ProblemNote, Receipt, Side, State, Sure } from "../parts/basic.js";
import { CommandForm } from "../parts/form.js";
import { Table } from "../parts/table.js";
import { useDecimals } from "../parts/blotter.js";
import { useAccount } from "../parts/ticket.js";

function Bids({ row, decimals, command, account }) {
  if (!row.own_bids?.length) return html`<span class="quiet">–</span>`;
  return row.own_bids.map((bid) => html`<div key=${bid.bid} class="line">${num(bid.price, decimals)} × ${num(bid.quantity)}
    <${Sure} className="small" onSure=${() => command.send("withdraw_bid", { account: bid.account ?? account, bid: bid.bid })}>${t("auctions.withdraw_bid")}<//></div>`);
}

/** The page of auctions, for bidders and for the operator. */
export function Auctions() {
  const { data, problem, loading, reload } = useGet("/v1/auctions", {}, { every: 4000 });
  const user = useSession();
  const decimals = useDecimals();
  const command = useCommand();
  const [account] = useAccount();
  const [asked, setAsked] = useState(null);
  const columns = [
    { key: "auction", label: t("field.auction"), num: true },
    { key: "instrument", label: t("field.instrument"), show: (row) => html`<b>${row.instrument}</b>` },
    { key: "side", label: t("auctions.side"), show: (row) => html`<${Side} side=${row.side} />` },
    { key: "quantity", label: t("field.quantity"), num: true, show: (row) => num(row.quantity) },
    { key: "reserve", label: t("field.reserve"), num: true, low: 1, show: (row) => (row.reserve ? num(row.reserve, decimals(row.instrument)) : "–") },
    { key: "opens", className: "when", label: t("auctions.window"), low: 1, show: (row) => `${time.moment(row.opens).slice(0, 16)} – ${time.clock(row.closes).slice(0, 5)}` },
    { key: "status", label: t("field.status"), show: (row) => html`<${State} value=${row.status} />` },
    { key: "own", label: t("auctions.own"), show: (row) => html`<${Bids} row=${row} decimals=${decimals(row.instrument)} command=${command} account=${account} />` },
    {
      key: "acts", label: "", className: "acts",
      show: (row) => html`${row.status === "open" && may(user, "place_bid") && account ? html`<button type="button" class="small main" data-bid=${row.auction} onClick=${() => setAsked(["place_bid", row])}>${t("do.place_bid")}</button>` : null}
        ${row.status === "awaits_lot" && may(user, "draw_lot") ? html`<button type="button" class="small main" data-lot=${row.auction} onClick=${() => setAsked(["draw_lot", row])}>${t("do.draw_lot")}</button>` : null}
        ${may(user, "cancel_auction") ? html`<button type="button" class="small" data-call-off=${row.auction} onClick=${() => setAsked(["cancel_auction", row])}>${t("do.cancel_auction")}</button>` : null}`,
    },
  ];
  return html`<div class=${`page ${may(user, "announce_auction") ? "split" : ""}`}><${Panel} title=${t("page.auctions")}><${ProblemNote} problem=${command.problem} /><${Receipt} receipt=${command.receipt} />
      <${Table} label=${t("page.auctions")} columns=${columns} rows=${items(data)} rowKey=${(row) => row.auction} problem=${problem} retry=${reload} loading=${loading} empty=${t("auctions.none")} /><//>
    ${may(user, "announce_auction") ? html`<${Panel} title=${t("do.announce_auction")}><${CommandForm} name="announce_auction" /><//>` : null}
    ${asked ? html`<${Dialog} title=${`${t(`do.${asked[0]}`)} · ${asked[1].auction} ${asked[1].instrument}`} onClose=${() => setAsked(null)}><${CommandForm} name=${asked[0]} fixed=${{ auction: asked[1].auction }} /><//>` : null}</div>`;
}
