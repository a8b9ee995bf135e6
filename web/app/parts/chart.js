// Candles with volume. Prices go in as whole ticks and come out as text: the chart places pixels, and knows no money.
import { html, useEffect, useRef, useState } from "../ui.js";
import { createChart, CandlestickSeries, HistogramSeries } from "../../vendor/lightweight-charts.js";
import { get, items } from "../api.js";
import { stream } from "../feeds.js";
import { locale, num, short, t } from "../i18n.js";
import { prefs } from "../prefs.js";
import { useStore } from "../store.js";
import * as money from "../money.js";
import * as time from "../time.js";
import { Choice, Delta, ProblemNote } from "./basic.js";

const INTERVALS = ["1m", "5m", "15m", "1h", "1d"];
const REFETCH_MS = 1500;

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function paint() {
  return {
    layout: {
      background: { type: "solid", color: colour("--panel") }, textColor: colour("--muted"), fontSize: 11, attributionLogo: false,
      fontFamily: getComputedStyle(document.body).fontFamily, panes: { separatorColor: colour("--line"), enableResize: false },
    },
    grid: { vertLines: { color: colour("--grid") }, horzLines: { color: colour("--grid") } },
    rightPriceScale: { borderColor: colour("--line"), entireTextOnly: true },
    timeScale: { borderColor: colour("--line"), timeVisible: true, secondsVisible: false, rightOffset: 4, minBarSpacing: 2 },
  };
}

const whole = (value, decimals) => Number(money.units(value, decimals) ?? 0n);

function point(candle, decimals) {
  return {
    time: time.wallSeconds(candle.time), open: whole(candle.open, decimals), high: whole(candle.high, decimals),
    low: whole(candle.low, decimals), close: whole(candle.close, decimals),
  };
}

function bar(candle) {
  const volume = money.parse(candle.volume);
  const falls = money.cmp(candle.close, candle.open) < 0;
  return { time: time.wallSeconds(candle.time), value: volume ? Number(volume.units / 10n ** BigInt(volume.scale)) : 0, color: colour(falls ? "--down-soft" : "--up-soft") };
}

/** Fetches candles and keeps them: by the channel for minutes, by asking for the last two for anything longer. */
function useCandles(instrument, interval, onAll, onOne) {
  const [problem, setProblem] = useState(null);
  useEffect(() => {
    const control = new AbortController();
    const path = `/v1/instruments/${encodeURIComponent(instrument)}/candles`;
    const known = new Map();
    let timer = 0;
    let ready = false;
    const fail = (failure) => failure.name !== "AbortError" && setProblem(failure);
    const fetchAll = () => get(path, { interval, limit: 500 }, control.signal).then((answer) => {
      for (const candle of items(answer)) known.set(candle.time, candle);
      ready = true;
      setProblem(null);
      onAll([...known.values()].sort((a, b) => time.wallSeconds(a.time) - time.wallSeconds(b.time)));
    }).catch(fail);
    const fetchLast = () => get(path, { interval, limit: 2 }, control.signal).then((answer) => {
      for (const candle of items(answer).sort((a, b) => time.wallSeconds(a.time) - time.wallSeconds(b.time))) onOne(candle);
    }).catch(fail);
    fetchAll();
    const stop = stream.subscribe({ channel: "candles", instrument }, (message) => {
      if (!ready || !message.data) return;
      if (message.type === "snapshot") fetchAll();
      else if (interval === "1m" && message.data.open) onOne(message.data);
      else if (!timer) timer = setTimeout(() => { timer = 0; fetchLast(); }, REFETCH_MS);
    });
    return () => {
      clearTimeout(timer);
      control.abort();
      stop();
    };
  }, [instrument, interval]);
  return problem;
}

/** The chart of an instrument. */
export function Chart({ instrument, decimals }) {
  const box = useRef(null);
  const parts = useRef(null);
  const [interval, pickInterval] = useState("1m");
  const [shown, setShown] = useState(null);
  const candles = useRef(new Map());
  const look = useStore(prefs);
  useEffect(() => {
    const chart = createChart(box.current, {
      ...paint(), autoSize: true, crosshair: { mode: 0 }, handleScale: { axisPressedMouseMove: true },
      localization: { locale: locale(), dateFormat: "yyyy-MM-dd", priceFormatter: undefined },
    });
    const written = (value) => num(money.text(BigInt(Math.round(value)), decimals), decimals);
    // A line of the grid between two ticks has no price: it stands unnamed and is not rounded to one.
    const ticks = (values) => values.map((value) => (Math.abs(value - Math.round(value)) < 1e-6 ? written(value) : ""));
    const price = { type: "custom", minMove: 1, formatter: written, tickmarksFormatter: ticks };
    const candle = chart.addSeries(CandlestickSeries, { priceFormat: price, borderVisible: false });
    const volume = chart.addSeries(HistogramSeries, { priceFormat: { type: "custom", minMove: 1, formatter: (value) => short(String(Math.round(Math.max(0, value)))) }, lastValueVisible: false, priceLineVisible: false }, 1);
    chart.panes()[0]?.setStretchFactor(4);
    chart.panes()[1]?.setStretchFactor(1);
    chart.subscribeCrosshairMove((move) => setShown(move.time === undefined ? null : candles.current.get(move.time) ?? null));
    parts.current = { chart, candle, volume };
    return () => {
      parts.current = null;
      chart.remove();
    };
  }, [decimals]);
  useEffect(() => {
    if (!parts.current) return;
    const { chart, candle, volume } = parts.current;
    chart.applyOptions(paint());
    candle.applyOptions({ upColor: colour("--up"), downColor: colour("--down"), wickUpColor: colour("--up"), wickDownColor: colour("--down") });
    volume.setData([...candles.current.values()].map(bar));
  }, [look, decimals]);
  const [newest, setNewest] = useState(null);
  const onAll = (all) => {
    candles.current = new Map(all.map((item) => [time.wallSeconds(item.time), item]));
    setNewest(all.at(-1) ?? null);
    if (!parts.current) return;
    parts.current.candle.setData(all.map((item) => point(item, decimals)));
    parts.current.volume.setData(all.map(bar));
    parts.current.chart.timeScale().scrollToRealTime();
  };
  const onOne = (item) => {
    const at = time.wallSeconds(item.time);
    const last = Math.max(0, ...candles.current.keys());
    candles.current.set(at, item);
    if (!parts.current || at < last) return;
    setNewest(item);
    parts.current.candle.update(point(item, decimals));
    parts.current.volume.update(bar(item));
  };
  const problem = useCandles(instrument, interval, onAll, onOne);
  const say = shown ?? newest;
  return html`<div class="chart">
    <div class="chartbar">
      <${Choice} label=${t("chart.interval")} value=${interval} onChange=${pickInterval} options=${INTERVALS.map((name) => [name, name])} />
      <${Legend} candle=${say} decimals=${decimals} />
    </div>
    ${problem ? html`<${ProblemNote} problem=${problem} />` : null}
    <div class="canvas" ref=${box} role="img" aria-label=${t("chart.label", { instrument })}></div>
  </div>`;
}

function Legend({ candle, decimals }) {
  if (!candle) return html`<div class="legend quiet">${t("chart.none")}</div>`;
  const change = money.sub(candle.close, candle.open);
  return html`<div class="legend"><span class="quiet">${time.moment(candle.time).slice(5, 16)}</span>
    ${["open", "high", "low", "close"].map((name) => html`<span key=${name}><em>${t(`chart.${name}`)}</em>${num(candle[name], decimals)}</span>`)}
    <${Delta} value=${change} decimals=${decimals} /><span class="wide"><em>${t("chart.volume")}</em>${short(candle.volume)}</span></div>`;
}
