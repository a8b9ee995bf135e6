// Every text in two languages. A key that a dictionary lacks shows itself, and a test fails.
import en from "./words/en.js";
import zh from "./words/zh.js";
import { REFUSALS_ZH } from "./words/refusals.zh.js";
import { language } from "./prefs.js";
import * as money from "./money.js";
import { mistakeZh, wrongZh } from "./wrong.js";

const WORDS = { en, zh };

/** The text of a key, with `{name}` filled in. */
export function t(key, values) {
  const text = WORDS[language()][key] ?? en[key] ?? key;
  return values ? text.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? "")) : text;
}

/** The text of a key that may not exist; `otherwise` then. */
export const word = (key, otherwise = key) => WORDS[language()][key] ?? en[key] ?? otherwise;

/** The locale for numbers. */
export const locale = () => (language() === "zh" ? "zh-CN" : "en-GB");

/** Decimal text as the reader writes it. */
export const num = (value, decimals = 0) => money.format(value, locale(), decimals);

/** Shortened. */
export const short = (value) => money.compact(value, locale());

/** In full as long as it fits. */
export const figure = (value, most = "999999") => (money.cmp(value, most) > 0 ? short(value) : num(value));

/** With its sign. */
export const plus = (value, decimals = 0) => money.signed(value, locale(), decimals);

/** A list of words. */
export const list = (words) => words.join(language() === "zh" ? "，" : ", ");

/** A name that the rules give in both languages ("Dongjiang Power 东江电力"), in the reader's; that of the node's own operator is the engine's. */
export function named(name) {
  if (name === "Operator of this node") return t("participants.operator");
  const found = /^(.*?[^\u4e00-\u9fff])\s+([\u4e00-\u9fff].*)$/.exec(name ?? "");
  if (!found) return name ?? "";
  return language() === "zh" ? found[2] : found[1];
}

/** Problems whose detail says no more than their title. */
const SAID = new Set(["bad_credentials", "unauthenticated", "csrf", "password_change_needed", "unreachable"]);

/** A problem in the reader's language: `{title, detail}`. The node's own words stand where there is no translation. */
export function explain(problem) {
  const chinese = language() === "zh";
  if (problem.reason) {
    const detail = (chinese && (REFUSALS_ZH[`${problem.stage}/${problem.reason}`] ?? REFUSALS_ZH[problem.reason])) || problem.detail || problem.title;
    return { title: t("problem.refused", { stage: word(`stage.${problem.stage}`, problem.stage ?? "") }), detail };
  }
  const own = word(`problem.${problem.code}`, "");
  if (chinese && own) return { title: own, detail: SAID.has(problem.code) ? "" : wrongOf(problem, "") };
  return { title: problem.title || own || t("problem.other"), detail: problem.detail || (problem.title ? "" : `HTTP ${problem.status ?? ""}`) };
}

/** What is wrong with the field that a problem is about. */
export const wrongOf = (problem, otherwise = problem.title) => (language() === "zh" && problem.wrong && wrongZh(problem.wrong)) || problem.detail || otherwise;

/** What is wrong in a rulebook. */
export const mistakeOf = (mistake) => (language() === "zh" && mistakeZh(mistake)) || mistake.detail;
