// Rules and limits of each market as its rulebook states them: adopted through the log, with source and date. An operator
// changes them from here.
import { html, useState } from "../ui.js";
import { t, word } from "../i18n.js";
import { useGet, useMarkets, useSession } from "../hooks.js";
import { href } from "../route.js";
import { named, plain } from "../rulebook.js";
import { Empty, Panel, ProblemNote, Tabs, Tag } from "../parts/basic.js";
import { Text } from "../parts/form.js";
import { Table } from "../parts/table.js";
import { RulesPage } from "./rules.js";

const LIMIT = /(max|band|below|min|lot|best_prices|_s|share|cap|fees\..*|times|after_days|of_emissions|quantity)$/;

/** May this user propose rules? The node has the last word. */
const mayPropose = (user) => user?.duties?.includes("operator") && (!user.roles || user.roles.includes("operator"));

const TONES = { coming: "warn", in_force: "good" };

/** Every version that was adopted, the newest first: those that come, the one in force, and those before it. */
function Versions({ versions }) {
  const rows = [...versions].reverse();
  return html`<ol class="versions" tabindex="0" aria-label=${t("rules.versions")}>${rows.map((version) => html`<li key=${version.from} data-from=${version.from} data-status=${version.status}>
    <b class="figure">${version.from}</b> <${Tag} tone=${TONES[version.status] ?? ""}>${t(`rules.${version.status}`)}<//> <span class="quiet">${version.source}</span></li>`)}</ol>`;
}

function Rulebook({ market }) {
  const { data, problem, loading, reload } = useGet(`/v1/markets/${encodeURIComponent(market.code)}/rules`, {}, { every: 5000 });
  const user = useSession();
  const [tab, setTab] = useState("limits");
  const [find, setFind] = useState("");
  const wanted = find.trim().toLowerCase();
  const rows = (data?.rules ?? []).filter((row) => (tab === "all" || LIMIT.test(row.path)) && (!wanted || `${named(row.path)} ${row.path} ${row.value}`.toLowerCase().includes(wanted)));
  const change = mayPropose(user);
  const columns = [
    { key: "path", label: t("limits.rule"), show: (row) => html`${named(row.path)} <code class="quiet">${row.path}</code>` },
    { key: "value", label: t("limits.value"), num: true, show: (row) => html`<b>${plain(row.value)}</b>` },
    change ? { key: "acts", label: "", className: "acts", show: (row) => (row.path.includes("[") ? null : html`<a class="button small" data-change=${row.path} href=${href("limits", market.code, row.path)}>${t("rules.change")}</a>`) } : null,
  ];
  const tools = change ? html`<a class="button small main" data-rules=${market.code} href=${href("limits", market.code)}>${t("rules.change_all")}</a>` : null;
  return html`<${Panel} title=${word(`market.${market.code}`, market.name)} className="rulebook" tools=${tools}>
    <${Versions} versions=${data?.versions ?? []} />
    <div class="filters"><${Tabs} label=${t("page.limits")} value=${tab} onChange=${setTab} options=${[["limits", t("page.limits")], ["all", t("limits.all")]]} /><${Text} label=${t("word.find")} value=${find} onInput=${setFind} /></div>
    <${Table} className="tall" label=${t("page.limits")} columns=${columns} rows=${rows} rowKey=${(row) => row.path} problem=${problem} retry=${reload} loading=${loading} /><//>`;
}

function All() {
  const { markets, loaded, problem } = useMarkets();
  const user = useSession();
  return html`<div class="page"><div class="row between"><p class="hint">${t("limits.hint")}</p>${mayPropose(user) ? html`<a class="button small" href=${href("limits", "+")}>${t("rules.new_market")}</a>` : null}</div><${ProblemNote} problem=${problem} />
    ${markets.map((market) => html`<${Rulebook} key=${market.code} market=${market} />`)}${loaded || problem ? null : html`<${Empty}>${t("table.loading")}<//>`}</div>`;
}

/** The page of limits; with a market, the page on which its rules are changed. */
export function Limits({ rest }) {
  const user = useSession();
  return rest?.[0] && mayPropose(user) ? html`<${RulesPage} market=${rest[0]} wanted=${rest[1]} />` : html`<${All} />`;
}
