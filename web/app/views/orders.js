// Own orders and fills of all instruments.
import { html, useState } from "../ui.js";
import { t } from "../i18n.js";
import { Panel, Tabs } from "../parts/basic.js";
import { CancelAll, Fills, Orders } from "../parts/blotter.js";
import { AccountSelect } from "../parts/listings.js";

/** The page of orders and fills. */
export function OrdersPage() {
  const [account, setAccount] = useState("");
  const [tab, setTab] = useState("open");
  return html`<div class="page">
    <${Panel} title=${html`<${Tabs} label=${t("page.orders")} value=${tab} onChange=${setTab} options=${[["open", t("orders.open")], ["all", t("orders.all")]]} />`} label=${t("page.orders")}
      tools=${html`<${AccountSelect} account=${account} set=${setAccount} all /><${CancelAll} account=${account} />`}>
      <${Orders} open=${tab === "open"} account=${account} /><//>
    <${Panel} title=${t("page.fills")}><${Fills} account=${account} /><//>
  </div>`;
}
