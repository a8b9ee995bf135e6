// Live values: each is fetched once, kept by its channel, and shared by whoever watches it.
import { createStore, useStore } from "./store.js";
import { endSession, get, items } from "./api.js";
import { Stream } from "./stream.js";
import { applyBook, EMPTY } from "./book.js";
import { isOpen } from "./orders.js";

/** How the live connection stands. */
export const connection = createStore({ state: "closed", code: 0, gaps: 0 });

/** The market's time of the newest message. */
export const heardTime = createStore("");

const address = () => `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/v1/stream`;

/** The one live connection of the page. */
export const stream = new Stream({
  url: typeof location === "undefined" ? "" : address(),
  onState: (state) => {
    connection.set(state);
    if (state.state === "refused" && state.code !== 4003) endSession();
  },
});

/** Counts up when this page did something that lists may show; and every few seconds while the live connection is away. */
export const nudges = createStore(0);
export const nudge = () => nudges.set((count) => count + 1);

const APART_MS = 4000;
setInterval(() => {
  if (connection.get().state === "waiting" && !document.hidden) nudge();
}, APART_MS).unref?.();

const LINGER_MS = 3000;
const feeds = new Map();

/** What a feed holds before anything came. */
const WAITING = { data: null, problem: null };

function feed(key, start) {
  let found = feeds.get(key);
  if (found) return found;
  const store = createStore(WAITING);
  let users = 0;
  let stop = null;
  let timer = 0;
  found = {
    store,
    hold() {
      users += 1;
      clearTimeout(timer);
      if (!stop) stop = start(store);
      return () => {
        users -= 1;
        if (users) return;
        timer = setTimeout(() => {
          stop?.();
          stop = null;
          store.set(WAITING);
        }, LINGER_MS);
      };
    },
  };
  feeds.set(key, found);
  return found;
}

/** Forgets everything, when another signs in. */
export function forget() {
  feeds.clear();
}

const setData = (store, data) => store.set({ data, problem: null });
const setProblem = (store, problem) => store.set({ ...store.get(), problem });

function listen(topic, store, onMessage) {
  return stream.subscribe(topic, (message) => {
    if (message.time) heardTime.set(message.time);
    onMessage(message);
  }, (problem) => setProblem(store, problem));
}

/** Calls `again` at once, and every few seconds for as long as the live connection is not there. */
function whileApart(again) {
  again();
  return nudges.watch(() => connection.get().state !== "live" && again());
}

/** The book of an instrument: asked for once, so that it is there at once, and from then on by its channel. */
export const bookFeed = (instrument) => feed(`book ${instrument}`, (store) => {
  const topic = { channel: "book", instrument };
  const control = new AbortController();
  let streamed = false;
  const stopAsking = whileApart(() => get(`/v1/instruments/${encodeURIComponent(instrument)}/book`, { levels: 50 }, control.signal).then((data) => {
    if (!streamed || connection.get().state !== "live") setData(store, applyBook(EMPTY, { type: "snapshot", data }));
  }).catch((problem) => problem.name !== "AbortError" && setProblem(store, problem)));
  const stop = listen(topic, store, (message) => {
    streamed = true;
    const next = applyBook(store.get().data ?? EMPTY, message);
    if (!next.proved) stream.renew(topic);
    else setData(store, next);
  });
  return () => {
    control.abort();
    stopAsking();
    stop();
  };
});

const messageItems = (data) => (Array.isArray(data) ? data : Array.isArray(data?.items) ? data.items : data ? [data] : []);

/**
 * A list that begins with a request and goes on with a channel: the newest word on each item counts, be it the
 * request's or the channel's. `keep` of them are kept, and beyond those what `stays`.
 */
function listFeed({ key, topic, load, idOf, keep = 500, stays = () => false, order, fold = (old, item) => ({ ...old, ...item }) }) {
  return feed(key, (store) => {
    const known = new Map();
    const heard = new Map();
    const control = new AbortController();
    const publish = () => {
      const all = [...known.values()].sort(order);
      for (const item of all.slice(keep)) if (!stays(item)) known.delete(idOf(item));
      setData(store, all.filter((item, at) => at < keep || stays(item)));
    };
    const fetchAll = () => load(control.signal).then((answer) => {
      const at = answer?.sequence ?? Infinity;
      const told = new Set(items(answer).map(idOf));
      for (const item of items(answer)) if (!(heard.get(idOf(item)) > at)) known.set(idOf(item), item);
      // All that stays is in the answer: what it does not name has ended.
      for (const [id, item] of known) if (stays(item) && !told.has(id) && !(heard.get(id) > at)) known.delete(id);
      publish();
    }).catch((problem) => {
      if (problem.name !== "AbortError") setProblem(store, problem);
    });
    let snapshots = 0;
    const stop = listen(topic, store, (message) => {
      for (const item of messageItems(message.data)) {
        const id = idOf(item);
        if (id === undefined) continue;
        known.set(id, fold(known.get(id), item));
        heard.set(id, message.seq);
      }
      if (store.get().data) publish();
      if (message.type === "snapshot" && (snapshots += 1) > 1) fetchAll();
    });
    const stopAsking = whileApart(fetchAll);
    return () => {
      control.abort();
      stopAsking();
      stop();
    };
  });
}

const newestFirst = (a, b) => (b.sequence ?? 0) - (a.sequence ?? 0) || (b.trade ?? b.order ?? 0) - (a.trade ?? a.order ?? 0);

/** A trade that was corrected or taken back keeps its place: when it was made, and who took. */
const revised = (old, item) => (old && item.status ? { ...item, time: old.time, sequence: old.sequence, side: old.side, role: old.role, order: old.order } : { ...old, ...item });

/** The trades of an instrument, newest first. */
export const tradesFeed = (instrument) => listFeed({
  key: `trades ${instrument}`, topic: { channel: "trades", instrument }, keep: 200, order: newestFirst,
  load: (signal) => get(`/v1/instruments/${encodeURIComponent(instrument)}/trades`, { limit: 100 }, signal),
  idOf: (item) => item.trade,
  fold: revised,
});

/** All that still stands, however long ago it came, and the newest of what came. */
async function loadOrders(signal) {
  const newest = await get("/v1/orders", { status: "all", limit: 300 }, signal);
  const all = [...items(newest)];
  for (let page = newest, query = { status: "open", limit: 1000 }; page?.next && all.length;) {
    page = await get("/v1/orders", query, signal);
    all.push(...items(page));
    query = { ...query, before: page?.next };
  }
  return { sequence: newest?.sequence, items: all };
}

/** Own orders, newest first. */
export const ordersFeed = () => listFeed({
  key: "orders", topic: { channel: "orders" }, order: newestFirst, stays: isOpen, load: loadOrders,
  idOf: (item) => item.order === undefined ? undefined : `${item.listing ? "L" : "O"}${item.order}`,
});

/** Own fills, newest first. */
export const fillsFeed = () => listFeed({
  key: "fills", topic: { channel: "fills" }, order: newestFirst,
  load: (signal) => get("/v1/fills", { limit: 300 }, signal),
  idOf: (item) => item.trade === undefined ? undefined : `${item.trade} ${item.account} ${item.side}`,
  fold: revised,
});

/** What an account holds. */
export const holdingsFeed = (account) => listFeed({
  key: `holdings ${account}`, topic: { channel: "holdings", account },
  order: (a, b) => (a.class === "currency" || a.class === "cash" ? 0 : 1) - (b.class === "currency" || b.class === "cash" ? 0 : 1) || a.asset.localeCompare(b.asset),
  load: (signal) => get(`/v1/accounts/${encodeURIComponent(account)}/holdings`, {}, signal),
  idOf: (item) => item.asset,
});

/** Proposals that wait for a second person. */
export const actsFeed = () => reloadFeed("acts", { channel: "acts" }, (signal) => get("/v1/acts", {}, signal));

/** Alerts of supervision. */
export const alertsFeed = () => reloadFeed("alerts", { channel: "alerts" }, (signal) => get("/v1/supervision/alerts", {}, signal));

/** The listings of an instrument that a taker may see. */
export const listingsFeed = (instrument) => feed(`listings ${instrument}`, (store) => {
  const path = `/v1/instruments/${encodeURIComponent(instrument)}/listings`;
  return reloading(store, { channel: "listings", instrument }, (signal) => get(path, {}, signal), (answer) => ({ bids: answer?.bids ?? [], asks: answer?.asks ?? [] }));
});

/** The node's own figures, once a second. */
export const operationsFeed = () => feed("operations", (store) => {
  const control = new AbortController();
  const keep = (data) => data?.sequence !== undefined && setData(store, [...(store.get().data ?? []).slice(-119), data]);
  get("/v1/operations", {}, control.signal).then(keep).catch((problem) => problem.name !== "AbortError" && setProblem(store, problem));
  const stop = listen({ channel: "operations" }, store, (message) => keep(message.data));
  return () => {
    control.abort();
    stop();
  };
});

const SETTLE_MS = 120;

/** Fetches at once and again after each message of the channel, at most every `SETTLE_MS`. */
function reloading(store, topic, load, shape = items) {
  const control = new AbortController();
  let timer = 0;
  const fetchNow = () => load(control.signal).then((answer) => setData(store, shape(answer)))
    .catch((problem) => problem.name !== "AbortError" && setProblem(store, problem));
  const soon = () => {
    if (!timer) timer = setTimeout(() => { timer = 0; fetchNow(); }, SETTLE_MS);
  };
  fetchNow();
  const stop = listen(topic, store, soon);
  const stopNudges = nudges.watch(soon);
  return () => {
    clearTimeout(timer);
    control.abort();
    stop();
    stopNudges();
  };
}


function reloadFeed(key, topic, load) {
  return feed(key, (store) => reloading(store, topic, load));
}

/** All instruments with their last prices. */
export const instrumentsFeed = () => feed("instruments", (store) => {
  const control = new AbortController();
  let timer = 0;
  const heard = new Map();
  const fetchNow = () => get("/v1/instruments", {}, control.signal).then((answer) => {
    const at = answer?.sequence ?? Infinity;
    const old = new Map((store.get().data ?? []).map((item) => [item.code, item]));
    setData(store, items(answer).map((item) => (heard.get(item.code) > at ? { ...item, ...old.get(item.code) } : item)));
  }).catch((problem) => problem.name !== "AbortError" && setProblem(store, problem));
  const soon = () => {
    if (!timer) timer = setTimeout(() => { timer = 0; fetchNow(); }, SETTLE_MS);
  };
  const merge = (message) => {
    const now = store.get().data;
    if (!now) return;
    const changes = new Map();
    for (const item of messageItems(message.data)) {
      const code = item.code ?? item.instrument ?? message.instrument;
      if (code) changes.set(code, item);
    }
    for (const code of changes.keys()) heard.set(code, message.seq);
    setData(store, now.map((item) => (changes.has(item.code) ? { ...item, ...changes.get(item.code), code: item.code } : item)));
  };
  fetchNow();
  const stops = [
    listen({ channel: "ticker" }, store, (message) => {
      merge(message);
      if (message.type === "snapshot" && store.get().data) soon();
    }),
    listen({ channel: "status" }, store, (message) => {
      merge(message);
      if (message.type !== "snapshot") soon();
    }),
    nudges.watch(soon),
  ];
  return () => {
    clearTimeout(timer);
    control.abort();
    for (const stop of stops) stop();
  };
});

/** All markets; fetched again when a phase, a day or a rule changes. */
export const marketsFeed = () => reloadFeed("markets", { channel: "status" }, (signal) => get("/v1/markets", {}, signal));

/** The codes of accounts, participants and assets, as far as they may be read. */
export const namesFeed = () => feed("names", (store) => {
  const control = new AbortController();
  const fetchNow = async () => {
    const answers = await Promise.allSettled(["accounts", "participants", "assets"].map((name) => get(`/v1/${name}`, {}, control.signal)));
    if (control.signal.aborted) return;
    const [accounts, participants, assets] = answers.map((answer) => (answer.status === "fulfilled" ? items(answer.value) : []));
    setData(store, { accounts, participants, assets });
  };
  fetchNow();
  const stop = nudges.watch(() => setTimeout(fetchNow, SETTLE_MS));
  return () => {
    control.abort();
    stop();
  };
});
