// The frame around every page: sections, pages, search, the market's time, the connection, the user.
import { html, useEffect, useErrorBoundary, useMemo, useState } from "./ui.js";
import { get, signOut } from "./api.js";
import { actsFeed, connection, heardTime, stream } from "./feeds.js";
import { useFeed, useKeys, useSession } from "./hooks.js";
import { num, t } from "./i18n.js";
import { home, pageNamed, pages, SECTIONS } from "./pages.js";
import { go, href, route } from "./route.js";
import { useStore } from "./store.js";
import * as time from "./time.js";
import { Dialog, Empty } from "./parts/basic.js";
import { Mark } from "./parts/preferences.js";
import { Search } from "./parts/search.js";
import { Help } from "./views/help.js";
import { VIEWS } from "./views/index.js";

/** The market's time: the node's clock, carried on between answers. */
function Clock() {
  const [base, setBase] = useState(null);
  const [, tick] = useState(0);
  const heard = useStore(heardTime);
  useEffect(() => {
    const ask = () => get("/v1/time").then((answer) => {
      setBase({ ...answer, at: Date.now() });
      if (!heardTime.get()) heardTime.set(answer.time);
    }).catch(() => {});
    ask();
    const timers = [setInterval(ask, 15000), setInterval(() => tick((n) => n + 1), 1000)];
    return () => timers.forEach(clearInterval);
  }, []);
  if (!base?.time) return html`<div class="clock"><b>--:--:--</b></div>`;
  const offset = time.parts(base.time)?.offset;
  const carried = time.instant(base.time) + Date.now() - base.at;
  const text = time.write(Math.max(carried, time.instant(heard) || 0), offset);
  return html`<div class="clock" title=${`UTC${offset}`}><b>${time.clock(text)}</b><span>${time.date(text)}${base.clock === "sandbox" ? html` <em>${t("clock.sandbox")}</em>` : null}</span></div>`;
}

function Connection() {
  const state = useStore(connection);
  const [, tick] = useState(0);
  useEffect(() => {
    if (state.state !== "waiting") return undefined;
    const timer = setInterval(() => tick((n) => n + 1), 500);
    return () => clearInterval(timer);
  }, [state.state]);
  const seconds = Math.max(0, Math.ceil((state.retryAt - Date.now()) / 1000));
  const text = state.state === "waiting" ? t("connection.waiting", { seconds }) : t(`connection.${state.state}`);
  return html`<button type="button" class=${`connection ${state.state}`} aria-live="polite" title=${`${t("connection.title")}${state.gaps ? ` · ${t("connection.gaps", { count: state.gaps })}` : ""}`} onClick=${() => stream.retryNow()}><i></i><span>${text}</span></button>`;
}

function UserMenu() {
  const user = useSession();
  return html`<div class="user"><a href=${href("me")} title=${t("page.me")}><b>${user.user}</b><span>${user.participant}</span></a>
    <button type="button" class="icon" aria-label=${t("signin.leave")} title=${t("signin.leave")} onClick=${signOut}><svg viewBox="0 0 16 16" aria-hidden="true"><path d="M6 2H3v12h3M10 5l3 3-3 3M13 8H6" /></svg></button></div>`;
}

function Waiting() {
  const feed = useMemo(actsFeed, []);
  const { data } = useFeed(feed);
  const count = (data ?? []).filter((act) => act.may_approve).length;
  return count ? html`<i class="count" title=${t("approvals.wait", { count })}>${num(String(count))}</i>` : null;
}

/** Shows what a view says, or that it failed, and lets the rest stand. */
function Guard({ children }) {
  const [failure, reset] = useErrorBoundary((error) => console.error(error));
  if (failure) return html`<div class="page"><div class="problem" role="alert"><strong>${t("problem.view")}</strong><span>${String(failure.message ?? failure)}</span><button type="button" class="small" onClick=${reset}>${t("act.retry")}</button></div></div>`;
  return children;
}

const ICONS = {
  market: "M2 13l4-5 3 3 5-7", operation: "M8 5.5a2.5 2.5 0 100 5 2.5 2.5 0 000-5M8 1.5v2M8 12.5v2M1.5 8h2M12.5 8h2M3.4 3.4l1.4 1.4M11.2 11.2l1.4 1.4M3.4 12.6l1.4-1.4M11.2 4.8l1.4-1.4",
  supervision: "M1.5 8s2.5-4.5 6.5-4.5S14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8M8 6a2 2 0 100 4 2 2 0 000-4", me: "M8 2.5a2.7 2.7 0 100 5.4 2.7 2.7 0 000-5.4M2.5 14c0-3 2.4-4.7 5.5-4.7s5.5 1.7 5.5 4.7",
};

/** The whole of the console, for someone who is signed in. */
export function Shell() {
  const user = useSession();
  const { page: wanted, rest } = useStore(route);
  const [helping, setHelping] = useState(false);
  const page = pageNamed(wanted || home(user), user);
  const allowed = pages(user);
  useKeys({ "?": () => setHelping(true), m: () => go("markets"), t: () => go("trade"), o: () => go("orders") });
  useEffect(() => {
    document.title = `${page.name === "trade" && rest[0] ? `${rest[0]} · ` : ""}${t(`page.${page.name}`)} · ${t("app.name")}`;
  }, [page.name, rest[0]]);
  useEffect(() => document.querySelector("nav.pages [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" }), [page.name]);
  const View = VIEWS[page.name];
  const sections = SECTIONS.filter((section) => allowed.some((item) => item.section === section));
  const inSection = allowed.filter((item) => item.section === page.section);
  return html`<a class="skip" href="#content" onClick=${(event) => { event.preventDefault(); document.getElementById("content").focus(); }}>${t("nav.skip")}</a>
    <header class="top"><a class="brand" href=${href(home(user))} aria-label=${t("app.name")}><${Mark} /><b>${t("app.name")}</b></a>
      <nav class="sections" aria-label=${t("nav.sections")}>${sections.map((section) => html`<a key=${section} href=${href(allowed.find((item) => item.section === section).name)} aria-current=${section === page.section ? "true" : undefined}>
        <svg viewBox="0 0 16 16" aria-hidden="true"><path d=${ICONS[section]} /></svg><span>${t(`section.${section}`)}</span>${section === "operation" ? html`<${Waiting} />` : null}</a>`)}</nav>
      <${Search} /><${Clock} /><${Connection} /><${UserMenu} />
      <button type="button" class="icon helper" aria-label=${t("help.title")} title=${`${t("help.title")} (?)`} onClick=${() => setHelping(true)}>?</button></header>
    ${inSection.length > 1 ? html`<nav class="pages" aria-label=${t("nav.pages")}>${inSection.map((item) => html`<a key=${item.name} href=${href(item.name)} aria-current=${item.name === page.name ? "page" : undefined}>${t(`page.${item.name}`)}${item.name === "approvals" ? html`<${Waiting} />` : null}</a>`)}</nav>` : null}
    <main id="content" tabindex="-1" class=${`view-${page.name}`}>${page.name === "trade" ? null : html`<h1 class="away">${t(`page.${page.name}`)}</h1>`}<${Guard} key=${page.name}>${View ? html`<${View} rest=${rest} />` : html`<${Empty} />`}<//></main>
    ${helping ? html`<${Dialog} wide title=${t("help.title")} onClose=${() => setHelping(false)}><${Help} /><//>` : null}`;
}
