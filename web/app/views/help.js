// Keys, and whose work is inside.
import { html } from "../ui.js";
import { t } from "../i18n.js";

const KEYS = [["/", "search"], ["b", "buy"], ["s", "sell"], ["Enter", "submit"], ["Esc", "close"], ["↑ ↓", "rows"], ["← →", "choices"], ["m", "markets"], ["t", "trade"], ["o", "orders"], ["?", "help"]];

/** The page of help. */
export const Help = () => html`<table class="keys"><tbody>${KEYS.map(([key, name]) => html`<tr key=${name}><th scope="row"><kbd>${key}</kbd></th><td>${t(`help.${name}`)}</td></tr>`)}</tbody></table>
  <p class="hint">${t("help.numbers")}</p><p class="hint">${t("help.refused")} <a href="/v1/docs">API</a></p>
  <p class="hint">${t("help.made_with")} Preact, htm, Lightweight Charts™.<br />TradingView Lightweight Charts™ Copyright (c) 2026 TradingView, Inc. <a href="https://www.tradingview.com/" rel="noreferrer noopener" target="_blank">https://www.tradingview.com/</a></p>`;
