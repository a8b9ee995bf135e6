// What a reader chose, kept in this browser alone.
import { createStore, useStore } from "./store.js";

const PLACE = "huangpu.prefs";
const DEFAULTS = { theme: "auto", lang: "auto", colours: "auto", confirm: false, account: "", tab: {} };

function load() {
  try {
    return { ...DEFAULTS, ...JSON.parse(localStorage.getItem(PLACE) ?? "{}") };
  } catch {
    return DEFAULTS;
  }
}

/** The choices. */
export const prefs = createStore(load());

/** The language that is shown, after the choice "auto". */
export function language(chosen = prefs.get().lang) {
  if (chosen === "en" || chosen === "zh") return chosen;
  return (navigator.languages ?? [navigator.language]).some((name) => name?.toLowerCase().startsWith("zh")) ? "zh" : "en";
}

/** The theme that is shown. */
export function theme(chosen = prefs.get().theme) {
  if (chosen === "light" || chosen === "dark") return chosen;
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

/** Which colour means up: red in Chinese markets, green elsewhere, unless the reader chose. */
export function colours(chosen = prefs.get().colours) {
  if (chosen === "red" || chosen === "green") return chosen;
  return language() === "zh" ? "red" : "green";
}

/** Puts the choices on the page. */
export function dress() {
  const root = document.documentElement;
  root.dataset.theme = theme();
  root.dataset.up = colours();
  root.lang = language() === "zh" ? "zh-CN" : "en";
  document.querySelector('meta[name="theme-color"]')?.setAttribute("content", theme() === "dark" ? "#0d1117" : "#f4f6f8");
}

/** Changes some choices. */
export function choose(change) {
  prefs.set({ ...prefs.get(), ...change });
  try {
    localStorage.setItem(PLACE, JSON.stringify(prefs.get()));
  } catch {
    // A browser that keeps nothing still works.
  }
  dress();
}

/** Watches the machine's own theme. */
export function watchTheme() {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    dress();
    prefs.set({ ...prefs.get() });
  });
}

export const usePrefs = () => useStore(prefs);
