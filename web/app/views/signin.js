// Signing in, the password that is chosen by a link, and the change of one that was given by another.
import { html, useState } from "../ui.js";
import { t, wrongOf } from "../i18n.js";
import { ended, request, session, signIn, signOut, whoami } from "../api.js";
import { go } from "../route.js";
import { useStore } from "../store.js";
import { Mark, Preferences } from "../parts/preferences.js";
import { ProblemNote } from "../parts/basic.js";
import { Text } from "../parts/form.js";

function Frame({ title, children }) {
  return html`<main class="gate"><div class="card"><div class="brand"><${Mark} /><div><b>${t("app.name")}</b><span>${t("app.what")}</span></div></div><h1>${title}</h1>${children}</div>
    <footer><${Preferences} /></footer></main>`;
}

/** The page of signing in. */
export function SignIn() {
  const [user, setUser] = useState("");
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const [more, setMore] = useState(false);
  const [state, setState] = useState({ busy: false, problem: null });
  const onSubmit = async (event) => {
    event.preventDefault();
    setState({ busy: true, problem: null });
    try {
      await signIn(user.trim(), password, code.trim());
    } catch (problem) {
      if (problem.field === "code") setMore(true);
      setState({ busy: false, problem });
    }
  };
  const lost = useStore(ended);
  return html`<${Frame} title=${t("signin.title")}>${lost && !state.problem ? html`<p class="receipt waits" role="status">${t("signin.ended")}</p>` : null}<form onSubmit=${onSubmit} data-form="signin">
    <${Text} label=${t("signin.user")} value=${user} onInput=${setUser} name="user" autocomplete="username" autocapitalize="none" autofocus />
    <${Text} label=${t("signin.password")} value=${password} onInput=${setPassword} name="password" type="password" autocomplete="current-password" />
    ${more ? html`<${Text} label=${t("signin.code")} value=${code} onInput=${setCode} name="code" inputmode="numeric" autocomplete="one-time-code" />` : html`<button type="button" class="plain small" onClick=${() => setMore(true)}>${t("signin.have_code")}</button>`}
    <button class="main" disabled=${state.busy || !user || !password}>${t(state.busy ? "act.sending" : "signin.enter")}</button>
    <${ProblemNote} problem=${state.problem} /></form><//>`;
}

/** The page of a link: its user chooses a password, with the code that another person gave. The link stands behind the # of the address, so that it is sent to nobody. */
export function Enrol({ user, token }) {
  const [form, setForm] = useState({ code: "", fresh: "", again: "" });
  const [state, setState] = useState({ busy: false, problem: null, done: false, differ: false });
  const put = (name) => (value) => setForm({ ...form, [name]: value });
  const onSubmit = async (event) => {
    event.preventDefault();
    const differ = form.fresh !== form.again;
    setState({ busy: !differ, problem: null, done: false, differ });
    if (differ) return;
    try {
      const code = form.code.trim();
      await request("POST", "/v1/session/enrol", { user, token, ...(code ? { code } : {}), password: form.fresh });
      setState({ busy: false, problem: null, done: true, differ: false });
    } catch (problem) {
      setState({ busy: false, problem, done: false, differ: false });
    }
  };
  if (state.done) return html`<${Frame} title=${t("enrol.title")}><div class="receipt" role="status">${t("enrol.done")}</div><button type="button" class="main" onClick=${() => go("markets")}>${t("signin.title")}</button><//>`;
  const error = state.problem?.field === "password" ? wrongOf(state.problem) : undefined;
  return html`<${Frame} title=${t("enrol.title")}><p class="hint">${t("enrol.what", { user })}</p><form onSubmit=${onSubmit} data-form="enrol">
    <${Text} label=${t("enrol.code")} value=${form.code} onInput=${put("code")} name="code" autocomplete="off" autocapitalize="none" hint=${t("enrol.code_hint")} autofocus />
    <${Text} label=${t("password.new")} type="password" name="password" value=${form.fresh} onInput=${put("fresh")} autocomplete="new-password" hint=${t("users.password_hint")} error=${error} />
    <${Text} label=${t("password.again")} type="password" name="again" value=${form.again} onInput=${put("again")} autocomplete="new-password" error=${state.differ ? t("password.differ") : undefined} />
    <button class="main" disabled=${state.busy || !form.fresh}>${t(state.busy ? "act.sending" : "enrol.enter")}</button>
    <${ProblemNote} problem=${error ? null : state.problem} /></form><//>`;
}

/** A form for a new password. */
export function PasswordForm({ onDone }) {
  const [form, setForm] = useState({ old: "", fresh: "", again: "" });
  const [state, setState] = useState({ busy: false, problem: null, done: false, differ: false });
  const put = (name) => (value) => setForm({ ...form, [name]: value });
  const onSubmit = async (event) => {
    event.preventDefault();
    if (form.fresh !== form.again) {
      setState({ busy: false, problem: null, done: false, differ: true });
      return;
    }
    setState({ busy: true, problem: null, done: false, differ: false });
    try {
      await request("POST", "/v1/session/password", { old: form.old, new: form.fresh });
      setForm({ old: "", fresh: "", again: "" });
      setState({ busy: false, problem: null, done: true, differ: false });
      onDone?.();
    } catch (problem) {
      setState({ busy: false, problem, done: false, differ: false });
    }
  };
  return html`<form onSubmit=${onSubmit} data-form="password"><${Text} label=${t("password.old")} type="password" name="old" value=${form.old} onInput=${put("old")} autocomplete="current-password" />
    <${Text} label=${t("password.new")} type="password" name="new" value=${form.fresh} onInput=${put("fresh")} autocomplete="new-password" hint=${t("users.password_hint")} />
    <${Text} label=${t("password.again")} type="password" name="again" value=${form.again} onInput=${put("again")} autocomplete="new-password" error=${state.differ ? t("password.differ") : undefined} />
    <button class="main" disabled=${state.busy || !form.old || !form.fresh}>${t("password.change")}</button>
    <${ProblemNote} problem=${state.problem} />${state.done ? html`<div class="receipt" role="status">${t("password.done")}</div>` : null}</form>`;
}

/** The first thing after signing in with a password that somebody else gave. */
export function MustChange() {
  const onDone = async () => {
    try {
      await whoami();
      if (session.get()?.must_change) session.set({ ...session.get(), must_change: false });
    } catch {
      session.set(null);
    }
  };
  return html`<${Frame} title=${t("password.first")}><p class="hint">${t("password.why")}</p><${PasswordForm} onDone=${onDone} />
    <button type="button" class="plain small" onClick=${signOut}>${t("signin.leave")}</button><//>`;
}
