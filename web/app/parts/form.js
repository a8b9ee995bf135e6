// Fields and the form of a command.
import { html, useEffect, useId, useMemo, useState } from "../ui.js";
import { t, word, named, wrongOf } from "../i18n.js";
import * as money from "../money.js";
import * as time from "../time.js";
import { COMMANDS, DUTIES, ROLES } from "../commands.js";
import { heardTime, namesFeed } from "../feeds.js";
import { useCommand, useFeed, useInstruments, useMarkets, useSession } from "../hooks.js";
import { ProblemNote, Receipt } from "./basic.js";

/** A label over a field, with what is wrong under it. */
export function Field({ label, error, hint, children, wide }) {
  return html`<label class=${`field ${error ? "wrong" : ""} ${wide ? "wide" : ""}`}><span>${label}</span>${children}
    ${error ? html`<em role="alert">${error}</em>` : hint ? html`<small>${hint}</small>` : null}</label>`;
}

/** A field for text. */
export function Text({ label, value, onInput, error, hint, type = "text", wide, ...rest }) {
  return html`<${Field} label=${label} error=${error} hint=${hint} wide=${wide}>
    <input type=${type} value=${value} onInput=${(event) => onInput(event.target.value)} aria-invalid=${error ? "true" : undefined} autocomplete="off" spellcheck="false" ...${rest} />
  <//>`;
}

/** A field with a list to choose from. */
export function Select({ label, value, onChange, options, error, hint, ...rest }) {
  return html`<${Field} label=${label} error=${error} hint=${hint}>
    <select value=${value} onChange=${(event) => onChange(event.target.value)} ...${rest}>
      ${options.map(([item, text]) => html`<option key=${item} value=${item} selected=${item === value}>${text}</option>`)}
    </select>
  <//>`;
}

const NUMBERS = new Set(["price", "quantity", "money"]);

function start(field, user, today) {
  if (field.type === "choice") return field.options[0];
  if (field.type === "own_account") return user?.accounts?.[0] ?? "";
  if (field.type === "bool") return false;
  if (field.type === "yes_no") return "true";
  if (field.type === "roles" || field.type === "duties") return [];
  if (field.type === "year") return today ? today.slice(0, 4) : "";
  return "";
}

/** One typed value as the command wants it: {value}, {skip} or {error}. */
export function convert(field, typed, { offset = "Z", decimals } = {}) {
  if (field.type === "bool") return typed ? { value: true } : { skip: true };
  if (field.type === "yes_no") return { value: typed === "true" };
  if (Array.isArray(typed)) return typed.length || field.optional ? { value: typed } : { error: "input.empty" };
  const text = String(typed ?? "").trim();
  if (text === "") return field.optional ? { skip: true } : { error: "input.empty" };
  if (NUMBERS.has(field.type)) return money.read(text, decimals);
  if (field.type === "reference") return { value: /^\d+$/.test(text) ? Number(text) : text };
  if (field.type === "year") return /^\d{4}$/.test(text) ? { value: Number(text) } : { error: "input.no_year" };
  if (field.type === "integer") return /^\d{1,15}$/.test(text) ? { value: Number(text) } : { error: "input.no_number" };
  if (field.type === "years" || field.type === "numbers") {
    const all = text.split(/[\s,，、]+/).filter(Boolean);
    return all.every((item) => /^\d+$/.test(item)) ? { value: all.map(Number) } : { error: "input.no_number" };
  }
  if (field.type === "time") return { value: time.fromField(text, offset) };
  return { value: text };
}

function Many({ label, value, onChange, options, kind, error }) {
  const toggle = (item) => onChange(value.includes(item) ? value.filter((other) => other !== item) : [...value, item]);
  return html`<fieldset class=${`field many ${error ? "wrong" : ""}`}><legend>${label}</legend>
    <div>${options.map((item) => html`<label key=${item}><input type="checkbox" name=${item} checked=${value.includes(item)} onChange=${() => toggle(item)} />${word(`${kind}.${item}`)}</label>`)}</div>
    ${error ? html`<em role="alert">${error}</em>` : null}</fieldset>`;
}

/** The names that exist, for fields that ask for one; what may not be read is simply not offered. */
export function useNames() {
  const user = useSession();
  const feed = useMemo(namesFeed, []);
  const { data } = useFeed(feed);
  const { instruments } = useInstruments();
  const { markets } = useMarkets();
  return useMemo(() => {
    const { accounts = [], participants = [], assets = [] } = data ?? {};
    const opened = participants.flatMap((item) => (item.accounts ?? []).map((one) => one.code ?? one));
    return {
      account: [...new Set([...accounts.map((item) => item.code), ...opened, ...(user?.accounts ?? [])])],
      participant: participants.map((item) => [item.code, named(item.name)]),
      asset: assets.map((item) => item.code),
      instrument: instruments.map((item) => item.code),
      market: markets.map((item) => item.code),
      own_account: user?.accounts ?? [],
    };
  }, [data, instruments.length, markets.length, user]);
}

function Input({ field, value, set, error, names, id }) {
  const label = word(`field.${field.name}`, field.name) + (field.optional ? ` · ${t("input.optional")}` : "");
  if (field.type === "choice") return html`<${Select} label=${label} value=${value} onChange=${set} error=${error} options=${field.options.map((item) => [item, word(`${field.name}.${item}`, item)])} name=${field.name} />`;
  if (field.type === "yes_no") return html`<${Select} label=${label} value=${value} onChange=${set} error=${error} options=${[["true", t("word.yes")], ["false", t("word.no")]]} name=${field.name} />`;
  if (field.type === "roles") return html`<${Many} label=${label} value=${value} onChange=${set} options=${ROLES} kind="role" error=${error} />`;
  if (field.type === "duties") return html`<${Many} label=${label} value=${value} onChange=${set} options=${DUTIES} kind="duty" error=${error} />`;
  if (field.type === "bool") return html`<label class="field check"><input type="checkbox" checked=${value} onChange=${(event) => set(event.target.checked)} /><span>${label}</span></label>`;
  const known = names[field.type];
  if (known?.length && (field.type === "own_account" || field.type === "market")) {
    const options = known.map((item) => [item, item]);
    return html`<${Select} label=${label} value=${value} onChange=${set} error=${error} options=${field.optional ? [["", "–"], ...options] : options} name=${field.name} />`;
  }
  const type = { date: "date", time: "datetime-local" }[field.type] ?? "text";
  const numeric = NUMBERS.has(field.type) || field.type === "year" || field.type === "integer";
  return html`<div class="holder"><${Text} label=${label} value=${value} onInput=${set} error=${error} type=${type} inputmode=${numeric ? "decimal" : undefined}
      class=${numeric ? "num" : undefined} list=${known ? id : undefined} step=${type === "datetime-local" ? 1 : undefined} name=${field.name} />
    ${known ? html`<datalist id=${id}>${known.map((item) => (Array.isArray(item) ? html`<option value=${item[0]}>${item[1]}</option>` : html`<option value=${item} />`))}</datalist>` : null}</div>`;
}

/** The form of one command. `fixed` fields are given and not shown. Where the command or they can change, it has a `key` that changes with them. */
export function CommandForm({ name, fixed = {}, initial = {}, onDone, submit, compact }) {
  const spec = COMMANDS[name];
  const user = useSession();
  const names = useNames();
  const id = useId();
  const { busy, problem, receipt, send } = useCommand();
  const offset = time.parts(heardTime.get())?.offset ?? "+08:00";
  const fields = spec.fields.filter((field) => !(field.name in fixed));
  const fresh = () => Object.fromEntries(fields.map((field) => [field.name, initial[field.name] ?? start(field, user, time.date(heardTime.get()))]));
  const [values, setValues] = useState(fresh);
  const [errors, setErrors] = useState({});
  const [asked, setAsked] = useState(false);
  // What cannot be taken back is asked for twice; a halt can be lifted, and must be quick.
  const asks = spec.danger && name !== "halt";
  useEffect(() => {
    if (!asked) return undefined;
    const timer = setTimeout(() => setAsked(false), 5000);
    return () => clearTimeout(timer);
  }, [asked]);
  const onSubmit = async (event) => {
    event.preventDefault();
    const body = { ...fixed };
    const wrong = {};
    for (const field of fields) {
      const found = convert(field, values[field.name], { offset });
      if (found.error) wrong[field.name] = t(found.error);
      else if (!found.skip) body[field.name] = found.value;
    }
    setErrors(wrong);
    if (Object.keys(wrong).length) return;
    if (asks && !asked) {
      setAsked(true);
      return;
    }
    setAsked(false);
    const done = await send(name, body);
    if (done) {
      setValues(fresh());
      onDone?.(done);
    }
  };
  const fieldError = (field) => errors[field.name] ?? (problem?.field === field.name ? wrongOf(problem) : undefined);
  return html`<form class=${`command ${compact ? "compact" : ""}`} onSubmit=${onSubmit} data-command=${name} novalidate>
    <div class="fields">${fields.map((field) => html`<${Input} key=${name + field.name} field=${field} value=${values[field.name]} names=${names} id=${`${id}-${field.name}`}
      set=${(value) => setValues((old) => ({ ...old, [field.name]: value }))} error=${fieldError(field)} />`)}</div>
    ${spec.second ? html`<p class="hint">${t("form.second")}</p>` : null}
    <div class="row end"><button class=${spec.danger ? "bad main" : "main"} disabled=${busy}>${busy ? t("act.sending") : asked ? t("act.sure") : submit ?? word(`do.${name}`, name)}</button></div>
    <${ProblemNote} problem=${problem} /><${Receipt} receipt=${receipt} />
  </form>`;
}
