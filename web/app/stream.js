// The live connection. It comes back by itself, resumes each channel where it stood, and asks for a new snapshot
// where a message was missed.

/** How the connection stands; `state` is one of connecting, live, waiting, refused, closed. */
const START = { state: "closed", code: 0, retryAt: 0, since: 0, gaps: 0 };

const PING_MS = 10000;
const SILENT_MS = 25000;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15000;

/** Codes after which trying again is no use. */
const FINAL = new Set([4001, 4003, 4010]);

/** The name of a subscription. */
export const keyOf = ({ channel, instrument, account }) => [channel, instrument ?? "", account ?? ""].join("|");

/** The wait before attempt `count`, with up to a third of it by chance so that clients do not come back all at once. */
export function waitMs(count, chance = Math.random()) {
  const base = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** count);
  return Math.round(base * (1 - chance / 3));
}

/** A connection to `url` that many parts of the console share. */
export class Stream {
  constructor({ url, open = (address) => new WebSocket(address), now = () => Date.now(), timers = globalThis, onState = () => {} }) {
    Object.assign(this, { url, openSocket: open, now, timers, onState });
    this.status = START;
    this.subscriptions = new Map();
    this.pending = new Map();
    this.wanted = false;
    this.attempts = 0;
    this.socket = null;
    this.settings = [];
    this.pongs = false;
    this.heard = 0;
  }

  setState(change) {
    this.status = { ...this.status, ...change };
    this.onState(this.status);
  }

  /** Opens the connection and keeps it open. */
  start() {
    if (this.wanted) return;
    this.wanted = true;
    this.attempts = 0;
    this.connect();
  }

  /** Closes it for good, and forgets every position and setting: whoever opens it next may be another. */
  stop() {
    this.wanted = false;
    this.settings = [];
    this.timers.clearTimeout(this.retry);
    this.timers.clearInterval(this.beat);
    const socket = this.socket;
    this.socket = null;
    socket?.close(1000);
    for (const entry of this.subscriptions.values()) entry.seq = null;
    this.failPending();
    this.setState({ state: "closed", code: 0 });
  }

  /** Tries again at once. */
  retryNow() {
    if (!this.wanted || this.socket) return;
    this.timers.clearTimeout(this.retry);
    this.connect();
  }

  connect() {
    this.setState({ state: "connecting" });
    const socket = this.openSocket(this.url);
    this.socket = socket;
    socket.onopen = () => this.opened(socket);
    socket.onmessage = (event) => this.heardFrom(socket, event.data);
    socket.onclose = (event) => this.closed(socket, event.code);
    socket.onerror = () => {};
  }

  opened(socket) {
    if (socket !== this.socket) return;
    this.attempts = 0;
    this.heard = this.now();
    this.setState({ state: "live", code: 0, since: this.now() });
    for (const setting of this.settings) this.send(setting);
    for (const entry of this.subscriptions.values()) this.ask(entry);
    this.timers.clearInterval(this.beat);
    this.beat = this.timers.setInterval(() => this.pulse(), PING_MS);
  }

  pulse() {
    this.send({ op: "ping" });
    if (this.pongs && this.now() - this.heard > SILENT_MS) this.drop(4000);
  }

  /** Gives a silent connection up. */
  drop(code) {
    const socket = this.socket;
    if (!socket) return;
    this.closed(socket, code);
    socket.close();
  }

  closed(socket, code) {
    if (socket !== this.socket) return;
    this.socket = null;
    this.timers.clearInterval(this.beat);
    this.failPending();
    if (!this.wanted) return;
    if (FINAL.has(code)) {
      this.wanted = false;
      this.setState({ state: "refused", code });
      return;
    }
    const wait = waitMs(this.attempts);
    this.attempts += 1;
    this.setState({ state: "waiting", code, retryAt: this.now() + wait });
    this.retry = this.timers.setTimeout(() => this.connect(), wait);
  }

  send(message) {
    if (this.socket?.readyState === 1) this.socket.send(JSON.stringify(message));
  }

  ask(entry) {
    const message = { op: "subscribe", ...topicOf(entry), ref: entry.key };
    if (entry.seq) message.from = entry.seq;
    this.send(message);
  }

  /** Subscribes; gives back what ends it. Several may share a channel: `handler` gets every message of it. */
  subscribe(topic, handler, onProblem = () => {}) {
    const key = keyOf(topic);
    let entry = this.subscriptions.get(key);
    if (!entry) {
      entry = { ...topic, key, seq: null, listeners: new Set() };
      this.subscriptions.set(key, entry);
      this.ask(entry);
    }
    const listener = { handler, onProblem };
    entry.listeners.add(listener);
    return () => {
      entry.listeners.delete(listener);
      if (entry.listeners.size || this.subscriptions.get(key) !== entry) return;
      this.subscriptions.delete(key);
      this.send({ op: "unsubscribe", ...topicOf(entry) });
    };
  }

  /** Throws a channel's position away and asks for a new snapshot. */
  renew(topic) {
    const entry = this.subscriptions.get(keyOf(topic));
    if (!entry) return;
    entry.seq = null;
    this.setState({ gaps: this.status.gaps + 1 });
    this.send({ op: "unsubscribe", ...topicOf(entry) });
    this.ask(entry);
  }

  heardFrom(socket, text) {
    if (socket !== this.socket) return;
    this.heard = this.now();
    let message;
    try {
      message = JSON.parse(text);
    } catch {
      return;
    }
    if (message.channel && message.type) this.deliver(message);
    else if (message.op === "pong") this.pongs = true;
    else if (message.op === "answer") this.answered(message);
    else if (message.op === "error") this.failed(message);
  }

  deliver(message) {
    const entry = this.subscriptions.get(keyOf(message)) ?? this.subscriptions.get(keyOf({ channel: message.channel }));
    if (!entry) return;
    if (message.type !== "snapshot") {
      if (entry.seq === null || message.seq <= entry.seq) return;
      if (message.prev > entry.seq) {
        this.renew(entry);
        return;
      }
    }
    entry.seq = message.seq;
    for (const listener of [...entry.listeners]) listener.handler(message);
  }

  failed(message) {
    const entry = this.subscriptions.get(message.ref);
    if (!entry) return;
    entry.seq = null;
    for (const listener of [...entry.listeners]) listener.onProblem(message.problem ?? { code: "stream" });
  }

  answered(message) {
    const waiting = this.pending.get(message.id);
    if (!waiting) return;
    this.pending.delete(message.id);
    waiting(message);
  }

  failPending() {
    for (const waiting of this.pending.values()) waiting({ problem: { code: "unreachable" } });
    this.pending.clear();
  }

  /** Keeps a setting of the connection (cancel on disconnect, dead man): it is sent now and after every new start. */
  keep(message) {
    this.settings = [...this.settings.filter((kept) => kept.op !== message.op), message];
    this.send(message);
  }
}

function topicOf({ channel, instrument, account }) {
  const topic = { channel };
  if (instrument) topic.instrument = instrument;
  if (account) topic.account = account;
  return topic;
}
