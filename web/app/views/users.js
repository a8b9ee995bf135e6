// Users of the firm and what they may do. New users, duties and ways to sign in need a second person; passwords are chosen by the users alone.
import { html, useState } from "../ui.js";
import { t, wrongOf } from "../i18n.js";
import { items } from "../api.js";
import { DUTIES } from "../commands.js";
import { useGet, useRequest, useSession } from "../hooks.js";
import * as time from "../time.js";
import { Copy, Dialog, Facts, names, Panel, ProblemNote, Receipt, Tag } from "../parts/basic.js";
import { CommandForm, Text } from "../parts/form.js";
import { Table } from "../parts/table.js";

/** A link that was made: it is shown once, and goes to its user by another way than the code of whoever approves. */
export function LinkMade({ made, onClose }) {
  const address = new URL(made.link, location.href).href;
  return html`<${Dialog} kept title=${t("users.link")} onClose=${onClose}><p>${t("users.link_why")}</p>
    <${Facts} rows=${[[t("users.link"), html`<code class="secret" data-link="made">${address}</code>`], [t("users.link_until"), time.moment(made.link_until)]]} />
    <div class="row end"><${Copy} text=${address} /><button type="button" class="main" onClick=${onClose}>${t("users.link_given")}</button></div><${Receipt} receipt=${made} /><//>`;
}

function NewUser() {
  const user = useSession();
  const blank = { participant: user?.participant ?? "", name: "", duties: [] };
  const [form, setForm] = useState(blank);
  const [made, setMade] = useState(null);
  const { busy, problem, send } = useRequest();
  const put = (name) => (value) => setForm({ ...form, [name]: value });
  const toggle = (duty) => put("duties")(form.duties.includes(duty) ? form.duties.filter((item) => item !== duty) : [...form.duties, duty]);
  const error = (name) => (problem?.field === name ? wrongOf(problem) : undefined);
  const onSubmit = async (event) => {
    event.preventDefault();
    const { answer } = await send("POST", "/v1/users", form);
    if (!answer) return;
    setForm(blank);
    setMade(answer);
  };
  return html`<form onSubmit=${onSubmit} novalidate data-form="user"><div class="fields">
    <${Text} name="participant" label=${t("field.participant")} value=${form.participant} onInput=${put("participant")} error=${error("participant")} />
    <${Text} name="name" label=${t("field.user")} value=${form.name} onInput=${put("name")} error=${error("name")} hint=${t("users.name_hint")} />
    <fieldset class="field many"><legend>${t("field.duties")}</legend><div>${DUTIES.map((duty) => html`<label key=${duty}><input type="checkbox" name=${duty} checked=${form.duties.includes(duty)} onChange=${() => toggle(duty)} />${t(`duty.${duty}`)}</label>`)}</div></fieldset></div>
    <p class="hint">${t("users.link_how")}</p><div class="row end"><button class="main" disabled=${busy || !form.name}>${t("users.create")}</button></div>
    <${ProblemNote} problem=${problem} />${made ? html`<${LinkMade} made=${made} onClose=${() => setMade(null)} />` : null}</form>`;
}

function NewLink({ name, onClose }) {
  const [codesOff, setCodesOff] = useState(false);
  const [made, setMade] = useState(null);
  const { busy, problem, send } = useRequest();
  const onSubmit = async (event) => {
    event.preventDefault();
    const { answer } = await send("POST", `/v1/users/${encodeURIComponent(name)}/link`, { codes_off: codesOff });
    if (answer) setMade(answer);
  };
  if (made) return html`<${LinkMade} made=${made} onClose=${onClose} />`;
  return html`<${Dialog} title=${`${t("users.reset")} · ${name}`} onClose=${onClose}><form onSubmit=${onSubmit} data-form="link"><p class="hint">${t("users.link_how")}</p>
    <label class="field check"><input type="checkbox" name="codes_off" checked=${codesOff} onChange=${(event) => setCodesOff(event.target.checked)} /><span>${t("users.codes_off")}</span></label>
    <div class="row end"><button class="main" disabled=${busy}>${t("users.reset")}</button></div><${ProblemNote} problem=${problem} /></form><//>`;
}

function States({ row }) {
  return html`${row.active === false ? html`<${Tag} tone="bad">${t("users.inactive")}<//>` : row.enrolled === false ? html`<${Tag} tone="warn">${t(row.link_until ? "users.invited" : "users.no_password")}<//>` : html`<${Tag} tone="good">${t("users.active")}<//>`}
    ${row.totp ? html` <${Tag}>TOTP<//>` : null}${row.locked_out ? html` <${Tag} tone="bad">${t("users.locked_out")}<//>` : null}`;
}

/** The page of users. */
export function Users() {
  const { data, problem, loading, reload } = useGet("/v1/users", {}, { every: 6000 });
  const [asked, setAsked] = useState(null);
  const nameOf = (row) => row.user ?? row.name;
  const columns = [
    { key: "user", label: t("field.user"), show: (row) => html`<b>${nameOf(row)}</b>` },
    { key: "participant", label: t("field.participant") },
    { key: "duties", label: t("field.duties"), low: 1, show: (row) => names("duty", row.duties) },
    { key: "state", label: t("field.status"), show: (row) => html`<${States} row=${row} />` },
    {
      key: "acts", label: "", className: "acts",
      show: (row) => html`<button type="button" class="small" data-duties=${nameOf(row)} onClick=${() => setAsked(["set_user_duties", nameOf(row), row])}>${t("field.duties")}</button>
        <button type="button" class="small" data-reset=${nameOf(row)} onClick=${() => setAsked(["reset", nameOf(row)])}>${t("users.reset")}</button>
        ${row.locked_out ? html`<button type="button" class="small" data-unlock=${nameOf(row)} onClick=${() => setAsked(["unlock_user", nameOf(row)])}>${t("do.unlock_user")}</button>` : null}
        <button type="button" class="small" data-active=${nameOf(row)} onClick=${() => setAsked([row.active === false ? "activate_user" : "deactivate_user", nameOf(row)])}>${t(row.active === false ? "do.activate_user" : "do.deactivate_user")}</button>`,
    },
  ];
  return html`<div class="page split"><${Panel} title=${t("page.users")}><${Table} label=${t("page.users")} columns=${columns} rows=${items(data)} rowKey=${nameOf} problem=${problem} retry=${reload} loading=${loading} /><//>
    <${Panel} title=${t("users.new")}><${NewUser} /><//>
    ${asked?.[0] === "reset" ? html`<${NewLink} name=${asked[1]} onClose=${() => setAsked(null)} />` : asked ? html`<${Dialog} title=${`${t(`do.${asked[0]}`)} · ${asked[1]}`} onClose=${() => setAsked(null)}>
      <${CommandForm} name=${asked[0]} fixed=${{ user: asked[1] }} initial=${{ duties: asked[2]?.duties ?? [] }} /><//>` : null}</div>`;
}
