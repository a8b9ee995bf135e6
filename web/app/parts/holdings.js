// What an account holds, by what it may be used for.
import { html } from "../ui.js";
import { num, t, word } from "../i18n.js";
import * as money from "../money.js";
import { useHoldings } from "./ticket.js";
import { Table } from "./table.js";

const amounts = ["available", "held", "locked", "pledged", "frozen", "total"];

/** Available, set aside, locked, pledged, frozen and in all. */
export function HoldingsTable({ account }) {
  const { data, problem } = useHoldings(account);
  const low = { held: 1, locked: 1, pledged: 2, frozen: 2 };
  const columns = [
    { key: "asset", label: t("field.asset"), show: (row) => html`<b>${row.asset}</b> <span class="quiet whole">${word(`class.${row.class}`, row.class)}</span>` },
    ...amounts.map((name) => ({
      key: name, label: t(`holding.${name}`), num: true, low: low[name],
      show: (row) => (money.sign(row[name]) === 0 && name !== "available" && name !== "total" ? html`<span class="quiet">0</span>` : num(row[name], row.decimals)),
    })),
  ];
  return html`<${Table} label=${t("page.holdings")} columns=${columns} rows=${data ?? []} rowKey=${(row) => row.asset} problem=${problem} loading=${!data} empty=${t("holding.none")} />`;
}
