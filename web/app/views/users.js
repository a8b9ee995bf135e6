// Users of the firm and what they may do. New users, duties and passwords need a second person.
import { html, useState } from "../ui.js";
import { t, wrongOf } from "../i18n.js";
import { items } from "../api.js";
import { DUTIES } from "../commands.js";
import { useGet, useRequest, useSession } from "../hooks.js";
import { Dialog, names, Panel, ProblemNote, Receipt, Tag } from "../parts/basic.js";
import { CommandForm, Text } from "../parts/form.js";
import { Table } from "../parts/table.js";

function NewUser() {
  const user = useSession();
  const blank = { participant: user?.participant ?? "", name: "", duties: [], password: "" };
  const [form, setForm] = useState(blank);
  const { busy, problem, answer, send } = useRequest();
  const put = (name) => (value) => setForm({ ...form, [name]: value });
  const toggle = (duty) => put("duties")(form.duties.includes(duty) ? form.duties.filter((item) => item !== duty) : [...form.duties, duty]);
  const error = (name) => (problem?.field === name ? wrongOf(problem) : undefined);
  const onSubmit = async (event) => {
    event.preventDefault();
    const { problem: failed } = await send("POST", "/v1/users", form);
    if (!failed) setForm(blank);
  };
  return html`<form onSubmit=${onSubmit} novalidate data-form="user"><div class="fields">
    <${Text} name="participant" label=${t("field.participant")} value=${form.participant} onInput=${put("participant")} error=${error("participant")} />
    <${Text} name="name" label=${t("field.user")} value=${form.name} onInput=${put("name")} error=${error("name")} hint=${t("users.name_hint")} />
    <${Text} name="password" label=${t("users.first_password")} type="password" value=${form.password} onInput=${put("password")} error=${error("password")} autocomplete="new-password" hint=${t("users.password_hint")} />
    <fieldset class="field many"><legend>${t("field.duties")}</legend><div>${DUTIES.map((duty) => html`<label key=${duty}><input type="checkbox" name=${duty} checked=${form.duties.includes(duty)} onChange=${() => toggle(duty)} />${t(`duty.${duty}`)}</label>`)}</div></fieldset></div>
    <p class="hint">${t("form.second")}</p><div class="row end"><button class="main" disabled=${busy || !form.name || !form.password}>${t("users.create")}</button></div>
    <${ProblemNote} problem=${problem} /><${Receipt} receipt=${answer ?? null} /></form>`;
}

function Reset({ name, onClose }) {
  const [password, setPassword] = useState("");
  const { busy, problem, answer, send } = useRequest();
  const onSubmit = (event) => {
    event.preventDefault();
    send("POST", `/v1/users/${encodeURIComponent(name)}/password`, { password });
  };
  return html`<${Dialog} title=${`${t("users.reset")} · ${name}`} onClose=${onClose}><form onSubmit=${onSubmit} data-form="reset">
    <${Text} name="password" label=${t("users.first_password")} type="password" value=${password} onInput=${setPassword} autocomplete="new-password" hint=${t("users.password_hint")} autofocus />
    <div class="row end"><button class="main" disabled=${busy || !password}>${t("users.reset")}</button></div><${ProblemNote} problem=${problem} /><${Receipt} receipt=${answer ?? (answer === null ? { sequence: "" } : null)} /></form><//>`;
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
    { key: "state", label: t("field.status"), show: (row) => html`${row.active === false ? html`<${Tag} tone="bad">${t("users.inactive")}<//>` : html`<${Tag} tone="good">${t("users.active")}<//>`} ${row.totp ? html`<${Tag}>TOTP<//>` : null}` },
    {
      key: "acts", label: "", className: "acts",
      show: (row) => html`<button type="button" class="small" data-duties=${nameOf(row)} onClick=${() => setAsked(["set_user_duties", nameOf(row), row])}>${t("field.duties")}</button>
        <button type="button" class="small" data-reset=${nameOf(row)} onClick=${() => setAsked(["reset", nameOf(row)])}>${t("users.reset")}</button>
        <button type="button" class="small" data-active=${nameOf(row)} onClick=${() => setAsked([row.active === false ? "activate_user" : "deactivate_user", nameOf(row)])}>${t(row.active === false ? "do.activate_user" : "do.deactivate_user")}</button>`,
    },
  ];
  return html`<div class="page split"><${Panel} title=${t("page.users")}><${Table} label=${t("page.users")} columns=${columns} rows=${items(data)} rowKey=${nameOf} problem=${problem} retry=${reload} loading=${loading} /><//>
    <${Panel} title=${t("users.new")}><${NewUser} /><//>
    ${asked?.[0] === "reset" ? html`<${Reset} name=${asked[1]} onClose=${() => setAsked(null)} />` : asked ? html`<${Dialog} title=${`${t(`do.${asked[0]}`)} · ${asked[1]}`} onClose=${() => setAsked(null)}>
      <${CommandForm} name=${asked[0]} fixed=${{ user: asked[1] }} initial=${{ duties: asked[2]?.duties ?? [] }} /><//>` : null}</div>`;
}
