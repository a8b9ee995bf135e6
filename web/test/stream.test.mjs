import test from "node:test";
import assert from "node:assert/strict";
import { Stream, waitMs } from "../app/stream.js";

class Socket {
  constructor() {
    this.readyState = 0;
    this.sent = [];
  }
  send(text) { this.sent.push(JSON.parse(text)); }
  close(code = 1000) { this.readyState = 3; this.onclose?.({ code }); }
  open() { this.readyState = 1; this.onopen(); }
  say(message) { this.onmessage({ data: JSON.stringify(message) }); }
}

function rig() {
  const sockets = [];
  const timers = [];
  const clock = { ms: 0 };
  const states = [];
  const stream = new Stream({
    url: "ws://node/v1/stream", now: () => clock.ms, onState: (state) => states.push(state.state),
    open: () => { const socket = new Socket(); sockets.push(socket); return socket; },
    timers: {
      setTimeout: (act, ms) => timers.push({ act, ms }) - 1, clearTimeout: (id) => { if (timers[id]) timers[id].act = () => {}; },
      setInterval: (act, ms) => timers.push({ act, ms }) - 1, clearInterval: (id) => { if (timers[id]) timers[id].act = () => {}; },
    },
  });
  return { stream, sockets, timers, clock, states };
}

const book = { channel: "book", instrument: "B2609" };
const update = (seq, prev, data = {}) => ({ ...book, type: "update", seq, prev, data });
const snapshot = (seq) => ({ ...book, type: "snapshot", seq, prev: 0, data: {} });

test("a subscription made before the connection is asked for when it opens", () => {
  const { stream, sockets } = rig();
  const heard = [];
  stream.subscribe(book, (message) => heard.push(message.seq));
  stream.start();
  sockets[0].open();
  assert.deepEqual(sockets[0].sent, [{ op: "subscribe", channel: "book", instrument: "B2609", ref: "book|B2609|" }]);
  sockets[0].say(snapshot(10));
  sockets[0].say(update(12, 10));
  assert.deepEqual(heard, [10, 12]);
});

test("after a broken connection it resumes from the last message it saw", () => {
  const { stream, sockets, timers } = rig();
  const heard = [];
  stream.subscribe(book, (message) => heard.push(message.seq));
  stream.start();
  sockets[0].open();
  sockets[0].say(snapshot(10));
  sockets[0].say(update(12, 10));
  sockets[0].close(1006);
  assert.equal(stream.status.state, "waiting");
  timers.at(-1).act();
  sockets[1].open();
  assert.equal(sockets[1].sent[0].from, 12);
  sockets[1].say({ op: "subscribed", channel: "book", resumed: true });
  sockets[1].say(update(15, 12));
  assert.deepEqual(heard, [10, 12, 15]);
});

test("a missed message brings a new snapshot, and nothing is handed on until it is there", () => {
  const { stream, sockets } = rig();
  const heard = [];
  stream.subscribe(book, (message) => heard.push(`${message.type} ${message.seq}`));
  stream.start();
  sockets[0].open();
  sockets[0].say(snapshot(10));
  sockets[0].say(update(14, 13));
  sockets[0].say(update(15, 14));
  assert.deepEqual(heard, ["snapshot 10"]);
  assert.deepEqual(sockets[0].sent.slice(1).map((message) => message.op), ["unsubscribe", "subscribe"]);
  assert.equal(sockets[0].sent.at(-1).from, undefined);
  sockets[0].say(snapshot(15));
  sockets[0].say(update(16, 15));
  assert.deepEqual(heard, ["snapshot 10", "snapshot 15", "update 16"]);
  assert.equal(stream.status.gaps, 1);
});

test("what was seen already is passed over", () => {
  const { stream, sockets } = rig();
  const heard = [];
  stream.subscribe(book, (message) => heard.push(message.seq));
  stream.start();
  sockets[0].open();
  sockets[0].say(snapshot(10));
  sockets[0].say(update(9, 8));
  sockets[0].say(update(10, 9));
  sockets[0].say(update(11, 8));
  assert.deepEqual(heard, [10, 11]);
});

test("several share a channel, and the last one to go unsubscribes", () => {
  const { stream, sockets } = rig();
  stream.start();
  sockets[0].open();
  const stops = [stream.subscribe(book, () => {}), stream.subscribe(book, () => {})];
  assert.equal(sockets[0].sent.length, 1);
  stops[0]();
  assert.equal(sockets[0].sent.length, 1);
  stops[1]();
  assert.deepEqual(sockets[0].sent.at(-1), { op: "unsubscribe", channel: "book", instrument: "B2609" });
});

test("accounts are kept apart", () => {
  const { stream, sockets } = rig();
  const heard = [];
  stream.subscribe({ channel: "holdings", account: "A" }, () => heard.push("A"));
  stream.subscribe({ channel: "holdings", account: "B" }, () => heard.push("B"));
  stream.start();
  sockets[0].open();
  sockets[0].say({ channel: "holdings", account: "B", type: "snapshot", seq: 1, prev: 0, data: [] });
  assert.deepEqual(heard, ["B"]);
});

test("it does not come back after being signed out, and does after being too slow", () => {
  for (const [code, state] of [[4001, "refused"], [4003, "refused"], [4010, "refused"], [4008, "waiting"], [1006, "waiting"]]) {
    const { stream, sockets } = rig();
    stream.start();
    sockets[0].open();
    sockets[0].close(code);
    assert.equal(stream.status.state, state, String(code));
  }
});

test("a refused subscription says why, and the others go on", () => {
  const { stream, sockets } = rig();
  const heard = [];
  stream.subscribe({ channel: "operations" }, () => {}, (problem) => heard.push(problem.code));
  stream.start();
  sockets[0].open();
  sockets[0].say({ op: "error", ref: "operations||", problem: { code: "forbidden" } });
  assert.deepEqual(heard, ["forbidden"]);
  assert.equal(stream.status.state, "live");
});

test("a connection that has gone silent is given up", () => {
  const { stream, sockets, timers, clock } = rig();
  stream.start();
  sockets[0].open();
  const beat = timers.at(-1);
  sockets[0].say({ op: "pong" });
  clock.ms = 30000;
  beat.act();
  assert.equal(sockets[0].readyState, 3);
  assert.equal(stream.status.state, "waiting");
});

test("waits grow to a limit and are spread", () => {
  assert.equal(waitMs(0, 0), 500);
  assert.equal(waitMs(3, 0), 4000);
  assert.equal(waitMs(20, 0), 15000);
  assert.equal(waitMs(20, 1), 10000);
});

test("settings are sent again with every new connection", () => {
  const { stream, sockets, timers } = rig();
  stream.start();
  sockets[0].open();
  stream.keep({ op: "dead_man", seconds: 30 });
  stream.keep({ op: "dead_man", seconds: 60 });
  sockets[0].close(1006);
  timers.at(-1).act();
  sockets[1].open();
  assert.deepEqual(sockets[1].sent[0], { op: "dead_man", seconds: 60 });
});

test("whoever opens it after another does not take over their settings", () => {
  const { stream, sockets } = rig();
  stream.start();
  sockets[0].open();
  stream.keep({ op: "cancel_on_disconnect", on: true });
  stream.stop();
  stream.start();
  sockets[1].open();
  assert.deepEqual(sockets[1].sent.filter((message) => message.op === "cancel_on_disconnect"), []);
});

test("nonsense on the wire is passed over", () => {
  const { stream, sockets } = rig();
  stream.start();
  sockets[0].open();
  sockets[0].onmessage({ data: "{" });
  sockets[0].say({ channel: "nobody", type: "update", seq: 1, prev: 0 });
  assert.equal(stream.status.state, "live");
});
