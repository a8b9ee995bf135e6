// A real node with people in it: started on a sandbox clock, its users admitted over REST as anyone would.
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { MORNING, writeMarket } from "./market.mjs";

export const BOND = "B2609";
export const CARBON = "CEA26";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const BINARY = path.resolve(process.env.HUANGPU_BINARY ?? path.join(ROOT, "target/debug/huangpu"));

/** A session over REST. */
export class Session {
  constructor(base) {
    this.base = base;
  }

  async ask(method, where, body) {
    const headers = { Accept: "application/json" };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    if (this.cookie) headers.Cookie = this.cookie;
    if (this.csrf) headers["X-CSRF-Token"] = this.csrf;
    const response = await fetch(new URL(where, this.base), { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
    const cookie = response.headers.get("set-cookie");
    if (cookie) this.cookie = cookie.split(";")[0];
    const text = await response.text();
    const answer = text ? JSON.parse(text) : null;
    if (!response.ok) throw Object.assign(new Error(`${method} ${where}: ${response.status} ${text}`), { answer, status: response.status });
    return answer;
  }

  async signIn({ user, password }) {
    this.csrf = (await this.ask("POST", "/v1/session", { user, password })).csrf;
    return this;
  }

  send(name, fields) {
    return this.ask("POST", `/v1/commands/${name}`, fields);
  }
}

const freePort = () => new Promise((found) => {
  const probe = net.createServer().listen(0, "127.0.0.1", () => {
    const { port } = probe.address();
    probe.close(() => found(port));
  });
});

/** Starts the program and waits until it answers; gives the process and what it printed. */
async function run(folder, data, port) {
  const args = ["serve", folder, "--data", data, "--listen", `127.0.0.1:${port}`, "--clock", MORNING,
    "--set", "limits.sign_in_per_minute=100000", "--set", "limits.requests_per_second=100000", "--set", "limits.burst=100000"];
  const child = spawn(BINARY, args, { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  child.stdout.on("data", (chunk) => { said += chunk; });
  child.stderr.on("data", (chunk) => { said += chunk; });
  for (let tries = 0; tries < 600; tries += 1) {
    if (child.exitCode !== null) throw new Error(`the node ended: ${said}`);
    if (/^console: .*\n/m.test(said)) return { child, said: () => said };
    await new Promise((go) => setTimeout(go, 100));
  }
  child.kill();
  throw new Error(`the node does not answer: ${said}`);
}

/** Admits the users that the tests need; every one has chosen a password by its link, but `fresh`. `links` are those of the first two operators. */
async function admit(base, links) {
  const kept = (user) => ({ user, password: `${user} has chosen this` });
  const enrol = (user, token, code) => new Session(base).ask("POST", "/v1/session/enrol", { user, token, ...(code ? { code } : {}), password: kept(user).password });
  for (const [user, token] of Object.entries(links)) await enrol(user, token);
  const [operator, second] = [await new Session(base).signIn(kept("operator")), await new Session(base).signIn(kept("operator2"))];
  const wanted = [
    ["AUTHORITY", "chen", ["operator"]], ["AUTHORITY", "lin", ["operator"]], ["WATCH", "watch", ["supervisor", "auditor"]],
    ["JIANGHAI", "jianghai", ["trader", "custodian"]], ["PUDONG", "pudong", ["trader", "custodian"]], ["LINGANG", "crowd", ["trader"]],
    ["DONGJIANG", "dongjiang", ["trader", "custodian"]], ["HUIMIN", "huimin", ["trader", "custodian"]], ["HUIMIN", "fresh", ["trader"]],
    ["SETTLEBANK", "bank", ["custodian"]], ["SETTLEBANK", "bank2", ["custodian"]],
  ];
  let fresh;
  // Where a participant has someone who keeps its users, that one consents to more of them.
  const keepers = new Map();
  for (const [participant, name, duties] of wanted) {
    const { act, token, link } = await operator.ask("POST", "/v1/users", { participant, name, duties });
    const { code } = await (keepers.get(participant) ?? second).ask("POST", `/v1/acts/${act}/approve`, {});
    if (name === "fresh") fresh = { user: name, link, code };
    else await enrol(name, token, code);
    if (duties.includes("operator")) keepers.set(participant, await new Session(base).signIn(kept(name)));
  }
  const people = {
    trader: kept("jianghai"), maker: kept("pudong"), lister: kept("dongjiang"), taker: kept("huimin"), crowd: kept("crowd"), bank: kept("bank"), bank2: kept("bank2"), supervisor: kept("watch"),
    authority1: kept("chen"), authority2: kept("lin"), operator1: kept("operator"), operator2: kept("operator2"), fresh,
  };
  return people;
}

const cents = (value) => `${Math.floor(value / 100)}.${String(value % 100).padStart(2, "0")}`;

/** Fills the book on both sides and keeps a little trade going, so that there is something to see move. */
async function enliven(base, people) {
  const maker = await new Session(base).signIn(people.maker);
  const crowd = await new Session(base).signIn(people.crowd);
  const lister = await new Session(base).signIn(people.lister);
  const order = (who, account, side, price, quantity, more = {}) => who.send("place_order", { account, instrument: BOND, side, price, quantity: String(quantity), ...more }).catch((problem) => {
    if (problem.answer?.code !== "refused") throw problem;
  });
  for (let level = 0; level < 24; level += 1) {
    for (let more = 0; more <= level % 3; more += 1) {
      await order(maker, "PD", "buy", cents(9861 - level), 1000 * (3 + ((level * 7 + more * 3) % 19)), { life: "gtc" });
      await order(maker, "PD", "sell", cents(9864 + level), 1000 * (3 + ((level * 5 + more * 4) % 23)), { life: "gtc" });
    }
  }
  for (let step = 0; step < 5; step += 1) {
    await lister.send("place_listing", { account: "DJ", instrument: CARBON, side: "sell", price: cents(7030 + 10 * step), quantity: String(4000 + 3500 * step) });
    await lister.send("place_listing", { account: "DJ", instrument: "CEA25", side: "sell", price: cents(7210 + 15 * step), quantity: String(9000 + 2500 * step) });
  }
  const trader = await new Session(base).signIn(people.trader);
  for (const [side, price, lots] of [["buy", 9858, 12], ["buy", 9854, 20], ["sell", 9872, 15]]) await order(trader, "JH", side, cents(price), 1000 * lots, { life: "gtc" });
  let turn = 0;
  const fail = () => clearInterval(beat);
  const beat = setInterval(() => {
    turn += 1;
    const middle = 9862 + Math.round(6 * Math.sin(turn / 40));
    const side = (turn * 7) % 5 < 2 ? "buy" : "sell";
    const taker = side === "buy" ? cents(middle + 6) : cents(middle - 6);
    if (turn % 2) order(crowd, "LG", side, taker, 1000 * (1 + (turn % 6)), { life: "ioc" }).catch(fail);
    const quote = (turn * 11) % 4 < 2 ? "buy" : "sell";
    const away = 1 + ((turn * 5) % 9);
    order(maker, "PD", quote, cents(quote === "buy" ? middle - away : middle + 1 + away), 1000 * (2 + (turn % 9)), { life: "gtc", self_trade: "cancel_resting" }).catch(fail);
  }, 300);
  return () => clearInterval(beat);
}

/** The node of a test. */
export async function openNode() {
  const place = await mkdtemp(path.join(os.tmpdir(), "huangpu-console-"));
  const folder = path.join(place, "market");
  const data = path.join(place, "data");
  await writeMarket(folder, ROOT);
  const port = await freePort();
  const base = `http://127.0.0.1:${port}/`;
  let { child, said } = await run(folder, data, port);
  const links = Object.fromEntries([...said().matchAll(/#\/enrol\/([^/\s]+)\/(\S+)/g)].map((found) => [found[1], found[2]]));
  if (Object.keys(links).length !== 2) throw new Error(`no two links were printed: ${said()}`);
  const people = await admit(base, links);
  let calm = await enliven(base, people);
  const halt = async () => {
    calm();
    if (child.exitCode !== null) return;
    const ended = new Promise((done) => child.once("exit", done));
    child.kill("SIGTERM");
    const late = setTimeout(() => child.kill("SIGKILL"), 20_000);
    await ended;
    clearTimeout(late);
  };
  return {
    base, people, halt,
    restart: async () => { ({ child, said } = await run(folder, data, port)); },
    stop: async () => {
      await halt();
      await rm(place, { recursive: true, force: true });
    },
    quiet: { buy: "95.05" }, cross: "99.20", listing: "69.95", issue: { holder: "taker", account: "HM", asset: "CEA26" }, past: 600,
    pages: {
      trader: ["markets", `trade/${BOND}`, `trade/${CARBON}`, "auctions", "blocks", "orders", "holdings", "settlement", "compliance", "approvals", "limits", "kill", "everything", "trail/JH", "me"],
      operator1: ["health", "phases", "approvals", "participants", "issuance", "limits", `limits/bond-continuous`, "limits/+", "kill", "users", "everything", "me"],
      supervisor: ["alerts", "cases", "trail/JH", "past", "log", "phases", "participants", "me"],
      authority1: ["issuance", "approvals", "compliance", "me"],
    },
    shots: Boolean(process.env.HUANGPU_SHOTS),
    shot: (name) => path.join(ROOT, "docs/img", `${name}.png`),
    gallery: [
      ["console-market", "trader", `trade/${BOND}`, { press: ['.rung[data-price="98.60"] .bid', ".beside .parts button"] }],
      ["console-listings", "taker", `trade/${CARBON}`, { theme: "dark", lang: "zh" }],
      ["console-supervision", "supervisor", "past", { theme: "dark", lang: "zh", fill: [["[data-form=past] select", BOND], ["[name=record]", "99999999"]], press: ["[data-form=past] button.main"] }],
      ["console-phone", "trader", `trade/${BOND}`, { size: { width: 390, height: 844 }, touch: true }],
    ],
  };
}
