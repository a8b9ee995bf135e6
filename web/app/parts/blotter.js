// Own orders and fills, with what can be done to each.
import { html, useMemo, useState } from "../ui.js";
import { num, t, word } from "../i18n.js";
import * as money from "../money.js";
import { isOpen } from "../orders.js";
import * as time from "../time.js";
import { fillsFeed, heardTime, ordersFeed } from "../feeds.js";
import { useCommand, useFeed, useInstruments, useMarkets, useSession } from "../hooks.js";
import { Dialog, Facts, ProblemNote, Receipt, Side, State, Sure } from "./basic.js";
import { Text } from "./form.js";
import { Table } from "./table.js";

/** Price decimals by instrument code. */
export function useDecimals() {
  const { markets } = useMarkets();
  const { instruments } = useInstruments();
  return useMemo(() => {
    const byMarket = new Map(markets.map((market) => [market.code, market.price_decimals]));
    const found = new Map(instruments.map((item) => [item.code, byMarket.get(item.market) ?? 2]));
    return (code) => found.get(code) ?? 2;
  }, [markets, instruments.length]);
}

/** What a feed has of the user's own accounts: whoever supervises is told everyone's. */
function useOwn(feed) {
  const { data, problem } = useFeed(feed);
  const user = useSession();
  return { data: useMemo(() => data && data.filter((item) => user?.accounts?.includes(item.account)), [data, user]), problem };
}

/** Own orders as the stream has them. */
export const useOrders = () => useOwn(useMemo(ordersFeed, []));

/** Cancels some orders or listings of one's own. */
export function useCancel() {
  const command = useCommand();
  const cancel = async (orders) => {
    for (const order of orders) {
      if (order.listing) await command.send("cancel_listing", { account: order.account, listing: order.order });
      else await command.send("cancel_order", { account: order.account, order: order.order });
    }
  };
  return { ...command, cancel };
}

/** The blotter of orders; `only` an instrument, or all. */
export function Orders({ only, open, account }) {
  const { data, problem } = useOrders();
  const decimals = useDecimals();
  const { cancel, problem: failed } = useCancel();
  const [amended, setAmended] = useState(null);
  const rows = (data ?? []).filter((order) => (!only || order.instrument === only) && (!open || isOpen(order)) && (!account || order.account === account));
  const today = time.date(heardTime.get());
  const columns = [
    { key: "time", className: "when", label: t("field.time"), low: 1, show: (row) => html`<span class="quiet">${time.brief(row.time, today)}</span>` },
    only ? null : { key: "instrument", label: t("field.instrument"), show: (row) => html`<b>${row.instrument}</b>` },
    { key: "side", label: t("field.side"), show: (row) => html`<${Side} side=${row.side} />` },
    { key: "price", label: t("field.price"), num: true, show: (row) => (row.price ? num(row.price, decimals(row.instrument)) : t("kind.market")) },
    { key: "left", label: t("field.left"), num: true, show: (row) => num(row.left) },
    { key: "filled", label: t("field.filled"), num: true, low: 1, show: (row) => html`${num(row.filled ?? "0")}<span class="quiet"> / ${num(row.quantity)}</span>` },
    { key: "life", label: t("field.life"), low: 2, show: (row) => (row.listing ? t("method.listing") : word(`life.${row.life}`, row.life)) },
    { key: "account", label: t("field.account"), low: 2 },
    { key: "status", label: t("field.status"), low: open ? 2 : 1, show: (row) => html`<${State} value=${row.status} />` },
    { key: "order", label: t("field.order"), num: true, low: 2, show: (row) => html`<span class="quiet">${row.order}</span>` },
    {
      key: "acts", label: "", className: "acts",
      show: (row) => (isOpen(row) ? html`${row.listing ? null : html`<button type="button" class="small" data-amend=${row.order} onClick=${() => setAmended(row)}>${t("act.amend")}</button>`}
        <button type="button" class="small" data-cancel=${row.order} aria-label=${`${t("act.cancel")} ${row.order}`} onClick=${() => cancel([row])}>${t("act.cancel")}</button>` : null),
    },
  ];
  return html`<${ProblemNote} problem=${failed} />
    <${Table} label=${t("page.orders")} columns=${columns} rows=${rows} rowKey=${(row) => `${row.listing ? "L" : "O"}${row.order}`} problem=${problem} loading=${!data}
      onOpen=${(row) => !row.listing && setAmended(row)} empty=${t(open ? "orders.none_open" : "orders.none")} rowClass=${(row) => (isOpen(row) ? "" : "over")} />
    ${amended ? html`<${Amend} order=${amended} decimals=${decimals(amended.instrument)} onClose=${() => setAmended(null)} />` : null}`;
}

/** What else was said of an order when it was entered; of its own id, that the log does not have it where it does not. */
function Terms({ order, decimals }) {
  const rows = [
    [t("field.own_id"), order.id ? html`<code>${order.id}</code>` : html`<span class="quiet">${t("orders.id_unknown")}</span>`],
    [t("field.life"), word(`life.${order.life}`, order.life)],
    order.until ? [t("field.until"), order.until] : null,
    order.self_trade ? [t("field.self_trade"), word(`self_trade.${order.self_trade}`, order.self_trade)] : null,
    order.post_only ? [t("field.post_only"), t("word.yes")] : null,
    order.funds ? [t("field.funds"), num(order.funds)] : null,
    order.funds ? [t("field.spent"), num(order.spent)] : null,
    order.minimum ? [t("field.minimum"), num(order.minimum)] : null,
    order.display ? [t("field.display"), num(order.display)] : null,
    order.trigger ? [t("field.trigger"), num(order.trigger, decimals)] : null,
  ];
  return html`<${Facts} className="across" rows=${rows.filter(Boolean)} />`;
}

function Amend({ order, decimals, onClose }) {
  const [price, setPrice] = useState(order.price ?? "");
  const [quantity, setQuantity] = useState(order.quantity);
  const [wrong, setWrong] = useState({});
  const { busy, problem, receipt, send } = useCommand();
  const onSubmit = async (event) => {
    event.preventDefault();
    const p = money.read(price, decimals);
    const q = money.read(quantity);
    setWrong({ price: p.error && t(p.error), quantity: q.error && t(q.error) });
    if (p.error || q.error || busy) return;
    if (await send("amend_order", { account: order.account, order: order.order, price: p.value, quantity: q.value })) onClose();
  };
  if (!isOpen(order)) return html`<${Dialog} title=${`${t("field.order")} ${order.order}`} onClose=${onClose}><${Terms} order=${order} decimals=${decimals} /><//>`;
  return html`<${Dialog} title=${t("orders.amend", { order: order.order })} onClose=${onClose}><${Terms} order=${order} decimals=${decimals} /><form onSubmit=${onSubmit} novalidate data-form="amend">
    <div class="fields two"><${Text} label=${t("field.price")} class="num" value=${price} onInput=${setPrice} error=${wrong.price} name="price" autofocus />
      <${Text} label=${t("field.quantity_in_all")} class="num" value=${quantity} onInput=${setQuantity} error=${wrong.quantity} hint=${t("orders.amend_hint")} name="quantity" /></div>
    <div class="row end"><button type="button" onClick=${onClose}>${t("act.back")}</button><button class="main" disabled=${busy}>${t("act.amend")}</button></div>
    <${ProblemNote} problem=${problem} /><${Receipt} receipt=${receipt} /></form><//>`;
}

/** A button that withdraws everything of an account, or of all. */
export function CancelAll({ account, instrument }) {
  const user = useSession();
  const { send, problem } = useCommand();
  const fields = { ...(account ? { account } : { participant: user?.participant }), ...(instrument ? { instrument } : {}) };
  return html`<${Sure} className="small" onSure=${() => send("mass_cancel", fields)}>${t("orders.cancel_all")}<//><${ProblemNote} problem=${problem} />`;
}

/** The blotter of fills. */
export function Fills({ only, account }) {
  const { data, problem } = useOwn(useMemo(fillsFeed, []));
  const decimals = useDecimals();
  const today = time.date(heardTime.get());
  const rows = (data ?? []).filter((fill) => (!only || fill.instrument === only) && (!account || fill.account === account));
  const columns = [
    { key: "time", className: "when", label: t("field.time"), show: (row) => html`<span class="quiet">${time.brief(row.time, today)}</span>` },
    only ? null : { key: "instrument", label: t("field.instrument"), show: (row) => html`<b>${row.instrument}</b>` },
    { key: "side", label: t("field.side"), show: (row) => html`<${Side} side=${row.side} />` },
    { key: "price", label: t("field.price"), num: true, show: (row) => num(row.price, decimals(row.instrument)) },
    { key: "quantity", label: t("field.quantity"), num: true, show: (row) => num(row.quantity) },
    { key: "amount", label: t("field.amount"), num: true, low: 1, show: (row) => num(row.amount, 2) },
    { key: "fee", label: t("field.fee"), num: true, low: 2, show: (row) => (row.fee === undefined || row.fee === null ? "–" : num(row.fee, 2)) },
    { key: "method", label: t("field.method"), low: 2, show: (row) => word(`method.${row.method}`, row.method) },
    { key: "account", label: t("field.account"), low: 2 },
    { key: "trade", label: t("field.trade"), num: true, low: 1, show: (row) => html`<span class="quiet">${row.trade}</span>` },
  ];
  return html`<${Table} label=${t("page.fills")} columns=${columns} rows=${rows} rowKey=${(row) => `${row.trade} ${row.account} ${row.side}`} problem=${problem} loading=${!data} empty=${t("fills.none")} />`;
}
