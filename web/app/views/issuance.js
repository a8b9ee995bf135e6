// Assets and their issuance 发放; the authority's acts, each of which a second person approves.
import { html } from "../ui.js";
import { num, t, word } from "../i18n.js";
import { items } from "../api.js";
import * as money from "../money.js";
import { useGet } from "../hooks.js";
import { Panel } from "../parts/basic.js";
import { Table } from "../parts/table.js";
import { CommandTabs } from "./holdings.js";

/** The page of issuance. */
export function Issuance() {
  const { data, problem, loading, reload } = useGet("/v1/assets", {}, { every: 5000 });
  const count = (row, name) => (row[name] === undefined || row[name] === null ? "–" : num(row[name], row.decimals ?? 0));
  const columns = [
    { key: "code", label: t("field.asset"), show: (row) => html`<b>${row.code}</b>` },
    { key: "class", label: t("field.class"), show: (row) => word(`class.${row.class}`, row.class) },
    { key: "market", label: t("field.market"), low: 1, show: (row) => row.market ?? "–" },
    { key: "issued", label: t("issuance.issued"), num: true, show: (row) => count(row, "issued") },
    { key: "retired", label: t("issuance.retired"), num: true, show: (row) => count(row, "retired") },
    { key: "outstanding", label: t("issuance.outstanding"), num: true, low: 1, show: (row) => (row.issued === undefined ? "–" : num(money.sub(row.issued, row.retired ?? "0"), row.decimals ?? 0)) },
  ];
  return html`<div class="page split"><${Panel} title=${t("issuance.assets")}>
      <${Table} label=${t("issuance.assets")} columns=${columns} rows=${items(data)} rowKey=${(row) => row.code} problem=${problem} retry=${reload} loading=${loading} /><//>
    <${CommandTabs} names=${["issue", "preallocate", "allocate", "record_emissions", "determine_shortfall", "decide_carry_over", "define_asset"]} title=${t("issuance.acts")} /></div>`;
}
