// Settlement of a day, and the firm's statement of it.
import { html, useState } from "../ui.js";
import { num, t, word } from "../i18n.js";
import { get, items } from "../api.js";
import * as money from "../money.js";
import { useGet, useMarkets } from "../hooks.js";
import { Facts, Panel, Side, State } from "../parts/basic.js";
import { Text } from "../parts/form.js";
import { Table } from "../parts/table.js";

function totals(rows) {
  const sum = (list, name) => list.reduce((all, row) => money.add(all, row[name] ?? "0") ?? all, "0");
  const bought = rows.filter((row) => row.side === "buy");
  const sold = rows.filter((row) => row.side === "sell");
  const fees = sum(rows, "fee");
  return { paid: sum(bought, "amount"), received: sum(sold, "amount"), fees, net: money.sub(money.sub(sum(sold, "amount"), sum(bought, "amount")), fees) };
}

function Statement({ market, title }) {
  const { data, problem, loading, reload } = useGet("/v1/statements", { market }, { every: 8000 });
  const rows = (data?.participants ?? []).flatMap((one) => [
    ...one.instruments.map((line) => ({ ...line, participant: one.participant })), { ...one.total, participant: one.participant, instrument: "", whole: true },
  ]);
  const sum = (key, decimals) => ({ key, label: t(`statement.${key}`), num: true, show: (row) => (row.whole ? html`<b>${num(row[key], decimals)}</b>` : num(row[key], decimals)) });
  const columns = [
    { key: "participant", label: t("field.participant"), low: 1 },
    { key: "instrument", label: t("field.instrument"), show: (row) => html`<b>${row.whole ? t("statement.total") : row.instrument}</b>` },
    { ...sum("bought"), low: 1 }, { ...sum("sold"), low: 1 }, { ...sum("paid", 2), low: 2 }, { ...sum("received", 2), low: 2 }, { ...sum("fees", 2), low: 2 }, sum("net", 2),
  ];
  return html`<${Panel} title=${title} tools=${data?.date ? html`<b class="figure">${data.date}</b>` : null}>
    <${Table} label=${title} columns=${columns} rows=${rows} rowKey=${(row) => `${row.participant} ${row.instrument}`} problem=${problem} retry=${reload} loading=${loading} empty=${t("settlement.no_statement")} /><//>`;
}

const PAGE = 1000;

/** The settlements of a day, the newest first: a page of them, and as many pages before it as were asked for. */
function useSettlements(date) {
  const first = useGet(date ? "/v1/settlements" : null, { date, limit: PAGE }, { every: 5000 });
  const [older, setOlder] = useState({ date, rows: [], next: undefined, busy: false, problem: null });
  const mine = older.date === date ? older : { date, rows: [], next: undefined, busy: false, problem: null };
  const next = mine.next === undefined ? first.data?.next ?? null : mine.next;
  // What moves out of the first page while others come in is kept.
  const known = new Map([...mine.rows, ...items(first.data)].map((row) => [row.fill, row]));
  const more = async () => {
    setOlder({ ...mine, busy: true, problem: null });
    try {
      const page = await get("/v1/settlements", { date, limit: PAGE, before: next });
      setOlder({ date, rows: [...known.values(), ...items(page)], next: page?.next ?? null, busy: false, problem: null });
    } catch (problem) {
      setOlder({ ...mine, busy: false, problem });
    }
  };
  return { rows: [...known.values()].sort((a, b) => b.fill - a.fill), next, more, busy: mine.busy, problem: first.problem ?? mine.problem, loading: first.loading, reload: first.reload };
}

/** The page of settlement. */
export function Settlement() {
  const { markets } = useMarkets();
  const [date, setDate] = useState("");
  const shown = date || markets[0]?.date || "";
  const { rows, next, more, busy, problem, loading, reload } = useSettlements(shown);
  const sum = totals(rows);
  const columns = [
    { key: "trade", label: t("field.trade"), num: true, show: (row) => row.obligation ?? row.trade },
    { key: "account", label: t("field.account") }, { key: "instrument", label: t("field.instrument"), show: (row) => html`<b>${row.instrument}</b>` },
    { key: "side", label: t("field.side"), show: (row) => html`<${Side} side=${row.side} />` },
    { key: "quantity", label: t("settlement.units"), num: true, show: (row) => num(row.quantity) },
    { key: "amount", label: t("settlement.money"), num: true, show: (row) => num(row.amount, 2) },
    { key: "fee", label: t("field.fee"), num: true, low: 1, show: (row) => num(row.fee ?? "0", 2) },
    { key: "status", label: t("field.status"), low: 1, show: (row) => html`<${State} value=${row.status && row.status !== "stands" ? row.status : row.settled ? "settled" : "pending"} />${row.settled ? html` <span class="quiet">#${row.settled}</span>` : null}` },
  ];
  return html`<div class="page">
    <${Panel} title=${t("settlement.day")} tools=${html`<${Text} label=${t("field.date")} type="date" value=${shown} onInput=${setDate} />`}>
      ${next ? html`<p class="hint">${t("settlement.of_newest", { count: num(String(rows.length)) })}</p>` : null}
      <${Facts} className="across" rows=${[[t("settlement.paid"), num(sum.paid, 2)], [t("settlement.received"), num(sum.received, 2)], [t("settlement.fees"), num(sum.fees, 2)], [t("settlement.net"), num(sum.net, 2)]]} />
      <${Table} label=${t("settlement.day")} columns=${columns} rows=${rows} rowKey=${(row) => row.fill ?? `${row.obligation ?? row.trade} ${row.account} ${row.side}`} problem=${problem} retry=${reload} loading=${loading} empty=${t("settlement.none")} />
      ${next ? html`<div class="row"><button type="button" data-more disabled=${busy} onClick=${more}>${t("trail.older")}</button></div>` : null}<//>
    ${markets.map((market) => html`<${Statement} key=${market.code} market=${market.code} title=${`${t("settlement.statement")} · ${word(`market.${market.code}`, market.name)}`} />`)}</div>`;
}
