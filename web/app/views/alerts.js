// Alerts of supervision, live; a case is opened from those that belong together.
import { html, useMemo, useState } from "../ui.js";
import { t, word } from "../i18n.js";
import * as time from "../time.js";
import { alertsFeed } from "../feeds.js";
import { go } from "../route.js";
import { may } from "../commands.js";
import { useFeed, useSession } from "../hooks.js";
import { Dialog, Panel } from "../parts/basic.js";
import { CommandForm } from "../parts/form.js";
import { Table } from "../parts/table.js";

const idOf = (row) => row.alert ?? row.number ?? row.sequence;

/** What an alert says beyond its kind, whatever fields it has. */
function detail(row) {
  if (row.text ?? row.detail) return row.text ?? row.detail;
  const skip = new Set(["alert", "number", "sequence", "time", "kind", "account", "instrument", "participant", "case"]);
  return Object.entries(row).filter(([name, value]) => !skip.has(name) && value !== null && typeof value !== "object").map(([name, value]) => `${word(`field.${name}`, name)} ${value}`).join(" · ");
}

/** The page of alerts. */
export function Alerts() {
  const feed = useMemo(alertsFeed, []);
  const { data, problem } = useFeed(feed);
  const user = useSession();
  const [chosen, setChosen] = useState([]);
  const [opening, setOpening] = useState(false);
  const rows = useMemo(() => [...(data ?? [])].sort((a, b) => (b.sequence ?? idOf(b) ?? 0) - (a.sequence ?? idOf(a) ?? 0)), [data]);
  const toggle = (id) => setChosen(chosen.includes(id) ? chosen.filter((item) => item !== id) : [...chosen, id]);
  const columns = [
    { key: "pick", label: "", width: "2.4em", show: (row) => html`<input type="checkbox" aria-label=${`${t("alerts.pick")} ${idOf(row)}`} checked=${chosen.includes(idOf(row))} onChange=${() => toggle(idOf(row))} />` },
    { key: "alert", label: "#", num: true, width: "4em", show: idOf },
    { key: "time", className: "when", label: t("field.time"), show: (row) => time.moment(row.time) },
    { key: "kind", label: t("field.alert"), show: (row) => html`<b>${word(`alert.${row.kind}`, row.kind ?? "")}</b>` },
    { key: "account", label: t("field.account"), show: (row) => (row.account ? html`<button type="button" class="small plain" onClick=${() => go("trail", row.account)}>${row.account}</button>` : row.participant ?? "–") },
    { key: "instrument", label: t("field.instrument"), low: 1, show: (row) => row.instrument ?? "–" },
    { key: "detail", label: t("field.detail"), low: 1, show: detail },
    { key: "case", label: t("field.case"), num: true, low: 2, show: (row) => row.case ?? "–" },
  ];
  return html`<div class="page"><${Panel} title=${t("page.alerts")} tools=${may(user, "open_case") ? html`<button type="button" class="small main" onClick=${() => setOpening(true)}>${t("do.open_case")}${chosen.length ? ` (${chosen.length})` : ""}</button>` : null}>
      <${Table} label=${t("page.alerts")} columns=${columns} rows=${rows} rowKey=${idOf} problem=${problem} loading=${!data} empty=${t("alerts.none")} /><//>
    ${opening ? html`<${Dialog} title=${t("do.open_case")} onClose=${() => setOpening(false)}><${CommandForm} name="open_case" initial=${{ alerts: chosen.join(", "), account: rows.find((row) => chosen.includes(idOf(row)))?.account ?? "" }} onDone=${() => setChosen([])} /><//>` : null}</div>`;
}
