// The book at a past moment, made again from the log.
import { html, useState } from "../ui.js";
import { num, t } from "../i18n.js";
import { get } from "../api.js";
import * as time from "../time.js";
import { heardTime } from "../feeds.js";
import { useInstruments, useMarkets } from "../hooks.js";
import { Empty, Panel, ProblemNote, Side, State } from "../parts/basic.js";
import { Select, Text } from "../parts/form.js";
import { Depth, DepthPicture, Indication } from "../parts/depth.js";
import { Table } from "../parts/table.js";

const levels = (side) => (side ?? []).map((level) => (Array.isArray(level) ? level : [level.price, level.quantity, level.orders ?? 1]));

/** The page of past books. */
export function Past() {
  const { instruments } = useInstruments();
  const { markets } = useMarkets();
  const [instrument, setInstrument] = useState("");
  const [record, setRecord] = useState("");
  const [moment, setMoment] = useState("");
  const [state, setState] = useState({ data: null, problem: null, loading: false });
  const code = instrument || instruments[0]?.code || "";
  const chosen = instruments.find((item) => item.code === code);
  const market = markets.find((item) => item.code === chosen?.market);
  const offset = time.parts(heardTime.get())?.offset ?? "+08:00";
  const ask = async (at) => {
    setState((old) => ({ ...old, loading: true, problem: null }));
    try {
      const data = await get("/v1/supervision/book", { instrument: code, at });
      if (data?.sequence) setRecord(String(data.sequence));
      setState({ data, problem: null, loading: false });
    } catch (problem) {
      setState({ data: null, problem, loading: false });
    }
  };
  const submit = (event) => {
    event.preventDefault();
    ask(/^\d+$/.test(record.trim()) ? record.trim() : time.fromField(moment, offset));
  };
  const step = (by) => {
    const next = String(Math.max(1, (Number(state.data?.sequence ?? record) || 1) + by));
    setRecord(next);
    ask(next);
  };
  const decimals = market?.price_decimals ?? 2;
  const then = state.data?.book ?? state.data;
  const book = then && { bids: levels(then.bids), asks: levels(then.asks), indication: then.indication };
  const listed = [...(state.data?.listings?.asks ?? []).map((row) => ({ ...row, side: "sell" })), ...(state.data?.listings?.bids ?? []).map((row) => ({ ...row, side: "buy" }))];
  return html`<div class="page split"><${Panel} title=${t("page.past")} tools=${state.data ? html`<b class="figure">#${num(state.data.sequence ?? "")}</b> <span class="figure">${time.moment(state.data.time ?? "")}</span>` : null}>
      <${ProblemNote} problem=${state.problem} />
      ${book ? html`<${State} kind="phase" value=${then.phase} /><${Indication} book=${book} decimals=${decimals} />
        <${DepthPicture} book=${book} decimals=${decimals} /><${Depth} book=${book} instrument=${{ ...chosen, last: null, reference: null }} decimals=${decimals} onPick=${() => {}} />
        ${listed.length ? html`<h3>${t("method.listing")}</h3><${Table} label=${t("method.listing")} rows=${listed} rowKey=${(row) => row.listing} columns=${[{ key: "listing", label: t("field.listing"), num: true }, { key: "side", label: t("field.side"), show: (row) => html`<${Side} side=${row.side} />` }, { key: "price", label: t("field.price"), num: true, show: (row) => num(row.price, decimals) }, { key: "quantity", label: t("field.quantity"), num: true, show: (row) => num(row.quantity) }]} />` : null}
        ${state.data.digest ? html`<p class="hint">${t("health.digest")} <code class="long">${state.data.digest}</code></p>` : null}` : html`<${Empty}>${t(state.loading ? "table.loading" : "past.choose")}<//>`}<//>
    <${Panel} title=${t("past.moment")}><form onSubmit=${submit} data-form="past"><div class="fields">
      <${Select} label=${t("field.instrument")} value=${code} onChange=${setInstrument} options=${instruments.map((item) => [item.code, item.code])} />
      <${Text} label=${t("past.record")} value=${record} onInput=${setRecord} class="num" inputmode="numeric" name="record" />
      <${Text} label=${`${t("past.time")} (${offset})`} type="datetime-local" step="1" value=${moment} onInput=${(value) => { setMoment(value); setRecord(""); }} /></div>
      <div class="row end"><button type="button" disabled=${!state.data} onClick=${() => step(-1)}>◂ ${t("past.back")}</button><button type="button" disabled=${!state.data} onClick=${() => step(1)}>${t("past.forward")} ▸</button>
      <button class="main" disabled=${state.loading || (!record && !moment)}>${t("trail.show")}</button></div></form><p class="hint">${t("past.hint")}</p><//></div>`;
}
