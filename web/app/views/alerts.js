// Alerts of supervision, live; a case is opened from those that belong together.
import { html, useMemo, useState } from "../ui.js";
import { num, t, word } from "../i18n.js";
import * as time from "../time.js";
import { alertsFeed } from "../feeds.js";
import { items } from "../api.js";
import { href } from "../route.js";
import { may } from "../commands.js";
import { useFeed, useGet, useSession } from "../hooks.js";
import { Dialog, Panel } from "../parts/basic.js";
import { CommandForm } from "../parts/form.js";
import { Table } from "../parts/table.js";

const idOf = (row) => row.alert ?? row.number ?? row.sequence;

/** The case that took an alert up. */
function caseOf(cases, row) {
  const found = items(cases).find((item) => (item.alerts ?? []).includes(idOf(row)));
  return found ? html`<a href=${href("cases", String(found.case))}>${found.case}</a>` : "–";
}

/** The records that an alert rests on. */
const Rests = ({ row }) => (row.records ?? (row.sequence ? [row.sequence] : [])).slice(0, 6).map((record) => html`<a key=${record} class="figure" href=${href("log", String(record))}>#${record}</a> `);

/** The page of alerts. */
export function Alerts() {
  const feed = useMemo(alertsFeed, []);
  const { data, problem } = useFeed(feed);
  const user = useSession();
  const cases = useGet("/v1/supervision/cases", {}, { every: 5000 });
  const [chosen, setChosen] = useState([]);
  const [opening, setOpening] = useState(false);
  const rows = useMemo(() => [...(data ?? [])].sort((a, b) => (b.sequence ?? idOf(b) ?? 0) - (a.sequence ?? idOf(a) ?? 0)), [data]);
  const toggle = (id) => setChosen(chosen.includes(id) ? chosen.filter((item) => item !== id) : [...chosen, id]);
  const columns = [
    { key: "pick", label: "", named: t("alerts.pick"), width: "2.4em", show: (row) => html`<input type="checkbox" aria-label=${`${t("alerts.pick")} ${idOf(row)}`} checked=${chosen.includes(idOf(row))} onChange=${() => toggle(idOf(row))} />` },
    { key: "alert", label: "#", num: true, width: "4em", show: idOf },
    { key: "time", className: "when", label: t("field.date"), show: (row) => row.date ?? time.moment(row.time) },
    { key: "kind", label: t("field.alert"), show: (row) => html`<b>${word(`alert.${row.rule ?? row.kind}`, row.rule ?? row.kind ?? "")}</b>` },
    { key: "participant", label: t("field.participant"), show: (row) => html`${row.participant ?? ""}${row.account ? html` <a href=${href("trail", row.account)}>${row.account}</a>` : null}` },
    { key: "instrument", label: t("field.instrument"), low: 1, show: (row) => row.instrument ?? "–" },
    { key: "measured", label: t("alerts.measured"), num: true, show: (row) => (row.measured === undefined ? "–" : html`<b>${num(row.measured)}</b>`) },
    { key: "threshold", label: t("alerts.threshold"), num: true, low: 1, show: (row) => (row.threshold === undefined ? "–" : num(row.threshold)) },
    { key: "records", label: t("alerts.records"), low: 1, show: (row) => html`<${Rests} row=${row} />` },
    { key: "case", label: t("field.case"), num: true, low: 2, show: (row) => caseOf(cases.data, row) },
  ];
  return html`<div class="page"><${Panel} title=${t("page.alerts")} tools=${may(user, "open_case") ? html`<button type="button" class="small main" onClick=${() => setOpening(true)}>${t("do.open_case")}${chosen.length ? ` (${chosen.length})` : ""}</button>` : null}>
      <${Table} label=${t("page.alerts")} columns=${columns} rows=${rows} rowKey=${idOf} problem=${problem} loading=${!data} empty=${t("alerts.none")} /><//>
    ${opening ? html`<${Dialog} title=${t("do.open_case")} onClose=${() => setOpening(false)}><${CommandForm} name="open_case" initial=${{ alerts: chosen.join(", "), account: rows.find((row) => chosen.includes(idOf(row)))?.account ?? "" }} onDone=${() => setChosen([])} /><//>` : null}</div>`;
}
