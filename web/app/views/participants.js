// Participants and their accounts.
import { html, useState } from "../ui.js";
import { named, t, word } from "../i18n.js";
import { items } from "../api.js";
import { go } from "../route.js";
import { useGet } from "../hooks.js";
import { names, Panel, Tag } from "../parts/basic.js";
import { Text } from "../parts/form.js";
import { Table } from "../parts/table.js";
import { CommandTabs } from "./holdings.js";

/** The page of participants. */
export function Participants() {
  const { data, problem, loading, reload } = useGet("/v1/participants", {}, { every: 5000 });
  const accounts = useGet("/v1/accounts", {}, { every: 5000 });
  const state = new Map(items(accounts.data).map((account) => [account.code, account]));
  const [find, setFind] = useState("");
  const wanted = find.trim().toLowerCase();
  const rows = items(data).filter((row) => !wanted || `${row.code} ${row.name}`.toLowerCase().includes(wanted));
  const columns = [
    { key: "code", label: t("field.participant"), show: (row) => html`<b>${row.code}</b>` },
    { key: "name", label: t("field.name"), show: (row) => named(row.name) },
    { key: "roles", label: t("field.roles"), low: 1, show: (row) => names("role", row.roles) },
    {
      key: "accounts", label: t("participants.accounts"),
      show: (row) => (row.accounts ?? []).map((code) => {
        const { frozen, trading_blocked: blocked } = state.get(code) ?? {};
        return html`<button type="button" key=${code} class="small plain" title=${t("page.trail")} onClick=${() => go("trail", code)}>${code}${frozen ? html` <${Tag} tone="bad">${t("account.frozen")}<//>` : null}${blocked ? html` <${Tag} tone="bad">${t("account.blocked")}<//>` : null}</button>`;
      }),
    },
  ];
  return html`<div class="page split"><${Panel} title=${t("page.participants")} tools=${html`<${Text} label=${t("word.find")} value=${find} onInput=${setFind} />`}>
      <${Table} label=${t("page.participants")} columns=${columns} rows=${rows} rowKey=${(row) => row.code} problem=${problem} retry=${reload} loading=${loading} /><//>
    <${CommandTabs} names=${["register_participant", "rename_participant", "open_account", "close_account", "freeze_account", "unfreeze_account", "freeze", "unfreeze"]} title=${t("participants.acts")} /></div>`;
}
