// Every command by name, for what has no page of its own.
import { html, useState } from "../ui.js";
import { t } from "../i18n.js";
import { COMMANDS, GROUPS, may } from "../commands.js";
import { useSession } from "../hooks.js";
import { Panel } from "../parts/basic.js";
import { CommandForm } from "../parts/form.js";

/** The page of all commands. */
export function Everything() {
  const user = useSession();
  const [name, setName] = useState("tick");
  return html`<div class="page split even"><${Panel} title=${t("page.everything")}>
      ${GROUPS.map((group) => html`<div key=${group} class="menu"><h3>${t(`group.${group}`)}</h3><div>
        ${Object.entries(COMMANDS).filter(([, spec]) => spec.group === group).map(([item]) => html`<button type="button" key=${item} class=${`small ${item === name ? "main" : "plain"} ${may(user, item) ? "" : "faint"}`} aria-pressed=${item === name ? "true" : "false"} onClick=${() => setName(item)}>${t(`do.${item}`)}</button>`)}</div></div>`)}<//>
    <${Panel} title=${t(`do.${name}`)} tools=${html`<code class="quiet">${name}</code>`}>${may(user, name) ? null : html`<p class="hint">${t("form.not_yours")}</p>`}<${CommandForm} key=${name} name=${name} /><//></div>`;
}
