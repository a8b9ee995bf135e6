// Rules and limits of each market as its rulebook has them: adopted through the log, with source and date.
import { html, useState } from "../ui.js";
import { list, num, t, word } from "../i18n.js";
import * as money from "../money.js";
import { useGet, useMarkets } from "../hooks.js";
import { Empty, Panel, ProblemNote, Tabs } from "../parts/basic.js";
import { Text } from "../parts/form.js";
import { Table } from "../parts/table.js";

/** A rulebook as lines of path and value. */
export function flatten(value, path = "") {
  if (value === null || value === undefined) return [];
  if (Array.isArray(value)) {
    if (value.every((item) => typeof item !== "object" || item === null)) return [{ path, value: list(value.map(String)) }];
    return value.flatMap((item, at) => flatten(item, `${path}[${at + 1}]`));
  }
  if (typeof value === "object") return Object.entries(value).flatMap(([key, inner]) => flatten(inner, path ? `${path}.${key}` : key));
  return [{ path, value: typeof value === "boolean" ? t(value ? "word.yes" : "word.no") : money.parse(value) ? num(value) : String(value) }];
}

const LIMIT = /(max|band|limit|below|minimum|min$|lot|tick|best_prices|per_second|share|_s$|fee|times|after_days|of_emissions|cap)/;

/** Numbers as the engine holds them, in the units that people use. */
export function humane({ path, value }, decimals) {
  const plain = String(value).replaceAll(",", "");
  if (!/^\d+$/.test(plain)) return value;
  if (/band$/.test(path)) return `${num(money.text(BigInt(plain), 2))}%`;
  if (/ppm$/.test(path)) return `${num(money.text(BigInt(plain), 4))}%`;
  if (/value_max$/.test(path)) return num(money.text(BigInt(plain), decimals));
  return value;
}

/** The version in force, or the whole of it. */
function chosen(rulebook, all, from) {
  if (!rulebook || all) return rulebook;
  const versions = rulebook.versions ?? rulebook.version ?? [];
  return versions.find((version) => version.from === from) ?? versions.at(-1) ?? rulebook;
}

function Rulebook({ market }) {
  const { data, problem, loading, reload } = useGet(`/v1/markets/${encodeURIComponent(market.code)}/rulebook`, {}, { quiet: true });
  const [tab, setTab] = useState("limits");
  const [find, setFind] = useState("");
  const wanted = find.trim().toLowerCase();
  const rows = flatten(chosen(data, tab === "all", market.rules_from)).filter((row) => (tab === "all" || LIMIT.test(row.path)) && (!wanted || `${row.path} ${row.value}`.toLowerCase().includes(wanted)));
  const columns = [{ key: "path", label: t("limits.rule"), show: (row) => html`<code>${row.path}</code>` }, { key: "value", label: t("limits.value"), show: (row) => html`<b>${humane(row, market.currency_decimals ?? 2)}</b>` }];
  const since = `${t("limits.from")} ${market.rules_from ?? market.version?.from ?? "–"}`;
  return html`<${Panel} title=${word(`market.${market.code}`, market.name)} tools=${html`<span class="quiet">${since}</span>`}>
    <p class="hint">${market.rules_source ?? market.version?.source ?? ""}</p>
    <div class="filters"><${Tabs} label=${t("page.limits")} value=${tab} onChange=${setTab} options=${[["limits", t("page.limits")], ["all", t("limits.all")]]} /><${Text} label=${t("word.find")} value=${find} onInput=${setFind} /></div>
    <${Table} className="tall" label=${t("page.limits")} columns=${columns} rows=${rows} rowKey=${(row) => row.path} problem=${problem} retry=${reload} loading=${loading} /><//>`;
}

/** The page of limits. */
export function Limits() {
  const { markets, loaded, problem } = useMarkets();
  return html`<div class="page"><p class="hint">${t("limits.hint")}</p><${ProblemNote} problem=${problem} />
    ${markets.map((market) => html`<${Rulebook} key=${market.code} market=${market} />`)}${loaded || problem ? null : html`<${Empty}>${t("table.loading")}<//>`}</div>`;
}
