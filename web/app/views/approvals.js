// Acts that wait for a second person: who proposed what, until when, and the answer.
import { html, useEffect, useMemo, useState } from "../ui.js";
import { list, num, t, word } from "../i18n.js";
import * as money from "../money.js";
import * as time from "../time.js";
import { actsFeed, heardTime } from "../feeds.js";
import { useFeed, useGet, useRequest } from "../hooks.js";
import { useStore } from "../store.js";
import { Copy, Dialog, Empty, Facts, Panel, ProblemNote, Receipt, Sure, Tag } from "../parts/basic.js";
import { Changes } from "../parts/changes.js";
import { Text } from "../parts/form.js";

const NUMERIC = new Set(["quantity", "price", "amount", "funds", "reserve", "verified", "display", "minimum", "trigger", "left", "shown", "buyer_fee", "seller_fee", "change"]);

/** A field's value in words. */
export function show(name, value) {
  if (value === null || value === undefined) return "–";
  if (Array.isArray(value)) return list(value.map((item) => word(`role.${item}`, word(`duty.${item}`, String(item)))));
  if (typeof value === "object") return JSON.stringify(value);
  if (typeof value === "boolean") return t(value ? "word.yes" : "word.no");
  if (NUMERIC.has(name) && money.parse(String(value))) return num(value);
  if (typeof value === "string" && time.parts(value)) return time.moment(value);
  return word(`${name}.${value}`, String(value));
}

/** The fields of a command, without its name. */
export function CommandFacts({ command }) {
  const { do: _name, id: _id, ...fields } = command ?? {};
  return html`<${Facts} rows=${Object.entries(fields).filter(([, value]) => value !== null).map(([name, value]) => [word(`field.${name}`, name), show(name, value)])} />`;
}

function Left({ expires }) {
  const heard = useStore(heardTime);
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => tick((n) => n + 1), 1000);
    return () => clearInterval(timer);
  }, []);
  const left = (time.instant(expires) - time.instant(heard)) / 1000;
  return html`<span>${time.moment(expires)}${Number.isFinite(left) ? html` <span class=${left < 600 ? "bad-text" : "quiet"}>(${time.span(left)})</span>` : null}</span>`;
}

/** What a proposed rulebook would change, as its proposer saw it. */
function Rules({ act }) {
  const { data, problem, reload } = useGet(`/v1/acts/${act}/rules`);
  if (!data) return html`<${ProblemNote} problem=${problem} retry=${reload} />`;
  return html`${data.opens ? html`<p class="receipt waits">${t("rules.opens", { market: data.market })}</p>` : null}<${Changes} check=${data} />`;
}

function Act({ act, onCode }) {
  const { busy, problem, answer, send } = useRequest();
  const [reason, setReason] = useState("");
  const approve = async () => {
    const { answer: done } = await send("POST", `/v1/acts/${act.act}/approve`, {});
    if (done?.code) onCode(done);
  };
  const name = act.command?.do ?? "";
  return html`<${Panel} className="act" label=${`${t("approvals.act")} ${act.act}`} title=${html`<span class="quiet">#${act.act}</span> ${word(`do.${name}`, name)}`} tools=${act.mine ? html`<${Tag}>${t("approvals.mine")}<//>` : null}>
    <div class="two-columns"><${CommandFacts} command=${act.command} />
      <${Facts} rows=${[[t("approvals.by"), html`<b>${act.proposer}</b> · ${act.participant}`], [t("approvals.proposed"), time.moment(act.proposed)], [t("approvals.expires"), html`<${Left} expires=${act.expires} />`]]} /></div>
    ${name === "adopt_rulebook" ? html`<${Rules} act=${act.act} />` : null}
    <form class="row end" onSubmit=${(event) => event.preventDefault()}>
      <${Text} label=${t("field.reason")} value=${reason} onInput=${setReason} />
      <${Sure} onSure=${() => send("POST", `/v1/acts/${act.act}/withdraw`, { reason: reason || t("approvals.no_reason") })}>${t(act.mine ? "approvals.withdraw" : "approvals.reject")}<//>
      ${act.may_approve ? html`<button type="button" class="main" data-approve=${act.act} disabled=${busy} onClick=${approve}>${t("approvals.approve")}</button>` : null}
    </form>
    ${act.may_approve || !act.mine ? null : html`<p class="hint">${t("approvals.not_yourself")}</p>`}
    <${ProblemNote} problem=${problem} /><${Receipt} receipt=${answer ?? null} /><//>`;
}

/** The code that goes with a link: it is shown once, to whoever approved, and the link to whoever proposed. */
function Code({ made, onClose }) {
  return html`<${Dialog} kept title=${t("approvals.code")} onClose=${onClose}><p>${t("approvals.code_why", { user: made.code_for })}</p>
    <${Facts} rows=${[[t("field.user"), html`<b>${made.code_for}</b>`], [t("approvals.code"), html`<code class="secret" data-code="made">${made.code}</code>`]]} />
    <div class="row end"><${Copy} text=${made.code} /><button type="button" class="main" onClick=${onClose}>${t("users.link_given")}</button></div><//>`;
}

/** The page of approvals. */
export function Approvals() {
  const feed = useMemo(actsFeed, []);
  const { data, problem } = useFeed(feed);
  const acts = data ?? [];
  const [code, setCode] = useState(null);
  return html`<div class="page narrow"><${ProblemNote} problem=${problem} />
    ${acts.map((act) => html`<${Act} key=${act.act} act=${act} onCode=${setCode} />`)}
    ${code ? html`<${Code} made=${code} onClose=${() => setCode(null)} />` : null}
    ${acts.length || problem ? null : html`<${Panel} title=${t("page.approvals")}><${Empty}>${t(data ? "approvals.none" : "table.loading")}<//><//>`}</div>`;
}
