// What a rulebook would change: by date, the rule as it is and as it would be. The proposer and the approver see the same.
import { html } from "../ui.js";
import { t } from "../i18n.js";
import { named, plain } from "../rulebook.js";
import { Empty } from "./basic.js";

function Change({ change }) {
  const same = change.was === change.will;
  return html`<tr data-path=${change.path}><th scope="row">${named(change.path)}<code>${change.path}</code></th>
    <td class="was">${change.was === null ? html`<span class="quiet">${t("rules.absent")}</span>` : html`<del>${plain(change.was)}</del>`}</td>
    <td class="will">${change.will === null ? html`<span class="bad-text">${t("rules.ends")}</span>` : html`<ins>${plain(change.will)}</ins>`}${same ? html` <span class="quiet">${t("rules.as_before")}</span>` : null}</td></tr>`;
}

/** A check's changes, in tables by their first day. */
export function Changes({ check }) {
  const days = [...new Set(check.changes.map((change) => change.from))];
  if (!days.length) return html`<${Empty}>${t("rules.no_change")}<//>`;
  return days.map((day) => html`<div key=${day} class="changes"><h3>${t("rules.from_day", { day })}</h3>
    <p class="hint">${check.changes.find((change) => change.from === day).source}</p>
    <table aria-label=${t("rules.from_day", { day })}><thead><tr><th scope="col">${t("limits.rule")}</th><th scope="col">${t("rules.was")}</th><th scope="col">${t("rules.will")}</th></tr></thead>
      <tbody>${check.changes.filter((change) => change.from === day).map((change) => html`<${Change} key=${change.path} change=${change} />`)}</tbody></table></div>`);
}
