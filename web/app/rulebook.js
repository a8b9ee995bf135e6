// A rulebook as text: what a rule says in plain words, and a version that changes some rules.
import { list, num, t, word } from "./i18n.js";
import * as money from "./money.js";

/** A value of a rulebook file as a reader sees it: `"10%"` is 10%, `1_000_000` is 1,000,000. */
export function plain(value) {
  if (value === null || value === undefined) return "–";
  if (value === "true" || value === "false") return t(value === "true" ? "word.yes" : "word.no");
  if (/^-?[\d_]+$/.test(value)) return num(value.replaceAll("_", ""));
  const text = unquoted(value);
  if (text !== null) return money.parse(text) ? num(text, (text.split(".")[1] ?? "").length) : word(`rule_value.${text}`, text);
  const items = /^\[([^[\]{}]*)\]$/s.exec(value)?.[1].split(",").map((item) => item.trim()).filter(Boolean);
  return items ? list(items.map(plain)) : value;
}

/** The text between quotes, or null where there are none. */
export function unquoted(value) {
  const found = /^"((?:[^"\\]|\\.)*)"$/s.exec(value);
  return found && found[1].replace(/\\(["\\])/g, "$1");
}

const quoted = (text) => `"${text.replace(/(["\\])/g, "\\$1")}"`;

/** What a person typed for a rule that is now `held`, as the file writes it; "none" ends a rule that may be absent. */
export function literal(held, typed) {
  const text = typed.trim();
  if (text === "none") return quoted(text);
  if (/^-?[\d_]+$/.test(held) && /^[\d,_\s]+$/.test(text)) return text.replace(/[,_\s]/g, "").replace(/\B(?=(\d{3})+$)/g, "_");
  if (unquoted(held) !== null && unquoted(text) === null) {
    const percent = /%$/.test(unquoted(held)) && /^[\d.]+$/.test(text) ? `${text}%` : text;
    return quoted(money.parse(unquoted(held)) ? percent.replace(/[,\s]/g, "") : percent);
  }
  return text;
}

/** The name of a rule: that of its table, and its own. */
export function named(path) {
  if (path === "name") return t("rule.name");
  const [, table, key, item] = /^(.*)\.(\w+)(?:\[(.*)\])?$/.exec(path) ?? [null, "", path];
  const own = table === "registry" ? word(`rules_of.${table}.${key}`, key) : word(`rule.${key}`, key);
  const room = word(`rules_of.${table}`, "");
  return [table === "registry" ? "" : room, item ? `${own} ${item}` : own].filter(Boolean).join(" · ");
}

/** A key put into a table of the last version: over what stands there for it, or under the table's header. */
function put(version, table, [key, value], cited) {
  const header = `[version.${table}]`;
  const lines = version.split("\n");
  const at = lines.findIndex((line) => line.replace(/#.*/, "").trim() === header);
  if (at < 0) return `${version.trimEnd()}\n\n${header}\n${key} = ${value}\n${cited}\n`;
  const rest = lines.slice(at + 1).findIndex((line) => /^\s*\[/.test(line));
  const end = rest < 0 ? lines.length : at + 1 + rest;
  const held = lines.findIndex((line, index) => index > at && index < end && line.split("=")[0].trim() === key);
  lines.splice(held < 0 ? at + 1 : held, held < 0 ? 0 : 1, `${key} = ${value}`);
  return lines.join("\n");
}

/** `text` with one rule another one from `day` on: in its last version where that begins on the day, else in a new one. */
export function amended(text, { day, source, path, value }) {
  const [, table, key] = /^(.*)\.(\w+)$/.exec(path);
  const cited = `source = ${quoted(source)}`;
  const start = Math.max(0, [...text.matchAll(/^\s*\[\[version\]\]/gm)].at(-1)?.index ?? 0);
  const last = /^\s*from\s*=\s*(\d{4}-\d{2}-\d{2})/m.exec(text.slice(start))?.[1];
  if (last === day) return text.slice(0, start) + put(text.slice(start), table, [key, value], cited);
  return `${text.trimEnd()}\n${put(`\n[[version]]\nfrom = ${day}\n${cited}\n`, table, [key, value], cited)}`;
}

/** Where a line and column (from 1, in characters) stand in a text. */
export function placeOf(text, line, column) {
  const lines = text.split("\n");
  const before = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
  return Math.min(text.length, before + [...(lines[line - 1] ?? "")].slice(0, column - 1).join("").length);
}
