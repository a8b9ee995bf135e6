// Cases of supervision: opened from alerts, noted on, closed with a finding. All of it stands in the log.
import { html, useState } from "../ui.js";
import { list, t, word } from "../i18n.js";
import { items } from "../api.js";
import * as time from "../time.js";
import { may } from "../commands.js";
import { useGet, useSession } from "../hooks.js";
import { Empty, Facts, Panel, State } from "../parts/basic.js";
import { CommandForm } from "../parts/form.js";
import { Table } from "../parts/table.js";

const numberOf = (row) => row.case ?? row.number;
const closed = (row) => row.status === "closed" || row.open === false || (row.finding !== undefined && row.finding !== null);

function Notes({ row }) {
  const notes = row.notes ?? [];
  if (!notes.length) return html`<p class="hint">${t("cases.no_notes")}</p>`;
  return html`<ol class="notes">${notes.map((note, at) => html`<li key=${at}><small>${time.moment(note.time)} ${note.by ?? note.user ?? ""}</small><p>${note.note ?? note.text ?? String(note)}</p></li>`)}</ol>`;
}

/** The page of cases. */
export function Cases({ rest }) {
  const { data, problem, loading, reload } = useGet("/v1/supervision/cases", {}, { every: 5000 });
  const user = useSession();
  const [chosen, setChosen] = useState(Number(rest?.[0]) || null);
  const rows = items(data);
  const row = rows.find((item) => numberOf(item) === chosen) ?? null;
  const columns = [
    { key: "case", label: t("field.case"), num: true, width: "4em", show: numberOf },
    { key: "title", label: t("field.title"), show: (item) => html`<b>${item.title}</b>` },
    { key: "account", label: t("field.account"), low: 1, show: (item) => item.account ?? "–" },
    { key: "opened", className: "when", label: t("cases.opened"), low: 1, show: (item) => time.moment(item.opened ?? item.time) },
    { key: "status", label: t("field.status"), show: (item) => html`<${State} value=${closed(item) ? "closed" : "open"} />` },
  ];
  return html`<div class="page split even"><${Panel} title=${t("page.cases")}>
      <${Table} label=${t("page.cases")} columns=${columns} rows=${rows} rowKey=${numberOf} onOpen=${(item) => setChosen(numberOf(item))} problem=${problem} retry=${reload} loading=${loading} empty=${t("cases.none")} rowClass=${(item) => (numberOf(item) === chosen ? "chosen" : "")} />
      ${may(user, "open_case") ? html`<h3>${t("do.open_case")}</h3><${CommandForm} name="open_case" />` : null}<//>
    <${Panel} key=${chosen} title=${row ? `${t("field.case")} ${numberOf(row)} · ${row.title}` : t("field.case")}>
      ${row ? html`<${Facts} rows=${[[t("field.alerts"), row.alerts?.length ? list(row.alerts.map((item) => String(item.alert ?? item))) : "–"], [t("field.account"), row.account ?? "–"], closed(row) ? [t("field.finding"), row.finding?.text ?? row.finding ?? "–"] : null]} />
        <h3>${t("cases.notes")}</h3><${Notes} row=${row} />
        ${closed(row) || !may(user, "note_case") ? null : html`<${CommandForm} name="note_case" fixed=${{ case: numberOf(row) }} /><h3>${t("do.close_case")}</h3><${CommandForm} name="close_case" fixed=${{ case: numberOf(row) }} />`}` : html`<${Empty}>${t("cases.choose")}<//>`}<//></div>`;
}
