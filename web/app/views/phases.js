// Phases and halts of every instrument, and the venue's own acts.
import { html, useState } from "../ui.js";
import { num, t } from "../i18n.js";
import { may } from "../commands.js";
import { useInstruments, useSession } from "../hooks.js";
import { Dialog, Panel, ProblemNote, State, Tag } from "../parts/basic.js";
import { CommandForm } from "../parts/form.js";
import { Table } from "../parts/table.js";
import { useDecimals } from "../parts/blotter.js";
import { CommandTabs } from "./holdings.js";
import { bandOf, phaseOf } from "./markets.js";

const VENUE = ["list_instrument", "correct_reference", "declare_holiday", "revoke_holiday", "delist_instrument", "relist_instrument", "bust_trade", "correct_trade", "announce_auction", "tick"];

/** The page of phases and halts. */
export function Phases() {
  const { instruments, loaded, problem } = useInstruments();
  const user = useSession();
  const decimals = useDecimals();
  const [asked, setAsked] = useState(null);
  const columns = [
    { key: "code", label: t("field.instrument"), show: (row) => html`<b>${row.code}</b>` },
    { key: "market", label: t("field.market"), low: 1 },
    { key: "phase", label: t("field.phase"), show: (row) => html`<${State} kind="phase" value=${phaseOf({ ...row, halted: false })} />` },
    { key: "halted", label: t("phases.halt"), show: (row) => (row.halted ? html`<${Tag} tone="bad">${t("phase.halted")}<//>` : html`<span class="quiet">–</span>`) },
    { key: "last", label: t("field.last"), num: true, low: 1, show: (row) => num(row.last ?? row.reference, decimals(row.code)) },
    { key: "band", label: t("field.band"), num: true, low: 2, show: (row) => bandOf(row)?.map((edge) => num(edge, decimals(row.code))).join(" – ") ?? "–" },
    {
      key: "acts", label: "", className: "acts",
      show: (row) => (row.delisted ? null : row.halted
        ? may(user, "resume") && html`<button type="button" class="small main" data-resume=${row.code} onClick=${() => setAsked(["resume", row.code])}>${t("do.resume")}</button>`
        : may(user, "halt") && html`<button type="button" class="small bad" data-halt=${row.code} onClick=${() => setAsked(["halt", row.code])}>${t("do.halt")}</button>`),
    },
  ];
  return html`<div class="page split"><${Panel} title=${t("page.phases")}><${ProblemNote} problem=${problem} />
      <${Table} label=${t("page.phases")} columns=${columns} rows=${instruments} rowKey=${(row) => row.code} loading=${!loaded} /><//>
    <${CommandTabs} names=${VENUE} title=${t("phases.venue")} />
    ${asked ? html`<${Dialog} title=${`${t(`do.${asked[0]}`)} · ${asked[1]}`} onClose=${() => setAsked(null)}><${CommandForm} name=${asked[0]} fixed=${{ instrument: asked[1] }} onDone=${(done) => done.act === undefined && setAsked(null)} /><//>` : null}</div>`;
}
