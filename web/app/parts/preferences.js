// Language, theme and colours.
import { html } from "../ui.js";
import { t } from "../i18n.js";
import { choose, usePrefs } from "../prefs.js";
import { Choice } from "./basic.js";

/** The sign of the console: a river between two banks. */
export const Mark = () => html`<svg class="mark" viewBox="0 0 32 32" aria-hidden="true"><rect width="32" height="32" rx="7" /><path d="M6 11c4-4 7 3 11 0s6-3 9 0M6 17c4-4 7 3 11 0s6-3 9 0M6 23c4-4 7 3 11 0s6-3 9 0" /></svg>`;

/** What a reader may choose. */
export function Preferences({ all }) {
  const look = usePrefs();
  return html`<div class="preferences">
    <${Choice} label=${t("prefs.language")} value=${look.lang} onChange=${(lang) => choose({ lang })} options=${[["auto", t("prefs.auto")], ["en", "English"], ["zh", "中文"]]} />
    <${Choice} label=${t("prefs.theme")} value=${look.theme} onChange=${(theme) => choose({ theme })} options=${[["auto", t("prefs.auto")], ["light", t("prefs.light")], ["dark", t("prefs.dark")]]} />
    ${all ? html`<${Choice} label=${t("prefs.colours")} value=${look.colours} onChange=${(colours) => choose({ colours })} options=${[["auto", t("prefs.auto")], ["red", t("prefs.red_up")], ["green", t("prefs.green_up")]]} />
    <label class="field check"><input type="checkbox" checked=${look.confirm} onChange=${(event) => choose({ confirm: event.target.checked })} /><span>${t("prefs.confirm")}</span></label>` : null}
  </div>`;
}
