// The kill switch 交易禁止 and mass cancellation 批量撤单.
import { html } from "../ui.js";
import { t } from "../i18n.js";
import { items } from "../api.js";
import { may } from "../commands.js";
import { useGet, useSession } from "../hooks.js";
import { Panel, Tag } from "../parts/basic.js";
import { CommandForm } from "../parts/form.js";
import { Table } from "../parts/table.js";

const BLOCKS = (user) => {
  const everyone = user?.roles?.some((role) => role === "operator" || role === "supervisor");
  return everyone ? {} : { participant: user?.participant ?? "" };
};

/** The page of the kill switch. */
export function Kill() {
  const user = useSession();
  const { data, problem, loading, reload } = useGet("/v1/accounts", {}, { every: 4000 });
  const rows = items(data).filter((row) => row.trading_blocked || row.frozen);
  const columns = [
    { key: "code", label: t("field.account"), show: (row) => html`<b>${row.code}</b>` }, { key: "participant", label: t("field.participant") },
    { key: "state", label: t("field.status"), show: (row) => html`${row.trading_blocked ? html`<${Tag} tone="bad">${t("account.blocked")}<//> ` : null}${row.frozen ? html`<${Tag} tone="bad">${t("account.frozen")}<//>` : null}` },
  ];
  const initial = BLOCKS(user);
  return html`<div class="page"><p class="hint">${t("kill.hint")}</p><div class="grid three">
      ${["block_trading", "mass_cancel", "unblock_trading"].filter((name) => may(user, name)).map((name) => html`<${Panel} key=${name} title=${t(`do.${name}`)} className=${name === "block_trading" ? "grave" : ""}>
        <p class="hint">${t(`kill.${name}`)}</p><${CommandForm} name=${name} initial=${initial} /><//>`)}
    </div><${Panel} title=${t("kill.stopped")}><${Table} label=${t("kill.stopped")} columns=${columns} rows=${rows} rowKey=${(row) => row.code} problem=${problem} retry=${reload} loading=${loading} empty=${t("kill.nobody")} /><//></div>`;
}
