// How views take data: live from a feed, or once from the node.
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "./ui.js";
import { useStore } from "./store.js";
import { clientId, command, get, request, session } from "./api.js";
import { instrumentsFeed, marketsFeed, nudge, nudges } from "./feeds.js";

/** Watches a feed. */
export function useFeed(feed) {
  useEffect(() => feed.hold(), [feed]);
  return useStore(feed.store);
}

/** Reads a path, again when `query` changes, when `reload` is called, or when this page did something. */
export function useGet(path, query = {}, { every = 0, quiet = false } = {}) {
  const [state, setState] = useState({ data: null, problem: null, loading: true });
  const [turn, setTurn] = useState(0);
  const text = JSON.stringify(query);
  const last = useRef("");
  useEffect(() => {
    if (!path) return undefined;
    const control = new AbortController();
    const key = path + text;
    if (last.current !== key) setState({ data: null, problem: null, loading: true });
    last.current = key;
    get(path, query, control.signal)
      .then((data) => setState({ data, problem: null, loading: false }))
      .catch((problem) => problem.name !== "AbortError" && setState((old) => ({ ...old, problem, loading: false })));
    return () => control.abort();
  }, [path, text, turn]);
  const reload = useCallback(() => setTurn((n) => n + 1), []);
  useEffect(() => (quiet ? undefined : nudges.watch(() => setTimeout(reload, 60))), [reload, quiet]);
  useEffect(() => {
    if (!every) return undefined;
    const timer = setInterval(() => document.hidden || reload(), every);
    return () => clearInterval(timer);
  }, [every, reload]);
  return { ...state, reload };
}

/**
 * Sends commands. The client id is kept while the fields are the same and no answer came, so that trying again after a
 * broken connection cannot do a thing twice.
 */
export function useCommand() {
  const [state, setState] = useState({ busy: false, problem: null, receipt: null });
  const attempt = useRef({ body: "", id: "" });
  const send = useCallback(async (name, fields) => {
    const body = JSON.stringify([name, fields]);
    if (attempt.current.body !== body) attempt.current = { body, id: clientId() };
    setState({ busy: true, problem: null, receipt: null });
    try {
      const receipt = await command(name, fields, attempt.current.id);
      attempt.current = { body: "", id: "" };
      setState({ busy: false, problem: null, receipt });
      nudge();
      return receipt;
    } catch (problem) {
      if (problem.status) attempt.current = { body: "", id: "" };
      setState({ busy: false, problem, receipt: null });
      return null;
    }
  }, []);
  const clear = useCallback(() => setState({ busy: false, problem: null, receipt: null }), []);
  return { ...state, send, clear };
}

/** Sends any other request. */
export function useRequest() {
  const [state, setState] = useState({ busy: false, problem: null, answer: undefined });
  const send = useCallback(async (method, path, body) => {
    setState({ busy: true, problem: null, answer: undefined });
    try {
      const answer = await request(method, path, body);
      setState({ busy: false, problem: null, answer });
      nudge();
      return { answer };
    } catch (problem) {
      setState({ busy: false, problem, answer: undefined });
      return { problem };
    }
  }, []);
  const clear = useCallback(() => setState({ busy: false, problem: null, answer: undefined }), []);
  return { ...state, send, clear };
}

export const useSession = () => useStore(session);

const none = [];

/** All instruments, live. */
export function useInstruments() {
  const feed = useMemo(instrumentsFeed, []);
  const { data, problem } = useFeed(feed);
  return { instruments: data ?? none, loaded: data !== null, problem };
}

/** All markets, live. */
export function useMarkets() {
  const feed = useMemo(marketsFeed, []);
  const { data, problem } = useFeed(feed);
  return { markets: data ?? none, loaded: data !== null, problem };
}

/** An instrument with its market's decimals. */
export function useInstrument(code) {
  const { instruments, loaded, problem } = useInstruments();
  const { markets } = useMarkets();
  const instrument = instruments.find((item) => item.code === code) ?? null;
  const market = markets.find((item) => item.code === instrument?.market) ?? null;
  return { instrument, market, loaded, problem };
}

/** Keys pressed anywhere but in a field. */
export function useKeys(table) {
  const current = useRef(table);
  current.current = table;
  // Heard as soon as the page stands, not a frame later.
  useLayoutEffect(() => {
    const onKey = (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const field = event.target.closest?.("input, select, textarea, [contenteditable]");
      if (field && event.key !== "Escape") return;
      if (document.querySelector("dialog[open]") && event.key !== "Escape") return;
      const act = current.current[event.key];
      if (!act) return;
      event.preventDefault();
      act(event);
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
}
