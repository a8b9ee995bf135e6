// The rulebook of a market as text: opened from a file or begun with the rules adopted, checked by the node as it is
// written, shown beside the rules in force, and proposed. A second person approves.
import { html, useEffect, useMemo, useRef, useState } from "../ui.js";
import { mistakeOf, t, word } from "../i18n.js";
import { request } from "../api.js";
import { useGet, useRequest, useSession } from "../hooks.js";
import { href } from "../route.js";
import { amended, literal, named, placeOf, plain, unquoted } from "../rulebook.js";
import { Empty, Panel, ProblemNote, Receipt, Tag } from "../parts/basic.js";
import { Changes } from "../parts/changes.js";
import { Select, Text } from "../parts/form.js";

const CHECK_MS = 250;
const NEW = "+";

/** What was written and not proposed yet, by user and market: another page may be looked at meanwhile. */
const drafts = new Map();

/** What the node says of a text: `{text, check}` or `{text, problem}` of the last one that it answered. */
function useCheck(text) {
  const [state, setState] = useState({ text: null, check: null, problem: null });
  useEffect(() => {
    if (!text.trim()) return undefined;
    const control = new AbortController();
    const timer = setTimeout(() => {
      request("POST", "/v1/markets/check", { rulebook: text }, control.signal)
        .then((check) => setState({ text, check, problem: null }))
        .catch((problem) => problem.name !== "AbortError" && setState({ text, check: null, problem }));
    }, CHECK_MS);
    return () => {
      clearTimeout(timer);
      control.abort();
    };
  }, [text]);
  return state;
}

/** The text with its line numbers. A file may be dropped on it. */
function Editor({ text, onText, onFile, area, wrong }) {
  const numbers = useRef(null);
  const [over, setOver] = useState(false);
  const lines = text.split("\n").length;
  const drop = (event) => {
    event.preventDefault();
    setOver(false);
    if (event.dataTransfer.files[0]) onFile(event.dataTransfer.files[0]);
  };
  return html`<div class=${`editor ${over ? "over" : ""}`} onDragOver=${(event) => { event.preventDefault(); setOver(true); }} onDragLeave=${() => setOver(false)} onDrop=${drop}>
    <pre ref=${numbers} aria-hidden="true">${Array.from({ length: lines }, (_, at) => html`<span key=${at} class=${wrong.has(at + 1) ? "wrong" : ""}>${at + 1}${"\n"}</span>`)}</pre>
    <textarea ref=${area} name="rulebook" aria-label=${t("rules.text")} value=${text} wrap="off" spellcheck="false" autocapitalize="off" autocomplete="off"
      onInput=${(event) => onText(event.target.value)} onScroll=${(event) => { numbers.current.scrollTop = event.target.scrollTop; }} /></div>`;
}

/** One rule changed without writing TOML. */
function Quick({ rules, first, wanted, onAdd }) {
  const choices = rules.filter((rule) => !rule.path.includes("[") && !rule.path.endsWith(".time_zone"));
  const [path, setPath] = useState(choices.some((rule) => rule.path === wanted) ? wanted : choices[0]?.path ?? "");
  const heldOf = (of) => choices.find((rule) => rule.path === of)?.value ?? "";
  const shownOf = (of) => unquoted(heldOf(of)) ?? heldOf(of);
  const held = heldOf(path);
  const shownNow = shownOf(path);
  const [value, setValue] = useState(shownNow);
  const [day, setDay] = useState(first);
  const [source, setSource] = useState("");
  const [wrong, setWrong] = useState({});
  // At once, and not after the page was drawn: what is typed next stays.
  const choose = (next) => {
    setPath(next);
    setValue(shownOf(next));
  };
  const onSubmit = (event) => {
    event.preventDefault();
    const missing = Object.fromEntries(Object.entries({ value, day, source }).filter(([, typed]) => !typed.trim()).map(([name]) => [name, t("input.empty")]));
    setWrong(missing);
    if (!Object.keys(missing).length) onAdd({ path, value: literal(held, value), day, source: source.trim() });
  };
  return html`<form class="quick" onSubmit=${onSubmit} novalidate data-form="quick"><div class="fields">
      <${Select} label=${t("limits.rule")} value=${path} onChange=${choose} options=${choices.map((rule) => [rule.path, named(rule.path)])} name="path" />
      <${Text} label=${t("rules.new_value")} value=${value} onInput=${setValue} error=${wrong.value} hint=${`${t("rules.now")} ${plain(held)}`} name="value" autofocus />
      <${Text} label=${t("rules.first_day")} type="date" min=${first} value=${day} onInput=${setDay} error=${wrong.day} hint=${t("rules.first_day_hint", { day: first })} name="day" />
      <${Text} label=${t("rules.source")} value=${source} onInput=${setSource} error=${wrong.source} hint=${t("rules.source_hint")} name="source" /></div>
    <div class="row end"><button>${t("rules.add")}</button></div></form>`;
}

/** What cannot be read, each with the way to its place. */
function Mistakes({ mistakes, onGo }) {
  return html`<div class="mistakes" role="alert"><h3>${t("rules.mistakes", { count: mistakes.length })}</h3><ol>${mistakes.map((mistake, at) => html`<li key=${at}>
    <button type="button" class="plain small" data-line=${mistake.line} onClick=${() => onGo(mistake)}>${t("rules.place", { line: mistake.line, column: mistake.column })}</button>
    ${mistake.key ? html`<code>${mistake.key}</code>` : null}<span>${mistakeOf(mistake)}</span></li>`)}</ol></div>`;
}

/** What the node said, and the way on. */
function Outcome({ market, text, state, onGo, onProposed }) {
  const { busy, problem, answer, send, clear } = useRequest();
  useEffect(() => { if (text) clear(); }, [text]);
  const { check } = state;
  const fresh = state.text === text;
  const wrongMarket = check?.market && market !== NEW && check.market !== market;
  const may = fresh && check && !check.mistakes.length && !check.refusal && !wrongMarket && check.changes.length > 0;
  const propose = async () => {
    const { problem: failed } = await send("POST", "/v1/markets", { rulebook: text });
    if (!failed) onProposed();
  };
  const said = () => {
    if (!text.trim()) return html`<${Empty}>${t("rules.empty")}<//>`;
    if (state.problem) return html`<${ProblemNote} problem=${state.problem} />`;
    if (!check) return html`<${Empty}>${t("table.loading")}<//>`;
    if (check.mistakes.length) return html`<${Mistakes} mistakes=${check.mistakes} onGo=${onGo} />`;
    return html`${check.opens ? html`<p class="receipt waits">${t("rules.opens", { market: check.market })}</p>` : null}
      ${wrongMarket ? html`<p class="problem" role="alert">${t("rules.other_market", { market: check.market })}</p>` : null}
      ${check.refusal ? html`<p class="problem" role="alert">${word(`rules.${check.refusal}`, check.refusal)}</p>` : html`<${Changes} check=${check} />`}`;
  };
  return html`<${Panel} title=${t("rules.changes")} className="outcome" tools=${fresh && check ? html`<${Tag} tone=${check.mistakes.length ? "bad" : "good"}>${t(check.mistakes.length ? "rules.unreadable" : "rules.readable")}<//>` : null}>
    <div aria-live="polite" data-fresh=${fresh ? "true" : "false"}>${said()}</div>
    <p class="hint">${t("form.second")}</p>
    <div class="row end"><button type="button" class="main" data-propose disabled=${!may || busy} onClick=${propose}>${busy ? t("act.sending") : t("rules.propose")}</button></div>
    <${ProblemNote} problem=${problem} /><${Receipt} receipt=${answer ?? null} /><//>`;
}

function Written({ market, rules, wanted }) {
  const area = useRef(null);
  const user = useSession();
  const draft = `${user?.user} ${market}`;
  const [text, setText] = useState(drafts.get(draft) ?? rules?.rulebook ?? "");
  const [noFile, setNoFile] = useState(false);
  const state = useCheck(text);
  const put = (next) => {
    drafts.set(draft, next);
    setText(next);
  };
  const open = async (file) => {
    setNoFile(file.size > 1 << 20);
    if (file.size <= 1 << 20) put(await file.text());
  };
  const goTo = ({ line, column }) => {
    const place = placeOf(text, line, column);
    const box = area.current;
    box.focus();
    box.setSelectionRange(place, place);
    box.scrollTop = Math.max(0, ((line - 4) * box.scrollHeight) / text.split("\n").length);
  };
  const add = (change) => {
    put(amended(text, change));
    requestAnimationFrame(() => { area.current.scrollTop = area.current.scrollHeight; });
  };
  const wrong = useMemo(() => new Set((state.text === text ? state.check?.mistakes ?? [] : []).map((mistake) => mistake.line)), [state, text]);
  const title = market === NEW ? t("rules.new_market") : word(`market.${market}`, market);
  return html`<div class="page split even rules"><${Panel} title=${`${t("rules.title")} · ${title}`} tools=${html`<a href=${href("limits")}>${t("page.limits")}</a>`}>
      ${rules ? html`<details class="quickbox" open><summary>${t("rules.quick")}</summary><${Quick} rules=${rules.rules} first=${rules.holds_from} wanted=${wanted} onAdd=${add} /></details>` : null}
      <div class="filters"><label class="file"><span>${t("rules.file")}</span><input type="file" accept=".toml,text/plain" name="file" onChange=${(event) => { if (event.target.files[0]) open(event.target.files[0]); event.target.value = ""; }} /></label>
        ${rules ? html`<button type="button" class="small" data-again onClick=${() => put(rules.rulebook)}>${t("rules.again")}</button>` : null}<span class="quiet">${t("rules.drop")}</span></div>
      ${noFile ? html`<p class="problem" role="alert">${t("rules.too_large")}</p>` : null}
      <${Editor} text=${text} onText=${put} onFile=${open} area=${area} wrong=${wrong} /><//>
    <${Outcome} market=${market} text=${text} state=${state} onGo=${goTo} onProposed=${() => drafts.delete(draft)} /></div>`;
}

/** The page on which a market's rules are changed; `market` is its code, or "+" for one that is not open yet. */
export function RulesPage({ market, wanted }) {
  const opening = market === NEW;
  const { data, problem, reload } = useGet(opening ? null : `/v1/markets/${encodeURIComponent(market)}/rules`, {}, { every: 10000 });
  const rules = data?.market === market ? data : null;
  if (!opening && !rules) return html`<div class="page">${problem ? html`<${ProblemNote} problem=${problem} retry=${reload} />` : html`<${Empty}>${t("table.loading")}<//>`}</div>`;
  return html`<${Written} key=${`${market} ${wanted ?? ""}`} market=${market} rules=${rules} wanted=${wanted} />`;
}
