// A market to look at: two rulebooks, firms with something to trade, and a day of trading before the one that is tested.
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";

const DAY = "2026-03-03";
const at = (seconds) => `${DAY}T${new Date(seconds * 1000).toISOString().slice(11, 19)}+08:00`;
const clock = (hours, minutes = 0) => hours * 3600 + minutes * 60;

/** The same numbers every time. */
function chance(seed) {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const price = (cents) => `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, "0")}`;

const PARTICIPANTS = [
  ["AUTHORITY", "Competent authority 主管部门", ["authority"], []],
  ["REGISTRY", "Registry 注册登记机构", ["registrar"], []],
  ["SETTLEBANK", "Settlement bank 结算银行", ["settlement_bank"], []],
  ["WATCH", "Market supervision 交易监管", ["supervisor"], []],
  ["DONGJIANG", "Dongjiang Power 东江电力", ["compliance_entity"], ["DJ"]],
  ["BEIHU", "Beihu Power 北湖发电", ["compliance_entity"], ["BH"]],
  ["HUIMIN", "Huimin Bank 惠民银行", ["institution"], ["HM"]],
  ["JIANGHAI", "Jianghai Bank 江海银行", ["institution"], ["JH", "JH-2"]],
  ["PUDONG", "Pudong Securities 浦东证券", ["institution"], ["PD", "PD-2"]],
  ["LINGANG", "Lingang Fund 临港基金", ["institution"], ["LG"]],
];

function opening(say) {
  const start = clock(8, 30);
  for (const [code, name, roles] of PARTICIPANTS) say(start, "operator", { do: "register_participant", code, name, roles });
  for (const [participant, , , accounts] of PARTICIPANTS) for (const code of accounts) say(start, "REGISTRY", { do: "open_account", participant, code });
  for (const [code, vintage] of [["CEA24", 2024], ["CEA25", 2025], ["CEA26", 2026]]) say(start, "operator", { do: "define_asset", code, class: "allowance", vintages: [vintage] });
  say(start, "operator", { do: "define_asset", code: "CCER", class: "offset", vintages: [2024] });
  for (const code of ["B2609", "B2702"]) say(start, "operator", { do: "define_asset", code, class: "security", market: "bond-continuous" });
  say(start, "operator", { do: "list_instrument", code: "CEA25", reference: "72.00" });
  say(start, "operator", { do: "list_instrument", code: "CEA26", reference: "70.00" });
  say(start, "operator", { do: "list_instrument", code: "B2609", reference: "98.60", market: "bond-continuous" });
  say(start, "operator", { do: "list_instrument", code: "B2702", reference: "97.20", market: "bond-continuous" });
  const issue = (account, asset, quantity) => say(start, "AUTHORITY", { do: "issue", account, asset, quantity, reason: "allocation of the year" });
  for (const account of ["DJ", "BH", "HM", "PD"]) for (const asset of ["CEA25", "CEA26"]) issue(account, asset, 840000);
  issue("DJ", "CEA24", 50000);
  issue("DJ", "CCER", 120000);
  for (const account of ["PD", "PD-2", "LG", "JH", "HM"]) for (const asset of ["B2609", "B2702"]) issue(account, asset, 2000000);
  for (const account of ["DJ", "BH", "HM", "JH", "PD", "PD-2", "LG"]) say(start, "SETTLEBANK", { do: "deposit", account, amount: "400000000.00", reference: `in-${account}` });
  for (const [participant, verified] of [["DONGJIANG", 1300000], ["BEIHU", 700000]]) say(start, "AUTHORITY", { do: "record_emissions", participant, year: 2025, verified });
  say(start, "DONGJIANG", { do: "surrender", account: "DJ", year: 2025, asset: "CEA25", quantity: 610000 });
  say(start, "DONGJIANG", { do: "surrender", account: "DJ", year: 2025, asset: "CCER", quantity: 40000 });
}

/** A maker quotes around a price that wanders, others trade with it. */
function trading(say) {
  const pick = chance(20260303);
  let middle = 9862;
  let listed = 7015;
  for (const [opens, closes] of [[clock(9, 30), clock(11, 30)], [clock(13), clock(15)]]) {
    for (let now = opens + 5; now < closes - 40; now += 14 + pick(30)) {
      middle += pick(7) - 3 + (middle < 9840 ? 1 : 0) - (middle > 9890 ? 1 : 0);
      const order = (by, account, side, cents, lots, more = {}) => say(now, by, { do: "place_order", account, instrument: "B2609", side, price: price(cents), quantity: lots * 1000, ...more });
      order("PUDONG", "PD", "buy", middle - 1 - pick(2), 5 + pick(20));
      order("PUDONG", "PD", "sell", middle + 1 + pick(2), 5 + pick(20));
      const side = pick(2) ? "buy" : "sell";
      order("LINGANG", "LG", side, side === "buy" ? middle + 3 : middle - 3, 1 + pick(12), { life: "ioc" });
      if (pick(9) === 0) order("JIANGHAI", "JH", side, side === "buy" ? middle + 3 : middle - 3, 1 + pick(4), { life: "ioc" });
      if (pick(4) === 0) say(now, "PUDONG", { do: "mass_cancel", account: "PD", instrument: "B2609" });
      if (pick(6) === 0) {
        listed += pick(5) - 2;
        const id = say(now, "DONGJIANG", { do: "place_listing", account: "DJ", instrument: "CEA26", side: "sell", price: price(listed), quantity: 3000 });
        say(now, "HUIMIN", { do: "take_listing", account: "HM", listing: id, quantity: 500 + 100 * pick(20) });
      }
    }
  }
  const late = clock(14, 59);
  say(late, "PUDONG", { do: "mass_cancel", account: "PD" });
  say(late, "PUDONG", { do: "place_order", account: "PD", instrument: "B2609", side: "sell", price: "98.75", quantity: 3000 });
  say(late, "PUDONG", { do: "place_order", account: "PD-2", instrument: "B2609", side: "buy", price: "98.75", quantity: 3000, self_trade: "allow" });
  say(late, "PUDONG", { do: "mass_cancel", account: "PD" });
}

/** A period that has not ended, so that there is something to surrender for; blocks in the morning too, and a lot among equal bids. */
const PERIOD = `
[[version]]
from = 2026-02-01
source = "invented for a test"
secondary = true

[version.trading.block]
sessions = ["09:30-11:30", "13:00-15:00"]
quantity_min = 1_000
source = "invented for a test"
secondary = true

[version.trading.auction]
tie = "lot"
source = "invented for a test"
secondary = true

[version.registry.carry_over]
opens = 2026-03-04
sales_to = 2026-03-03
source = "invented for a test"
secondary = true

[[version.registry.period_add]]
year = 2025
deadline = 2026-12-31
source = "invented for a test"
secondary = true
`;

/** Writes the folder that a node is served from. */
export async function writeMarket(folder, root) {
  await mkdir(folder, { recursive: true });
  const rulebook = (name) => JSON.stringify(path.relative(folder, path.join(root, "rulebooks", name)));
  await writeFile(path.join(folder, "1-carbon.toml"), `extends = ${rulebook("carbon-cn.toml")}\n${PERIOD}`);
  await writeFile(path.join(folder, "2-bond.toml"), `extends = ${rulebook("bond-continuous.toml")}\n`);
  const lines = [];
  const say = (time, by, command) => {
    const id = `d-${lines.length + 1}`;
    lines.push(JSON.stringify({ time: at(time), id, by, ...command }));
    return id;
  };
  opening(say);
  trading(say);
  await writeFile(path.join(folder, `${DAY}.jsonl`), `${lines.join("\n")}\n`);
}

/** When the node's clock begins: the morning after. */
export const MORNING = "2026-03-04T10:00:00+08:00";
