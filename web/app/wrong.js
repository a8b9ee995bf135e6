// What is wrong with a field or with a rulebook, said in Chinese from the parts that the node names; null where a part has no
// Chinese, and the node's own sentence is shown instead.
import { EXPECTED_ZH, RULES_ZH, THINGS_ZH } from "./words/wrong.zh.js";

/** The Chinese of a phrase; its numbers go where `{n}` stands. */
function said(words, phrase) {
  if (phrase in words) return words[phrase];
  const numbers = phrase.match(/\d[\d,_]*/g) ?? [];
  const found = words[phrase.replace(/\d[\d,_]*/g, "{n}")];
  return found ? found.replace(/\{n\}/g, () => numbers.shift()) : null;
}

/** What a key takes: of several words each stands as it is written. */
function taken(phrase) {
  if (/^"[^"]*"(, "[^"]*")*( or "[^"]*")?$/.test(phrase)) return phrase.replaceAll(", ", "、").replace(" or ", " 或 ");
  return said(EXPECTED_ZH, phrase);
}

/** A rule; what stands in a file that cannot be read is no matter here: a rulebook that is sent stands alone. */
const ruled = (rule) => (rule.startsWith("the file extended could not be read") ? "发送到节点的规则须自成一体，不得引用其他文件" : said(RULES_ZH, rule));

const thing = (name) => THINGS_ZH[name] ?? name;

/** A mistake in a rulebook. */
export function mistakeZh({ kind, syntax, expected, rule, found, table, nearest }) {
  if (kind === "syntax") return `不是 TOML：${syntax}`;
  if (kind === "unknown") return `没有这一项规则${nearest ? `，是否为“${nearest}”？` : ""}`;
  const what = kind === "broken" ? ruled(rule) : kind === "unexpected" || kind === "missing" ? taken(expected) : null;
  if (what === null) return null;
  if (kind === "missing") return `${thing(table)} 缺少此项，应为${what}`;
  return kind === "broken" ? `${what}，实为 ${thing(found)}` : `应为${what}，实为 ${thing(found)}`;
}

/** What is wrong with a field, or what is not there. */
export function wrongZh({ kind, what, expected, found, decimals, tick, rule }) {
  if (kind === "absent") return THINGS_ZH[what] ? `没有${THINGS_ZH[what]}“${found}”` : null;
  if (kind === "too_fine") return `“${found}”的小数超过 ${decimals} 位`;
  if (kind === "too_large") return `“${found}”过大，无法计数`;
  if (kind === "off_tick") return `“${found}”不是最小变动价位 ${tick} 的整数倍`;
  if (kind === "broken") return ruled(rule);
  const form = kind === "unexpected" ? taken(expected) : null;
  return form && `应为${form}，实为“${found}”`;
}
