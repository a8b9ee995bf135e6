// A table that the keyboard can walk through: arrows, Home, End; Enter opens a row.
import { html, useMemo, useRef, useState } from "../ui.js";
import { t } from "../i18n.js";
import { Empty, ProblemNote } from "./basic.js";

/** A row, which is drawn anew only when something of it is another: a table may have thousands. */
function Row({ row, name, columns, onOpen, onFocus, className, focus }) {
  return useMemo(() => html`<tr data-key=${name} tabindex=${focus ? 0 : -1} class=${`${onOpen ? "opens " : ""}${className}`} onFocus=${onFocus}
      onClick=${(event) => onOpen && !event.target.closest("button, a, input") && onOpen(row)}>
      ${columns.map((column) => html`<td key=${column.key} class=${cell(column)}>${column.show ? column.show(row) : row[column.key] ?? "–"}</td>`)}
    </tr>`, [row, name, columns, onOpen, className, focus]);
}

/**
 * columns: {key, label, named? (for those who hear the page, where there is no label), num?, low? (1 is hidden first where it is narrow, 2 next), width?, show?(row)}.
 * `onOpen(row)` is called for a click or Enter.
 */
export function Table({ columns, rows, rowKey, onOpen, label, empty, problem, retry, loading, rowClass, className = "", even }) {
  const body = useRef(null);
  const [at, setAt] = useState(0);
  const shown = useMemo(() => columns.filter(Boolean), [columns]);
  const onKey = (event) => {
    if (event.target.tagName !== "TR") return;
    const list = [...body.current.children];
    const here = list.indexOf(event.target);
    const next = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: list.length - 1, PageDown: here + 10, PageUp: here - 10 }[event.key];
    if (next !== undefined) {
      event.preventDefault();
      const row = Math.max(0, Math.min(list.length - 1, next));
      setAt(row);
      list[row]?.focus();
    } else if (event.key === "Enter" && onOpen) {
      event.preventDefault();
      onOpen(rows[here]);
    }
  };
  const onFocus = (event) => event.target.tagName === "TR" && setAt([...body.current.children].indexOf(event.target));
  const focusRow = Math.min(at, Math.max(0, rows.length - 1));
  return html`<div class=${`scroll ${className}`}>
    ${problem ? html`<${ProblemNote} problem=${problem} retry=${retry} />` : null}
    <table aria-label=${label} class=${even ? "even" : undefined}>
      <thead><tr>${shown.map((column) => html`<th key=${column.key} scope="col" class=${cell(column)} style=${column.width ? `width:${column.width}` : undefined}>${column.label || html`<span class="away">${column.named ?? t("table.acts")}</span>`}</th>`)}</tr></thead>
      <tbody ref=${body} onKeyDown=${onKey}>
        ${rows.map((row, index) => html`<${Row} key=${rowKey(row)} row=${row} name=${rowKey(row)} columns=${shown} onOpen=${onOpen} onFocus=${onFocus} className=${rowClass?.(row) ?? ""} focus=${index === focusRow} />`)}
      </tbody>
    </table>
    ${rows.length ? null : loading && !problem ? html`<${Empty}>${t("table.loading")}<//>` : problem ? null : html`<${Empty}>${empty}<//>`}
  </div>`;
}

const cell = (column) => [column.num ? "num" : "", column.low ? `low${column.low}` : "", column.className ?? ""].join(" ").trim() || undefined;
