// The compliance position 履约: what is due, what is held against it, what offsets may still cover.
import { html, useState } from "../ui.js";
import { num, t, word } from "../i18n.js";
import { items } from "../api.js";
import * as money from "../money.js";
import * as time from "../time.js";
import { useGet, useMarkets } from "../hooks.js";
import { Empty, Facts, Panel, ProblemNote, State, Tag } from "../parts/basic.js";
import { Select, Text } from "../parts/form.js";
import { CommandTabs } from "./holdings.js";

function Bar({ row }) {
  const due = row.due ?? row.verified ?? "0"; // the whole duty is what was verified
  const surrendered = row.surrendered ?? "0";
  const offsets = row.offsets_used ?? "0";
  const parts = [["allowances", surrendered], ["offsets", offsets], ["covered", money.cmp(row.held ?? "0", row.open ?? "0") > 0 ? row.open ?? "0" : row.held ?? "0"]];
  return html`<div class="meter" role="img" aria-label=${t("compliance.bar")}>${parts.map(([name, value]) => html`<i key=${name} class=${name} style=${`width:${money.share(value, due) * 100}%`} title=${`${t(`compliance.${name}`)} ${num(value)}`}></i>`)}</div>
    <p class="key">${parts.map(([name, value]) => html`<span key=${name}><i class=${name}></i>${t(`compliance.${name}`)} <b>${num(value)}</b></span>`)}<span><i></i>${t("compliance.due")} <b>${num(due)}</b></span></p>`;
}

function Position({ row, market }) {
  const missing = money.sign(row.shortfall ?? "0") > 0;
  const room = row.offset_limit ? money.sub(row.offset_limit, row.offsets_used ?? "0") : null;
  return html`<${Panel} title=${html`${row.participant} <span class="quiet">${row.year} · ${market}</span>`} label=${`${row.participant} ${row.year}`}
      tools=${html`${row.status ? html`<${State} kind="duty_state" value=${row.status} />` : null}${missing && row.status !== "short" ? html`<${Tag} tone="bad">${t("compliance.short")}<//>` : null}`}>
    <${Bar} row=${row} />
    <${Facts} className="across" rows=${[
      [t("compliance.verified"), num(row.verified ?? "0")], [t("compliance.allowances"), num(row.surrendered ?? "0")], [t("compliance.open"), num(row.open ?? "0")],
      [t("compliance.held"), num(row.held ?? "0")], [t("compliance.offsets_used"), `${num(row.offsets_used ?? "0")} / ${row.offset_limit ? num(row.offset_limit) : "–"}`],
      [t("compliance.offsets_left"), room === null ? "–" : num(room)],
      [t("compliance.deadline"), row.deadline ? (row.deadline.length > 10 ? time.moment(row.deadline) : row.deadline) : "–"],
      [t("compliance.shortfall"), html`<span class=${missing ? "bad-text" : ""}>${num(row.shortfall ?? "0")}</span>`],
    ]} /><//>`;
}

function OfMarket({ market, year }) {
  const { data, problem, loading, reload } = useGet("/v1/compliance", { market: market.code }, { every: 8000 });
  const rows = items(data).filter((row) => !year || String(row.year).startsWith(year));
  const name = word(`market.${market.code}`, market.name);
  if (!rows.length && !problem) return html`<${Panel} title=${name}><${Empty}>${t(loading ? "table.loading" : "compliance.none")}<//><//>`;
  return html`<${ProblemNote} problem=${problem} retry=${reload} />${rows.map((row) => html`<${Position} key=${`${row.participant} ${row.year}`} row=${row} market=${name} />`)}`;
}

/** The page of compliance. */
export function Compliance() {
  const { markets } = useMarkets();
  const [market, setMarket] = useState("");
  const [year, setYear] = useState("");
  return html`<div class="page split"><div class="stack">
      <div class="filters"><${Select} label=${t("field.market")} value=${market} onChange=${setMarket} options=${[["", t("word.all")], ...markets.map((item) => [item.code, word(`market.${item.code}`, item.name)])]} />
        <${Text} label=${t("field.year")} value=${year} onInput=${setYear} inputmode="numeric" placeholder=${t("word.all")} /></div>
      ${markets.filter((item) => !market || item.code === market).map((item) => html`<${OfMarket} key=${item.code} market=${item} year=${year.trim()} />`)}
    </div><${CommandTabs} names=${["surrender", "apply_carry_over", "record_emissions", "determine_shortfall", "decide_carry_over"]} title=${t("compliance.acts")} /></div>`;
}
