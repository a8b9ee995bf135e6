// One's own password, second factor, keys and choices.
import { html, useState } from "../ui.js";
import { list, named, t } from "../i18n.js";
import { items, session, whoami } from "../api.js";
import { stream } from "../feeds.js";
import { useGet, useRequest, useSession } from "../hooks.js";
import { Copy, Dialog, Facts, names, Panel, ProblemNote, Receipt, Sure, Tag } from "../parts/basic.js";
import { Select, Text } from "../parts/form.js";
import { Preferences } from "../parts/preferences.js";
import { Table } from "../parts/table.js";
import { PasswordForm } from "./signin.js";

function Totp() {
  const user = useSession();
  const { busy, problem, answer, send, clear } = useRequest();
  const [code, setCode] = useState("");
  const [password, setPassword] = useState("");
  const [secret, setSecret] = useState(null);
  const turnOn = async (event) => {
    event.preventDefault();
    const { problem: failed } = await send("PUT", "/v1/session/totp", { code: code.trim(), password });
    if (!failed) {
      clear();
      setCode("");
      setPassword("");
      setSecret(null);
      session.set({ ...session.get(), totp: true });
      whoami().catch(() => {});
    }
  };
  const turnOff = async (event) => {
    event.preventDefault();
    const { problem: failed } = await send("POST", "/v1/session/totp/off", { password });
    if (failed) return;
    setPassword("");
    session.set({ ...session.get(), totp: false });
  };
  const proof = html`<${Text} label=${t("password.old")} type="password" value=${password} onInput=${setPassword} autocomplete="current-password" name="password" />`;
  const begin = async (event) => {
    event.preventDefault();
    const { answer: made } = await send("POST", "/v1/session/totp", { password });
    if (made?.secret) setSecret(made);
  };
  if (user?.totp) return html`<p><${Tag} tone="good">${t("totp.on")}<//></p>
    <form onSubmit=${turnOff} data-form="totp"><div class="row end">${proof}<span data-totp="off"><button disabled=${busy || !password}>${t("totp.turn_off")}</button></span></div><${ProblemNote} problem=${problem} /></form>`;
  if (!secret) return html`<p class="hint">${t("totp.what")}</p><form onSubmit=${begin} data-form="totp"><div class="row end">${proof}<button class="main" data-totp="begin" disabled=${busy || !password}>${t("totp.begin")}</button></div><${ProblemNote} problem=${problem} /></form>`;
  return html`<p class="hint">${t("totp.enter")}</p><p><code class="secret">${secret.secret.replace(/(.{4})/g, "$1 ").trim()}</code></p><p><a href=${secret.uri}>${t("totp.open")}</a></p>
    <form onSubmit=${turnOn} data-form="totp"><div class="row end"><${Text} label=${t("signin.code")} value=${code} onInput=${setCode} inputmode="numeric" autocomplete="one-time-code" name="totp" />${proof}<button class="main" data-totp="on" disabled=${busy || !code || !password}>${t("totp.turn_on")}</button></div><${ProblemNote} problem=${problem} /></form>`;
}

function NewKey({ onMade }) {
  const user = useSession();
  const [account, setAccount] = useState("");
  const [duties, setDuties] = useState(user?.duties ?? []);
  const { busy, problem, send } = useRequest();
  const onSubmit = async (event) => {
    event.preventDefault();
    const { answer } = await send("POST", "/v1/keys", { ...(account ? { account } : {}), duties });
    if (answer) onMade(answer);
  };
  const toggle = (duty) => setDuties(duties.includes(duty) ? duties.filter((item) => item !== duty) : [...duties, duty]);
  return html`<form onSubmit=${onSubmit} data-form="key"><div class="fields two"><${Select} label=${t("keys.account")} value=${account} onChange=${setAccount} options=${[["", t("word.all")], ...(user?.accounts ?? []).map((item) => [item, item])]} />
    <fieldset class="field many"><legend>${t("field.duties")}</legend><div>${(user?.duties ?? []).map((duty) => html`<label key=${duty}><input type="checkbox" checked=${duties.includes(duty)} onChange=${() => toggle(duty)} />${t(`duty.${duty}`)}</label>`)}</div></fieldset></div>
    <div class="row end"><button class="main" disabled=${busy || !duties.length}>${t("keys.create")}</button></div><${ProblemNote} problem=${problem} /></form>`;
}

function Keys() {
  const { data, problem, loading, reload } = useGet("/v1/keys", {}, { every: 5000 });
  const request = useRequest();
  const [made, setMade] = useState(null);
  const columns = [
    { key: "key", label: t("field.key"), show: (row) => html`<code>${row.key ?? row.id}</code>` },
    { key: "user", label: t("field.user"), low: 1, show: (row) => row.user ?? "–" },
    { key: "account", label: t("field.account"), show: (row) => row.account ?? t("word.all") },
    { key: "duties", label: t("field.duties"), low: 1, show: (row) => names("duty", row.duties) },
    { key: "active", label: t("field.status"), show: (row) => (row.active === false ? html`<${Tag}>${t("keys.revoked")}<//>` : html`<${Tag} tone="good">${t("users.active")}<//>`) },
    { key: "acts", label: "", className: "acts", show: (row) => (row.active === false ? null : html`<${Sure} className="small" onSure=${() => request.send("DELETE", `/v1/keys/${encodeURIComponent(row.key ?? row.id)}`)}>${t("keys.revoke")}<//>`) },
  ];
  return html`<${ProblemNote} problem=${request.problem} /><${Table} label=${t("keys.title")} columns=${columns} rows=${items(data)} rowKey=${(row) => row.key ?? row.id} problem=${problem} retry=${reload} loading=${loading} empty=${t("keys.none")} />
    <h3>${t("keys.new")}</h3><p class="hint">${t("form.second")}</p><${NewKey} onMade=${setMade} />
    ${made ? html`<${Dialog} kept title=${t("keys.once")} onClose=${() => setMade(null)}><p>${t("keys.once_why")}</p><${Facts} rows=${[[t("field.key"), html`<code>${made.key}</code>`], [t("keys.secret"), html`<code class="secret">${made.secret}</code>`]]} />
      <div class="row end"><${Copy} text=${made.secret} /><button type="button" class="main" onClick=${() => setMade(null)}>${t("keys.kept")}</button></div><${Receipt} receipt=${made.act !== undefined ? made : null} /><//>` : null}`;
}

function Safety() {
  const [on, setOn] = useState(stream.settings.some((item) => item.op === "cancel_on_disconnect" && item.on));
  const [seconds, setSeconds] = useState(String(stream.settings.find((item) => item.op === "dead_man")?.seconds ?? 0));
  const setCancel = (next) => {
    setOn(next);
    stream.keep({ op: "cancel_on_disconnect", on: next });
  };
  const setMan = (next) => {
    setSeconds(next);
    stream.keep({ op: "dead_man", seconds: Number(next) });
  };
  return html`<p class="hint">${t("safety.what")}</p><label class="field check"><input type="checkbox" checked=${on} onChange=${(event) => setCancel(event.target.checked)} /><span>${t("safety.cancel")}</span></label>
    <${Select} label=${t("safety.dead_man")} value=${seconds} onChange=${setMan} options=${[["0", t("safety.off")], ["15", "15 s"], ["30", "30 s"], ["60", "60 s"]]} />`;
}

/** The page of oneself. */
export function Me() {
  const user = useSession();
  return html`<div class="page"><div class="grid">
    <${Panel} title=${t("me.who")}><${Facts} rows=${[[t("field.user"), html`<b>${user.user}</b>`], [t("field.participant"), `${user.participant}${user.name && user.name !== user.participant ? ` · ${named(user.name)}` : ""}`], [t("field.duties"), names("duty", user.duties)], [t("field.roles"), names("role", user.roles)], [t("participants.accounts"), list(user.accounts ?? []) || "–"]]} /><//>
    <${Panel} title=${t("prefs.title")}><${Preferences} all /><//>
    <${Panel} title=${t("password.change")}><${PasswordForm} /><//>
    <${Panel} title=${t("totp.title")}><${Totp} /><//>
    ${user.duties?.includes("trader") ? html`<${Panel} title=${t("safety.title")}><${Safety} /><//>` : null}
  </div><${Panel} title=${t("keys.title")}><${Keys} /><//></div>`;
}
