// Finding an instrument by its name or market: `/` goes there, arrows choose, Enter opens.
import { html, useRef, useState } from "../ui.js";
import { num, t } from "../i18n.js";
import { go } from "../route.js";
import { useInstruments, useKeys, useMarkets, useSession } from "../hooks.js";
import { pages } from "../pages.js";

const MOST = 9;

/** The search box of the header. */
export function Search() {
  const box = useRef(null);
  const [text, setText] = useState("");
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(0);
  const { instruments } = useInstruments();
  const { markets } = useMarkets();
  const user = useSession();
  useKeys({ "/": () => box.current?.focus() });
  const wanted = text.trim().toLowerCase();
  const marketOf = (item) => markets.find((market) => market.code === item.market);
  // What begins like that comes first: "b" and Enter opens B2609, though "carbon-cn" has a b too.
  const rank = (item) => (item.code.toLowerCase().startsWith(wanted) ? 0 : 1);
  const found = [
    ...instruments.filter((item) => (item.delisted ? wanted === item.code.toLowerCase() : `${item.code} ${item.asset} ${item.market}`.toLowerCase().includes(wanted))).sort((a, b) => rank(a) - rank(b))
      .map((item) => ({ key: item.code, title: item.code, note: num(item.last ?? item.reference ?? "", marketOf(item)?.price_decimals ?? 2), open: () => go("trade", item.code) })),
    ...(wanted ? pages(user).filter((page) => t(`page.${page.name}`).toLowerCase().includes(wanted)).map((page) => ({ key: page.name, title: t(`page.${page.name}`), note: t(`section.${page.section}`), open: () => go(page.name) })) : []),
  ].slice(0, MOST);
  const choose = (item) => {
    item?.open();
    setText("");
    setOpen(false);
    box.current?.blur();
  };
  const onKey = (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      setAt((at + (event.key === "ArrowDown" ? 1 : found.length - 1)) % Math.max(1, found.length));
    } else if (event.key === "Enter") choose(found[at]);
    else if (event.key === "Escape") choose(null);
  };
  return html`<div class="search" role="search">
    <input ref=${box} type="search" role="combobox" aria-expanded=${open ? "true" : "false"} aria-controls="found" aria-activedescendant=${open && found[at] ? `found-${at}` : undefined} aria-label=${t("search.label")} placeholder=${t("search.hint")} value=${text} autocomplete="off" spellcheck="false"
      onInput=${(event) => { setText(event.target.value); setAt(0); setOpen(true); }} onFocus=${() => { setOpen(true); setAt(0); }} onBlur=${() => setTimeout(() => setOpen(false), 120)} onKeyDown=${onKey} /><kbd aria-hidden="true">/</kbd>
    ${open && found.length ? html`<ul id="found" role="listbox">${found.map((item, index) => html`<li key=${item.key} id=${`found-${index}`} role="option" aria-selected=${index === at ? "true" : "false"} onMouseDown=${(event) => { event.preventDefault(); choose(item); }}><b>${item.title}</b><span>${item.note}</span></li>`)}</ul>` : null}
  </div>`;
}
