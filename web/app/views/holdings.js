// Holdings, and what a custodian does with them.
import { html, useState } from "../ui.js";
import { num, t, word } from "../i18n.js";
import { items } from "../api.js";
import { may } from "../commands.js";
import { useCommand, useGet, useSession } from "../hooks.js";
import { Empty, Panel, ProblemNote, Receipt, State, Sure, Tabs, Tag } from "../parts/basic.js";
import { CommandForm, Select } from "../parts/form.js";
import { HoldingsTable } from "../parts/holdings.js";
import { Table } from "../parts/table.js";

const ACTS = ["transfer", "pledge", "request_withdrawal", "surrender", "apply_carry_over", "cancel_units", "deposit", "settle_withdrawal"];

/** Commands behind tabs; only those the user may send. */
export function CommandTabs({ names, title, fixed, initial }) {
  const user = useSession();
  const allowed = names.filter((name) => may(user, name));
  const [chosen, setChosen] = useState("");
  const name = allowed.includes(chosen) ? chosen : allowed[0];
  if (!name) return null;
  return html`<${Panel} title=${title}>
    <${Select} label=${t("form.command")} value=${name} onChange=${setChosen} options=${allowed.map((item) => [item, t(`do.${item}`)])} name="command" />
    <${CommandForm} key=${name} name=${name} fixed=${fixed} initial=${initial} /><//>`;
}

function Pledges() {
  const { data, problem, loading } = useGet("/v1/pledges", {}, { every: 5000 });
  const command = useCommand();
  const columns = [
    { key: "pledge", label: t("field.pledge"), num: true, low: 1 },
    { key: "account", label: t("field.account") }, { key: "asset", label: t("field.asset") },
    { key: "quantity", label: t("field.quantity"), num: true, show: (row) => num(row.quantity) },
    { key: "pledgee", label: t("field.pledgee"), low: 1 },
    { key: "acts", label: "", className: "acts", show: (row) => html`<${Sure} className="small" onSure=${() => command.send("release_pledge", { pledge: row.pledge })}>${t("do.release_pledge")}<//>` },
  ];
  return html`<${ProblemNote} problem=${command.problem} /><${Receipt} receipt=${command.receipt} />
    <${Table} label=${t("holding.pledges")} columns=${columns} rows=${items(data)} rowKey=${(row) => row.pledge} problem=${problem} loading=${loading} />`;
}

function Withdrawals() {
  const { data, problem, loading } = useGet("/v1/withdrawals", {}, { every: 5000 });
  const user = useSession();
  const command = useCommand();
  const columns = [
    { key: "withdrawal", label: t("field.withdrawal"), num: true },
    { key: "account", label: t("field.account") },
    { key: "amount", label: t("field.amount"), num: true, show: (row) => html`${num(row.amount, 2)} <span class="quiet">${row.currency ?? ""}</span>` },
    { key: "status", label: t("field.status"), show: (row) => html`<${State} value=${row.status ?? "pending"} />` },
    {
      key: "acts", label: "", className: "acts",
      show: (row) => (may(user, "settle_withdrawal") && (row.status ?? "pending") === "pending" ? html`
        <${Sure} className="small main" onSure=${() => command.send("settle_withdrawal", { withdrawal: row.withdrawal, paid: true })}>${t("bank.paid")}<//>
        <${Sure} className="small" onSure=${() => command.send("settle_withdrawal", { withdrawal: row.withdrawal, paid: false })}>${t("bank.not_paid")}<//>` : null),
    },
  ];
  return html`<${ProblemNote} problem=${command.problem} /><${Receipt} receipt=${command.receipt} />
    <${Table} label=${t("holding.withdrawals")} columns=${columns} rows=${items(data)} rowKey=${(row) => row.withdrawal} problem=${problem} loading=${loading} />`;
}

function AccountHoldings({ account, info }) {
  const tools = html`${info?.kind ? html`<span class="quiet">${word(`kind.${info.kind}`, info.kind)}</span>` : null}
    ${info?.frozen ? html`<${Tag} tone="bad">${t("account.frozen")}<//>` : null}${info?.trading_blocked ? html`<${Tag} tone="bad">${t("account.blocked")}<//>` : null}`;
  return html`<${Panel} title=${html`${t("field.account")} <b>${account}</b>`} tools=${tools} label=${`${t("field.account")} ${account}`}><${HoldingsTable} account=${account} /><//>`;
}

/** The page of holdings. */
export function Holdings() {
  const user = useSession();
  const [tab, setTab] = useState("pledges");
  const { data } = useGet("/v1/accounts", {}, { every: 5000 });
  const accounts = user?.accounts ?? [];
  return html`<div class="page split"><div class="stack">
      ${accounts.map((account) => html`<${AccountHoldings} key=${account} account=${account} info=${items(data).find((item) => item.code === account)} />`)}
      ${accounts.length ? null : html`<${Panel}><${Empty}>${t("holding.no_account")}<//><//>`}
      <${Panel} title=${html`<${Tabs} value=${tab} onChange=${setTab} label=${t("holding.papers")} options=${[["pledges", t("holding.pledges")], ["withdrawals", t("holding.withdrawals")]]} />`} label=${t("holding.papers")}>
        ${tab === "pledges" ? html`<${Pledges} />` : html`<${Withdrawals} />`}<//>
    </div><${CommandTabs} names=${ACTS} title=${t("holding.acts")} /></div>`;
}
