// Order entry, with cash and holding beside it.
import { html, useLayoutEffect, useMemo, useRef, useState } from "../ui.js";
import { num, t, word, wrongOf } from "../i18n.js";
import * as money from "../money.js";
import { choose, prefs } from "../prefs.js";
import { holdingsFeed } from "../feeds.js";
import { useCommand, useFeed, useSession } from "../hooks.js";
import { useStore } from "../store.js";
import { clearTicket, fillTicket, ticket } from "../ticket.js";
import { Choice, Dialog, Facts, ProblemNote, Receipt } from "./basic.js";
import { Field, Select, Text } from "./form.js";

const LIVES = ["day", "gtc", "gtd", "ioc", "fok", "at_open", "at_close"];
const SELF = ["cancel_incoming", "cancel_resting", "cancel_both", "decrement", "allow"];
const MORE = { life: "day", until: "", post_only: false, self_trade: "cancel_incoming", minimum: "", display: "", trigger: "" };

/** The account that is traded for: the last one chosen, where it is the user's. */
export function useAccount() {
  const user = useSession();
  const { account } = useStore(prefs);
  const own = user?.accounts ?? [];
  return [own.includes(account) ? account : own[0] ?? "", (next) => choose({ account: next })];
}

/** The holdings of an account. */
export function useHoldings(account) {
  const feed = useMemo(() => holdingsFeed(account || "-"), [account]);
  return useFeed(feed);
}

/** Checks what was typed; gives the fields of the command, or what is wrong. */
export function draft({ method, side, kind, price, quantity, more, account, instrument, priceDecimals, unitDecimals, moneyDecimals = 2 }) {
  const wrong = {};
  const fields = { account, instrument, side };
  const number = (name, typed, decimals, needed = true) => {
    if (!needed && !String(typed).trim()) return;
    const found = money.read(typed, decimals);
    if (found.error) wrong[name] = found.error;
    else fields[name] = found.value;
  };
  if (method === "listing" || kind === "limit") number("price", price, priceDecimals);
  // A market order may be for an amount of money: then that is what is typed in the place of the quantity.
  const amount = method === "book" && kind === "funds";
  const much = amount ? "funds" : "quantity";
  number(much, quantity, amount ? moneyDecimals : unitDecimals);
  if (fields[much] && money.sign(fields[much]) === 0) wrong[much] = "input.zero";
  if (amount) {
    fields.kind = "market";
    fields.life = more.life === "fok" ? "fok" : "ioc";
    if (more.self_trade !== "cancel_incoming") fields.self_trade = more.self_trade;
  } else if (method === "book") {
    fields.kind = kind;
    fields.life = more.life;
    if (more.life === "gtd") {
      if (more.until) fields.until = more.until;
      else wrong.until = "input.empty";
    }
    if (more.post_only) fields.post_only = true;
    if (more.self_trade !== "cancel_incoming") fields.self_trade = more.self_trade;
    number("minimum", more.minimum, unitDecimals, false);
    number("display", more.display, unitDecimals, false);
    number("trigger", more.trigger, priceDecimals, false);
  }
  return { fields, wrong };
}

function Steps({ value, onChange, decimals, label }) {
  const move = (count) => onChange(money.step(money.read(value, decimals).value ?? "0", count, decimals));
  return html`<span class="steps"><button type="button" tabindex="-1" aria-label=${`${label} −`} onClick=${() => move(-1)}>−</button>
    <button type="button" tabindex="-1" aria-label=${`${label} +`} onClick=${() => move(1)}>+</button></span>`;
}

function NumberField({ name, label, value, set, decimals, error, disabled, steps }) {
  const onKey = (event) => {
    const by = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (!by || !steps) return;
    event.preventDefault();
    set(money.step(money.read(value, decimals).value ?? "0", by * (event.shiftKey ? 10 : 1), decimals));
  };
  return html`<${Field} label=${label} error=${error}><span class="stepped">
    <input name=${name} class="num" value=${value} disabled=${disabled} inputmode="decimal" autocomplete="off" aria-invalid=${error ? "true" : undefined}
      onInput=${(event) => set(event.target.value)} onKeyDown=${onKey} onFocus=${(event) => event.target.select()} />
    ${steps ? html`<${Steps} value=${value} onChange=${set} decimals=${decimals} label=${label} />` : null}</span><//>`;
}

function Extra({ more, set, wrong }) {
  const put = (name) => (value) => set({ ...more, [name]: value });
  return html`<div class="fields two">
    ${more.life === "gtd" ? html`<${Text} label=${t("field.until")} type="date" value=${more.until} onInput=${put("until")} error=${wrong.until && t(wrong.until)} />` : null}
    <${Text} label=${t("field.trigger")} class="num" value=${more.trigger} onInput=${put("trigger")} error=${wrong.trigger && t(wrong.trigger)} />
    <${Text} label=${t("field.display")} class="num" value=${more.display} onInput=${put("display")} error=${wrong.display && t(wrong.display)} />
    <${Text} label=${t("field.minimum")} class="num" value=${more.minimum} onInput=${put("minimum")} error=${wrong.minimum && t(wrong.minimum)} />
    <${Select} label=${t("field.self_trade")} value=${more.self_trade} onChange=${put("self_trade")} options=${SELF.map((item) => [item, t(`self_trade.${item}`)])} />
    <label class="field check"><input type="checkbox" checked=${more.post_only} onChange=${(event) => put("post_only")(event.target.checked)} /><span>${t("field.post_only")}</span></label>
  </div>`;
}

/** The ticket of one instrument; another one has another ticket (its `key`). */
export function Ticket({ instrument, market }) {
  const [account, setAccount] = useAccount();
  const user = useSession();
  const { side, price, quantity, focus } = useStore(ticket);
  const { confirm } = useStore(prefs);
  const method = instrument.kind === "listing" ? "listing" : "book";
  const [kind, setKind] = useState("limit");
  const [more, setMore] = useState(MORE);
  const [open, setOpen] = useState(false);
  const [wrong, setWrong] = useState({});
  const [asking, setAsking] = useState(null);
  const { busy, problem, receipt, send, clear } = useCommand();
  const form = useRef(null);
  const answered = useRef(focus);
  useLayoutEffect(() => {
    if (focus === answered.current) return;
    answered.current = focus;
    form.current?.querySelector(price && kind === "limit" ? '[name="quantity"]' : '[name="price"]:not(:disabled), [name="quantity"]')?.focus();
  }, [focus]);
  const decimals = { priceDecimals: market?.price_decimals ?? 2, unitDecimals: market?.unit_decimals ?? 0, moneyDecimals: market?.currency_decimals ?? 2 };
  const funds = method === "book" && kind === "funds";
  const place = async (fields) => {
    setAsking(null);
    const { quantity: sent, turn } = ticket.get();
    if (!(await send(method === "listing" ? "place_listing" : "place_order", fields))) return;
    // What was typed meanwhile, or for another instrument, stays.
    const now = ticket.get();
    if (now.turn === turn && now.quantity === sent) fillTicket({ quantity: "" });
  };
  const onSubmit = (event) => {
    event.preventDefault();
    if (busy || blocked) return;
    const typed = ticket.get();
    const made = draft({ method, side: typed.side, kind, price: typed.price, quantity: typed.quantity, more, account, instrument: instrument.code, ...decimals });
    setWrong(made.wrong);
    if (Object.keys(made.wrong).length) return;
    if (confirm) setAsking(made.fields);
    else place(made.fields);
  };
  // A number of units is no amount of money.
  const turn = (next) => {
    if ((next === "funds") !== (kind === "funds")) fillTicket({ quantity: "" });
    setKind(next);
  };
  const error = (name) => (wrong[name] ? t(wrong[name]) : problem?.field === name ? wrongOf(problem) : undefined);
  const blocked = instrument.delisted ? "ticket.delisted" : !user?.duties?.includes("trader") || !account ? "ticket.no_trader" : null;
  return html`<form class=${`ticket ${side}`} ref=${form} onSubmit=${onSubmit} novalidate aria-label=${t("ticket.title")}
      onKeyDown=${(event) => event.key === "Escape" && (event.stopPropagation(), clear(), clearTicket(), document.activeElement.blur())}>
    <${Choice} className="sides" label=${t("field.side")} value=${side} onChange=${(next) => fillTicket({ side: next })} options=${[["buy", t("side.buy")], ["sell", t("side.sell")]]} />
    <div class="fields two">
      <${Select} label=${t("field.account")} value=${account} onChange=${setAccount} options=${(user?.accounts ?? []).map((item) => [item, item])} />
      ${method === "book"
        ? html`<${Select} label=${t("field.kind")} value=${kind} onChange=${turn} options=${["limit", "market", "funds"].map((item) => [item, t(`kind.${item}`)])} />`
        : html`<${Field} label=${t("field.kind")}><input value=${t("method.listing")} disabled /><//>`}
      <${NumberField} name="price" label=${`${t("field.price")} · ${instrument.currency ?? market?.currency ?? ""}`} value=${kind !== "limit" && method === "book" ? "" : price} disabled=${kind !== "limit" && method === "book"}
        set=${(value) => fillTicket({ price: value })} decimals=${decimals.priceDecimals} error=${error("price")} steps />
      ${funds
        ? html`<${NumberField} name="quantity" label=${`${t("field.funds")} · ${instrument.currency ?? market?.currency ?? ""}`} value=${quantity} set=${(value) => fillTicket({ quantity: value })} decimals=${decimals.moneyDecimals} error=${error("funds")} />`
        : html`<${NumberField} name="quantity" label=${`${t("field.quantity")} · ${word(`unit.${market?.unit}`, market?.unit ?? "")}`} value=${quantity} set=${(value) => fillTicket({ quantity: value })} decimals=${decimals.unitDecimals} error=${error("quantity")} />`}
      ${method === "book" ? html`<${Select} label=${t("field.life")} value=${funds && more.life !== "fok" ? "ioc" : more.life} onChange=${(life) => { setMore({ ...more, life }); if (life === "gtd") setOpen(true); }} options=${(funds ? ["ioc", "fok"] : LIVES).map((item) => [item, t(`life.${item}`)])} />
      <div class="field"><span> </span><button type="button" class="plain" aria-expanded=${open ? "true" : "false"} onClick=${() => setOpen(!open)}>${t("ticket.more")} ${open ? "▴" : "▾"}</button></div>` : null}
    </div>
    ${open && method === "book" ? html`<${Extra} more=${more} set=${setMore} wrong=${wrong} />` : null}
    <${Beside} account=${account} instrument=${instrument} market=${market} side=${side} price=${kind === "limit" ? price : instrument.last ?? instrument.reference} quantity=${quantity} funds=${funds} decimals=${decimals} />
    <button class=${`main ${side}`} disabled=${busy || Boolean(blocked)}>${busy ? t("act.sending") : `${t(side === "buy" ? "side.buy" : "side.sell")} ${instrument.code}`}</button>
    ${blocked ? html`<p class="hint" role="status">${t(blocked)}</p>` : null}
    <div class="outcome"><${ProblemNote} problem=${problem} /><${Receipt} receipt=${receipt} /></div>
    ${asking ? html`<${Confirm} fields=${asking} instrument=${instrument} onYes=${() => place(asking)} onNo=${() => setAsking(null)} decimals=${decimals} />` : null}
  </form>`;
}

function Confirm({ fields, instrument, onYes, onNo, decimals }) {
  return html`<${Dialog} title=${t("ticket.confirm")} onClose=${onNo}>
    <${Facts} rows=${[[t("field.side"), t(`side.${fields.side}`)], [t("field.instrument"), instrument.code], [t("field.account"), fields.account],
      fields.funds ? [t("field.funds"), num(fields.funds)] : [t("field.quantity"), num(fields.quantity)], [t("field.price"), fields.price ? num(fields.price, decimals.priceDecimals) : t("kind.market")],
      fields.price ? [t("field.amount"), num(money.mul(fields.price, fields.quantity), 2)] : null]} />
    <div class="row end"><button type="button" onClick=${onNo}>${t("act.back")}</button><button type="button" class=${`main ${fields.side}`} onClick=${onYes}>${t("act.send")}</button></div>
  <//>`;
}

/** Amount of the draft, cash and holding; a part of what is free fills the quantity in. */
function Beside({ account, instrument, market, side, price, quantity, funds, decimals }) {
  const { data, problem } = useHoldings(account);
  const find = (asset) => (data ?? []).find((item) => item.asset === asset);
  const cash = find(instrument.currency ?? market?.currency);
  const units = find(instrument.asset ?? instrument.code);
  const typed = money.read(price, decimals.priceDecimals).value;
  const count = funds ? null : money.read(quantity, decimals.unitDecimals).value;
  const amount = funds ? money.read(quantity, decimals.moneyDecimals).value : typed && count ? money.mul(typed, count) : null;
  const most = side === "sell" ? units?.available : typed && cash && money.sign(typed) > 0 ? whole(cash.available, typed) : null;
  const part = (percent) => {
    if (funds) {
      const all = money.units(money.round(cash?.available ?? "0", decimals.moneyDecimals), decimals.moneyDecimals);
      fillTicket({ quantity: num(money.text((all * BigInt(percent)) / 100n, decimals.moneyDecimals), decimals.moneyDecimals) });
      return;
    }
    if (!most) return;
    const all = money.units(money.round(most, decimals.unitDecimals), decimals.unitDecimals);
    const lot = money.units(instrument.lot ?? "1", decimals.unitDecimals) || 1n;
    const wanted = (all * BigInt(percent)) / 100n;
    fillTicket({ quantity: num(money.text(wanted - (wanted % lot), decimals.unitDecimals)) });
  };
  const short = side === "buy" ? amount && cash && money.cmp(amount, cash.available) > 0 : count && units && money.cmp(count, units.available) > 0;
  return html`<div class="beside">
    <div class="parts" role="group" aria-label=${t("ticket.parts")}>${[25, 50, 75, 100].map((percent) => html`<button type="button" tabindex="-1" key=${percent} disabled=${funds ? side === "sell" || !cash : !most} onClick=${() => part(percent)}>${percent}%</button>`)}</div>
    <${Facts} rows=${[
      [t("field.amount"), amount ? num(money.round(amount, 2), 2) : "–"],
      [t("ticket.cash"), html`<span class=${side === "buy" && short ? "bad-text" : ""} data-cash>${cash ? num(cash.available, cash.decimals) : "–"}</span>`],
      [t("ticket.holding"), html`<span class=${side === "sell" && short ? "bad-text" : ""} data-holding>${units ? num(units.available, units.decimals) : data ? "0" : "–"}</span>`],
      [t("ticket.held"), html`${cash ? num(cash.held, cash.decimals) : "–"} · ${units ? num(units.held, units.decimals) : "0"}`],
    ]} />
    <${ProblemNote} problem=${problem} />
  </div>`;
}

/** How many whole units the money buys at a price, fees aside. */
function whole(cash, price) {
  const a = money.parse(cash);
  const b = money.parse(price);
  const scale = Math.max(a.scale, b.scale);
  return ((a.units * 10n ** BigInt(scale - a.scale)) / (b.units * 10n ** BigInt(scale - b.scale))).toString();
}
