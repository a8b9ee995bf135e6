// Blocks 大宗协议: what this firm proposed and what was proposed to it.
import { html, useState } from "../ui.js";
import { num, t } from "../i18n.js";
import { items } from "../api.js";
import { useCommand, useGet, useSession } from "../hooks.js";
import { Panel, ProblemNote, Receipt, Side, Sure, Tag } from "../parts/basic.js";
import { CommandForm } from "../parts/form.js";
import { Table } from "../parts/table.js";
import { useDecimals } from "../parts/blotter.js";

/** The page of blocks. */
export function Blocks() {
  const { data, problem, loading, reload } = useGet("/v1/blocks", {}, { every: 4000 });
  const user = useSession();
  const decimals = useDecimals();
  const command = useCommand();
  const own = (row) => (row.mine ? row.from : row.counterparty);
  const account = (row) => (user?.accounts?.includes(own(row)) ? own(row) : user?.accounts?.[0]);
  const columns = [
    { key: "proposal", label: t("field.proposal"), num: true, low: 1 },
    { key: "mine", label: "", named: t("blocks.way"), show: (row) => html`<${Tag}>${t(row.mine ? "blocks.out" : "blocks.in")}<//>` },
    { key: "instrument", label: t("field.instrument"), show: (row) => html`<b>${row.instrument}</b>` },
    { key: "side", label: t("blocks.side"), show: (row) => html`<${Side} side=${row.side} />` },
    { key: "price", label: t("field.price"), num: true, show: (row) => num(row.price, decimals(row.instrument)) },
    { key: "quantity", label: t("field.quantity"), num: true, show: (row) => num(row.quantity) },
    { key: "from", label: t("blocks.from"), low: 1 }, { key: "counterparty", label: t("field.counterparty"), low: 1 },
    {
      key: "acts", label: "", className: "acts",
      show: (row) => html`${row.mine ? null : html`<${Sure} className="small main accept" onSure=${() => command.send("accept_block", { account: account(row), proposal: row.proposal })}>${t("blocks.accept")}<//>`}
        <${Sure} className="small end" onSure=${() => command.send("withdraw_block", { account: account(row), proposal: row.proposal })}>${t(row.mine ? "blocks.withdraw" : "blocks.decline")}<//>`,
    },
  ];
  return html`<div class="page split"><${Panel} title=${t("page.blocks")}><${ProblemNote} problem=${command.problem} /><${Receipt} receipt=${command.receipt} />
      <${Table} label=${t("page.blocks")} columns=${columns} rows=${items(data)} rowKey=${(row) => row.proposal} problem=${problem} retry=${reload} loading=${loading} empty=${t("blocks.none")} /><//>
    <${Panel} title=${t("do.propose_block")}><${CommandForm} name="propose_block" /><//></div>`;
}
