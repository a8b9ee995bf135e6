// The node's own figures: throughput, latency, journal, disk, projection, streams. Once a second.
import { html, useMemo } from "../ui.js";
import { num, t } from "../i18n.js";
import * as time from "../time.js";
import { operationsFeed } from "../feeds.js";
import { useFeed, useGet, useSession } from "../hooks.js";
import { Empty, Facts, Panel, ProblemNote, Tag } from "../parts/basic.js";

/** Bytes in binary steps, for reading alone. */
export function bytes(count) {
  if (count === undefined || count === null) return "–";
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = Number(count);
  let step = 0;
  while (value >= 1024 && step < units.length - 1) {
    value /= 1024;
    step += 1;
  }
  return `${value >= 100 || step === 0 ? Math.round(value) : value.toFixed(1)} ${units[step]}`;
}

/** Microseconds as µs or ms. */
export const micros = (value) => (value === undefined || value === null ? "–" : value >= 10000 ? `${(value / 1000).toFixed(1)} ms` : `${num(Math.round(value))} µs`);

/** The last two minutes of a figure as a line. */
function Spark({ values, label }) {
  const most = Math.max(1, ...values);
  const path = values.map((value, at) => `${at ? "L" : "M"}${(at / 119) * 300} ${46 - (value / most) * 42}`).join("");
  return html`<figure class="spark"><svg viewBox="0 0 300 48" preserveAspectRatio="none" role="img" aria-label=${label}><path d=${path} /></svg><figcaption>${label} · ${t("health.most")} ${num(Math.round(most))}</figcaption></figure>`;
}

/** Records a second between one message and the next. */
export function perSecond(past) {
  return past.slice(1).map((item, at) => {
    const before = past[at];
    return Math.max(0, Math.round((item.sequence - before.sequence) / Math.max(1, item.uptime - before.uptime)));
  });
}

/** The page of health. */
export function Health() {
  const feed = useMemo(operationsFeed, []);
  const { data, problem } = useFeed(feed);
  const user = useSession();
  const reads = ["supervisor", "auditor"].some((duty) => user?.duties?.includes(duty));
  const head = useGet(reads ? "/v1/log/head" : null, {}, { every: 5000 });
  const now = data?.at(-1);
  const past = data ?? [];
  const rates = perSecond(past);
  const snapshot = Array.isArray(now?.snapshot) ? now.snapshot : [now?.snapshot?.record ?? 0, now?.snapshot?.pause_us ?? 0];
  const streams = Array.isArray(now?.streams) ? now.streams : [now?.streams?.connected ?? 0, now?.streams?.cut ?? 0];
  return html`<div class="page"><${ProblemNote} problem=${problem} />
    ${!now && !problem ? html`<${Empty}>${t("table.loading")}<//>` : null}
    ${now ? html`<div class="grid">
      <${Panel} title=${t("health.throughput")} tools=${html`<b class="figure">${num(rates.at(-1) ?? now.records_per_second ?? 0)}/s</b>`}>
        <${Spark} values=${rates} label=${t("health.records_per_second")} />
        <${Facts} rows=${[[t("health.sequence"), num(now.sequence)], [t("health.uptime"), time.span(now.uptime ?? 0)]]} /><//>
      <${Panel} title=${t("health.latency")} tools=${html`<b class="figure">p99 ${micros(now.latency?.p99_us)}</b>`}>
        <${Spark} values=${past.map((item) => item.latency?.p99_us ?? 0)} label=${t("health.p99")} />
        <${Facts} rows=${[["p50", micros(now.latency?.p50_us)], ["p99", micros(now.latency?.p99_us)], ["p99.9", micros(now.latency?.p999_us)]]} /><//>
      <${Panel} title=${t("health.journal")} tools=${html`<b class="figure">${bytes(now.journal?.bytes)}</b>`}>
        <${Facts} rows=${[[t("health.segments"), num(now.journal?.segments ?? 0)],
          now.journal?.sync_p50_us === undefined ? null : [t("health.sync_p50"), micros(now.journal.sync_p50_us)], now.journal?.sync_p99_us === undefined ? null : [t("health.sync_p99"), micros(now.journal.sync_p99_us)],
          [t("health.free"), bytes(now.disk?.free_bytes ?? now.disk_free_bytes)],
          now.projection ? [t("health.projection"), html`${num(now.projection.sequence ?? 0)} ${now.projection.behind ? html`<${Tag} tone="warn">−${num(now.projection.behind)}<//>` : html`<${Tag} tone="good">${t("health.level")}<//>`}`] : null,
          [t("health.snapshot"), num(snapshot[0])], [t("health.pause"), micros(snapshot[1])]]} /><//>
      <${Panel} title=${t("health.traffic")} tools=${html`<b class="figure">${num(streams[0])}</b>`}>
        <${Facts} rows=${[[t("health.streams"), num(streams[0])], [t("health.streams_cut"), num(streams[1])], [t("health.sessions"), num(now.sessions ?? "")], [t("health.requests"), num(now.requests ?? "")], [t("health.waiting"), num(now.waiting ?? "")], [t("health.refused"), num(now.refused ?? "")]]} /><//>
      ${reads ? html`<${Panel} title=${t("health.log")}>
        <${ProblemNote} problem=${head.problem} retry=${head.reload} />
        ${head.data ? html`<${Facts} rows=${[[t("health.head"), num(head.data.sequence)], [t("field.time"), time.moment(head.data.time)], [t("health.log_id"), html`<code>${head.data.log_id}</code>`], [t("health.digest"), html`<code class="long">${head.data.digest}</code>`]]} />` : null}<//>` : null}
    </div>` : null}</div>`;
}
