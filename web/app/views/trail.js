// An account's trail, and the log record by record.
import { html, useEffect, useMemo, useState } from "../ui.js";
import { explain, list, t, word } from "../i18n.js";
import { get, items } from "../api.js";
import * as time from "../time.js";
import { go } from "../route.js";
import { Delta, Dialog, Empty, Panel, State } from "../parts/basic.js";
import { Text, useNames } from "../parts/form.js";
import { Table } from "../parts/table.js";
import { HoldingsTable } from "../parts/holdings.js";
import { CommandFacts, show } from "./approvals.js";

const nameOf = (row) => row.command?.do ?? row.command ?? "";

/** The plain fields of an event, those of its parts among them. */
const plain = (fields) => Object.entries(fields).flatMap(([key, value]) => (value === null || Array.isArray(value) ? [] : typeof value === "object" ? plain(value) : [[key, value]]));

/** An event in a line: `{"filled": {"trade": 1, …}}`. */
function sentence(event) {
  if (typeof event !== "object" || event === null) return word(`event.${event}`, String(event ?? "").replaceAll("_", " "));
  const [name, fields] = Object.entries(event)[0] ?? ["", {}];
  const said = word(`event.${name}`, name.replaceAll("_", " "));
  const rest = plain(fields ?? {}).filter(([key]) => key !== "because").map(([key, value]) => `${word(`field.${key}`, key.replaceAll("_", " "))} ${show(key, value)}`);
  return rest.length ? said + t("mark.colon") + list(rest) : said;
}

/** What happened with a record, in sentences; why it was refused comes first. */
function happened(row) {
  if (row.reason) return [explain({ reason: row.reason, stage: row.stage, detail: row.reason.replaceAll("_", " ") }).detail];
  if (row.events) return row.events.map(sentence);
  return [row.text ?? sentence(row.data ?? row.event)];
}

const Changes = ({ changes }) => (changes ?? []).map((change) => html`<span key=${change.asset} class="change">${change.asset} <${Delta} value=${change.change} /></span>`);

/** Records of the log, with what happened because of each. */
export function Records({ rows, loading, problem, retry, label, empty }) {
  const [open, setOpen] = useState(null);
  const moves = rows.some((row) => row.changes);
  const columns = useMemo(() => [
    { key: "sequence", label: "#", num: true, width: "5em" },
    { key: "time", className: "when", label: t("field.time"), show: (row) => time.moment(row.time) },
    { key: "by", label: t("trail.by"), low: 1, show: (row) => html`${row.by ?? "–"}${row.user ? html` <span class="quiet">${row.user}</span>` : null}` },
    { key: "command", className: "when", label: t("form.command"), show: (row) => html`<b>${word(`do.${nameOf(row)}`, nameOf(row) || "–")}</b>${row.reason ? html` <${State} value="refused" />` : null}` },
    { key: "events", label: t("trail.events"), show: (row) => html`<span class="clip">${happened(row).slice(0, 3).join(" · ")}</span>` },
    moves ? { key: "changes", label: t("trail.changes"), num: true, low: 1, show: (row) => html`<${Changes} changes=${row.changes} />` } : null,
  ], [moves]);
  return html`<${Table} label=${label} columns=${columns} rows=${rows} rowKey=${(row) => row.position ?? `${row.sequence} ${row.event ?? ""}`} loading=${loading} problem=${problem} retry=${retry} empty=${empty} onOpen=${setOpen} />
    ${open ? html`<${Dialog} wide title=${`#${open.position ?? open.sequence} · ${word(`do.${nameOf(open)}`, nameOf(open))}`} onClose=${() => setOpen(null)}>
      <p class="hint">${time.moment(open.time)} · ${open.by ?? ""} ${open.user ?? ""} ${open.id ? html`<code>${open.id}</code>` : null}</p>
      ${typeof open.command === "object" ? html`<${CommandFacts} command=${open.command} />` : null}
      <h3>${t("trail.events")}</h3><ul class="events">${happened(open).map((text, at) => html`<li key=${at}>${text}</li>`)}</ul>
      ${open.events || open.data ? html`<details><summary>JSON</summary><pre>${JSON.stringify(open, null, 2)}</pre></details>` : null}<//>` : null}`;
}

/** The trail of one account. */
export const Trail = ({ rest }) => html`<${Account} key=${rest[0]} account=${rest[0] ?? ""} />`;

function Account({ account }) {
  const [typed, setTyped] = useState(account);
  const [state, setState] = useState({ rows: [], next: null, loading: Boolean(account), problem: null });
  const names = useNames();
  const load = async (before, old) => {
    setState((now) => ({ ...now, loading: true, problem: null }));
    try {
      const answer = await get(`/v1/accounts/${encodeURIComponent(account)}/trail`, { before, limit: 100 });
      setState({ rows: [...old, ...items(answer)], next: answer?.next ?? null, loading: false, problem: null });
    } catch (problem) {
      setState({ rows: old, next: null, loading: false, problem });
    }
  };
  useEffect(() => {
    if (account) load(undefined, []);
  }, []);
  return html`<div class="page"><${Panel} title=${t("page.trail")} tools=${html`<form class="row" onSubmit=${(event) => { event.preventDefault(); go("trail", typed.trim()); }}>
      <${Text} label=${t("field.account")} value=${typed} onInput=${setTyped} list="trail-accounts" name="account" /><datalist id="trail-accounts">${names.account.map((item) => html`<option value=${item} />`)}</datalist><button class="main">${t("trail.show")}</button></form>`}>
      ${account ? html`<${Records} label=${t("page.trail")} rows=${state.rows} loading=${state.loading} problem=${state.problem} retry=${() => load(undefined, [])} empty=${t("trail.none")} />
        ${state.next ? html`<div class="row"><button type="button" disabled=${state.loading} onClick=${() => load(state.next, state.rows)}>${t("trail.older")}</button></div>` : null}` : html`<${Empty}>${t("trail.choose")}<//>`}<//>
    ${account ? html`<${Panel} title=${`${t("page.holdings")} · ${account}`}><${HoldingsTable} account=${account} /><//>` : null}</div>`;
}

/** The log, forward from a record. */
export const Log = ({ rest }) => html`<${From} key=${rest?.[0]} wanted=${/^\d+$/.test(rest?.[0] ?? "") ? rest[0] : ""} />`;

function From({ wanted }) {
  const [after, setAfter] = useState(wanted);
  const [state, setState] = useState({ rows: [], next: null, loading: true, problem: null });
  const load = async (from, old) => {
    setState((now) => ({ ...now, loading: true, problem: null }));
    try {
      const start = from ?? Math.max(0, (await get("/v1/log/head")).sequence - 50);
      const answer = await get("/v1/log", { after: start, limit: 100 });
      const rows = [...old, ...items(answer)];
      setState({ rows, next: answer?.next ?? rows.at(-1)?.sequence ?? null, loading: false, problem: null });
    } catch (problem) {
      setState({ rows: old, next: null, loading: false, problem });
    }
  };
  useEffect(() => {
    load(wanted ? Number(wanted) - 1 : undefined, []);
  }, []);
  return html`<div class="page"><${Panel} title=${t("page.log")} tools=${html`<form class="row" onSubmit=${(event) => { event.preventDefault(); load(/^\d+$/.test(after) ? Number(after) - 1 : undefined, []); }}>
      <${Text} label=${t("log.from")} value=${after} onInput=${setAfter} inputmode="numeric" class="num" /><button class="main">${t("trail.show")}</button></form>`}>
    <${Records} label=${t("page.log")} rows=${state.rows} loading=${state.loading} problem=${state.problem} retry=${() => load(undefined, [])} />
    ${state.next ? html`<div class="row"><button type="button" disabled=${state.loading} onClick=${() => load(state.next, state.rows)}>${t("log.newer")}</button></div>` : null}<//></div>`;
}
