// Small things that every view uses.
import { html, useEffect, useRef, useState } from "../ui.js";
import { explain, list, num, plus, t, word } from "../i18n.js";
import { sign } from "../money.js";
import { href } from "../route.js";

/** What failed, beside the thing that failed. */
export function ProblemNote({ problem, retry }) {
  if (!problem) return null;
  const { title, detail } = explain(problem);
  return html`<div class="problem" role="alert">
    <strong>${title}</strong>${detail ? html`<span>${detail}</span>` : null}
    ${problem.sequence ? html`<span class="quiet">#${problem.sequence}</span>` : null}
    ${problem.retryAfter ? html`<span>${t("problem.retry_after", { seconds: problem.retryAfter })}</span>` : null}
    ${retry ? html`<button type="button" class="small" onClick=${retry}>${t("act.retry")}</button>` : null}
  </div>`;
}

/** What the node answered to a command: done, or proposed to a second person. */
export function Receipt({ receipt }) {
  if (!receipt) return null;
  if (receipt.act !== undefined && receipt.act !== null) {
    return html`<div class="receipt waits" role="status">${t("receipt.proposed", { act: receipt.act })} <a href=${href("approvals")}>${t("page.approvals")}</a></div>`;
  }
  const made = receipt.created ? ` · ${word(`created.${receipt.created.kind}`)} ${receipt.created.number}` : "";
  return html`<div class="receipt" role="status">${t("receipt.done", { sequence: receipt.sequence })}${made}</div>`;
}

/** A titled box. `tools` stand at the right of its title. */
export function Panel({ title, tools, children, className = "", label, fill }) {
  return html`<section class=${`panel ${fill ? "fill " : ""}${className}`} aria-label=${label ?? (typeof title === "string" ? title : undefined)}>
    ${title || tools ? html`<header><h2>${title}</h2><div class="tools">${tools}</div></header>` : null}
    <div class="body">${children}</div>
  </section>`;
}

/** A group of alternatives: [[value, text], …]. */
export function Choice({ value, options, onChange, label, className = "" }) {
  const move = (event) => {
    const at = options.findIndex(([item]) => item === value);
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    event.stopPropagation();
    const next = options[(at + by + options.length) % options.length][0];
    onChange(next);
    event.currentTarget.querySelectorAll("button")[(at + by + options.length) % options.length]?.focus();
  };
  return html`<div class=${`choice ${className}`} role="radiogroup" aria-label=${label} onKeyDown=${move}>
    ${options.map(([item, text]) => html`<button type="button" role="radio" key=${item} data-value=${item} aria-checked=${item === value ? "true" : "false"}
      tabindex=${item === value ? 0 : -1} onClick=${() => onChange(item)}>${text}</button>`)}
  </div>`;
}

/** Tabs over the content that is chosen. */
export function Tabs({ value, options, onChange, label }) {
  return html`<${Choice} className="tabs" value=${value} options=${options} onChange=${onChange} label=${label} />`;
}

/** A signed number in the colour of its direction. */
export function Delta({ value, decimals, unit = "" }) {
  if (value === null || value === undefined) return html`<span class="quiet">–</span>`;
  const way = sign(value);
  return html`<span class=${way > 0 ? "up" : way < 0 ? "down" : "flat"}>${plus(value, decimals)}${unit}</span>`;
}

/** Bought or sold. */
export const Side = ({ side }) => html`<span class=${side === "buy" ? "up" : "down"}>${word(`side.${side}`)}</span>`;

/** A state in a small frame; `tone` is good, warn, bad or empty. */
export const Tag = ({ children, tone = "" }) => html`<span class=${`tag ${tone}`}>${children}</span>`;

const TONES = {
  continuous: "good", open: "good", standing: "good", opening_call: "warn", closing_call: "warn", interruption: "warn", halted: "bad", delisted: "bad",
  filled: "", cancelled: "quiet", refused: "bad", settled: "good", pending: "warn", met: "good", determined: "bad", short: "bad", active: "good",
};

/** A phase or a status in words and colour. */
export function State({ value, kind = "status" }) {
  if (!value) return null;
  return html`<${Tag} tone=${TONES[value] ?? ""}>${word(`${kind}.${value}`, value)}<//>`;
}

/** A number that may be missing. */
export const Num = ({ value, decimals = 0 }) => (value === null || value === undefined || value === "" ? html`<span class="quiet">–</span>` : num(value, decimals));

/** Names of duties or roles. */
export const names = (kind, values) => list((values ?? []).map((value) => word(`${kind}.${value}`, value)));

/** A modal window; Escape, and a press beside it, close it, but where what it shows is shown once (`kept`): then only its buttons do. */
export function Dialog({ title, onClose, children, wide, kept }) {
  const box = useRef(null);
  useEffect(() => {
    const before = document.activeElement;
    box.current?.showModal();
    const first = box.current?.querySelector("[autofocus]") ?? box.current?.querySelector("input:not([type=hidden]), select, textarea, button.main");
    first?.focus();
    return () => before?.focus?.();
  }, []);
  const outside = (event) => event.target === box.current && !kept && onClose();
  // A field or a form that the window stands in does not hear its keys.
  const onKey = (event) => { if (event.key === "Escape") { event.stopPropagation(); if (kept) event.preventDefault(); } };
  return html`<dialog ref=${box} class=${wide ? "wide" : ""} aria-label=${title} onMouseDown=${outside} onKeyDown=${onKey} onCancel=${(event) => { event.preventDefault(); if (!kept) onClose(); }}>
    <div class="window">
      <header><h2>${title}</h2>${kept ? null : html`<button type="button" class="icon" aria-label=${t("act.close")} onClick=${onClose}>✕</button>`}</header>
      <div class="body">${children}</div>
    </div>
  </dialog>`;
}

/** A button that asks once more before it acts. */
export function Sure({ children, onSure, className = "", label }) {
  const [asked, setAsked] = useState(false);
  useEffect(() => {
    if (!asked) return undefined;
    const timer = setTimeout(() => setAsked(false), 4000);
    return () => clearTimeout(timer);
  }, [asked]);
  return html`<button type="button" class=${`${className} ${asked ? "bad" : ""}`} aria-label=${label}
    onClick=${() => { if (asked) onSure(); setAsked(!asked); }}>${asked ? t("act.sure") : children}</button>`;
}

/** Pairs of a word and a value. */
export const Facts = ({ rows, className = "" }) => html`<dl class=${`facts ${className}`}>
  ${rows.filter(Boolean).map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value ?? "–"}</dd></div>`)}
</dl>`;

/** A line of grey text where there is nothing to show. */
export const Empty = ({ children }) => html`<p class="empty">${children ?? t("table.empty")}</p>`;

/** A button that copies a text. */
export function Copy({ text }) {
  const [done, setDone] = useState(false);
  return html`<button type="button" onClick=${() => navigator.clipboard?.writeText(text).then(() => setDone(true), () => {})}>${t(done ? "act.copied" : "act.copy")}</button>`;
}
