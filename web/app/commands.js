// Every command of every room, as a form: its fields in order, and who may send it. The names are those of docs/commands.md.

const F = (name, type, more = {}) => ({ name, type, ...more });
const optional = { optional: true };
const account = F("account", "own_account");
const anyAccount = F("account", "account");
const asset = F("asset", "asset");
const quantity = F("quantity", "quantity");
const reason = F("reason", "text");
const instrument = F("instrument", "instrument");
const side = F("side", "choice", { options: ["buy", "sell"] });
const price = F("price", "price");
const year = F("year", "year");
const market = F("market", "market", optional);
const participant = F("participant", "participant");
const ref = (name) => F(name, "reference");

const TRADE = ["trader"];
const HOLD = ["custodian"];
const RUN = ["operator"];
const WATCH = ["supervisor"];

/** name -> {group, duties, roles?, fields, danger?, second?}; `second` where another person has to approve. */
export const COMMANDS = {
  place_listing: { group: "trading", duties: TRADE, fields: [account, instrument, side, price, quantity] },
  take_listing: { group: "trading", duties: TRADE, fields: [account, ref("listing"), quantity] },
  cancel_listing: { group: "trading", duties: TRADE, fields: [account, ref("listing")] },
  propose_block: { group: "trading", duties: TRADE, fields: [account, instrument, side, F("counterparty", "account"), price, quantity] },
  accept_block: { group: "trading", duties: TRADE, fields: [account, ref("proposal")] },
  withdraw_block: { group: "trading", duties: TRADE, fields: [account, ref("proposal")] },
  place_bid: { group: "trading", duties: TRADE, fields: [account, ref("auction"), price, quantity] },
  withdraw_bid: { group: "trading", duties: TRADE, fields: [account, ref("bid")] },
  place_order: {
    group: "trading", duties: TRADE,
    fields: [
      account, instrument, side, F("kind", "choice", { options: ["limit", "market"] }), F("price", "price", optional), F("quantity", "quantity", optional), F("funds", "money", optional),
      F("life", "choice", { options: ["day", "gtc", "gtd", "ioc", "fok", "at_open", "at_close"] }), F("until", "date", optional),
      F("post_only", "bool"), F("self_trade", "choice", { options: ["cancel_incoming", "cancel_resting", "cancel_both", "decrement", "allow"] }),
      F("minimum", "quantity", optional), F("display", "quantity", optional), F("trigger", "price", optional),
    ],
  },
  amend_order: { group: "trading", duties: TRADE, fields: [account, ref("order"), price, quantity] },
  cancel_order: { group: "trading", duties: TRADE, fields: [account, ref("order")] },

  mass_cancel: {
    group: "control", duties: ["operator", "supervisor", "trader"], danger: true,
    fields: [F("account", "account", optional), F("participant", "participant", optional), F("instrument", "instrument", optional)],
  },
  block_trading: {
    group: "control", duties: ["operator", "supervisor", "trader"], danger: true,
    fields: [F("account", "account", optional), F("participant", "participant", optional), reason],
  },
  unblock_trading: {
    group: "control", duties: ["operator", "supervisor"], second: true,
    fields: [F("account", "account", optional), F("participant", "participant", optional), reason],
  },
  halt: { group: "control", duties: ["operator", "supervisor"], roles: ["operator", "supervisor"], danger: true, fields: [instrument, reason] },
  resume: { group: "control", duties: ["operator", "supervisor"], roles: ["operator", "supervisor"], second: true, fields: [instrument, reason] },
  freeze_account: { group: "control", duties: ["supervisor", "operator"], roles: ["registrar", "supervisor"], danger: true, fields: [anyAccount, reason] },
  unfreeze_account: { group: "control", duties: ["supervisor", "operator"], roles: ["registrar", "supervisor"], second: true, fields: [anyAccount, reason] },

  list_instrument: {
    group: "venue", duties: RUN, roles: ["operator"], second: true,
    fields: [F("code", "code"), F("asset", "asset", optional), F("reference", "price", optional), market],
  },
  delist_instrument: { group: "venue", duties: RUN, roles: ["operator"], danger: true, second: true, fields: [instrument] },
  relist_instrument: { group: "venue", duties: RUN, roles: ["operator"], second: true, fields: [instrument, F("reference", "price", optional), reason] },
  bust_trade: { group: "venue", duties: RUN, roles: ["operator"], danger: true, second: true, fields: [F("trade", "integer"), reason] },
  correct_trade: { group: "venue", duties: RUN, roles: ["operator"], danger: true, second: true, fields: [F("trade", "integer"), F("price", "price", optional), F("quantity", "quantity", optional), reason] },
  correct_reference: { group: "venue", duties: RUN, roles: ["operator"], second: true, fields: [F("line", "instrument"), price, reason] },
  revoke_holiday: { group: "venue", duties: RUN, roles: ["operator"], second: true, fields: [F("date", "date"), market] },
  declare_holiday: { group: "venue", duties: RUN, roles: ["operator"], second: true, fields: [F("date", "date"), market] },
  announce_auction: {
    group: "venue", duties: RUN, roles: ["operator"],
    fields: [anyAccount, instrument, side, quantity, F("reserve", "price", optional), F("opens", "time"), F("closes", "time")],
  },
  draw_lot: { group: "venue", duties: RUN, roles: ["operator"], fields: [ref("auction"), F("seed", "integer")] },
  cancel_auction: { group: "venue", duties: RUN, roles: ["operator"], danger: true, fields: [ref("auction"), reason] },
  tick: { group: "venue", duties: [], fields: [] },

  register_participant: {
    group: "registry", duties: RUN, roles: ["operator", "registrar"],
    fields: [F("code", "code"), F("name", "text"), F("roles", "roles")],
  },
  open_account: {
    group: "registry", duties: RUN, roles: ["operator", "registrar"],
    fields: [participant, F("code", "code"), F("kind", "choice", { options: ["house", "client"] }), F("owner", "code", optional)],
  },
  rename_participant: { group: "registry", duties: RUN, roles: ["operator", "registrar"], second: true, fields: [participant, F("name", "text"), reason] },
  close_account: { group: "registry", duties: RUN, roles: ["operator", "registrar"], second: true, danger: true, fields: [anyAccount, reason] },
  define_asset: {
    group: "registry", duties: RUN, roles: ["operator", "registrar"],
    fields: [F("code", "code"), F("class", "choice", { options: ["allowance", "offset", "security", "certificate", "right", "commodity", "fund_unit"] }), F("vintages", "years", optional), market],
  },
  freeze: { group: "registry", duties: RUN, roles: ["registrar"], fields: [anyAccount, asset, quantity, F("order", "text")] },
  unfreeze: { group: "registry", duties: RUN, roles: ["registrar"], second: true, fields: [ref("freeze")] },

  issue: { group: "issuance", duties: RUN, roles: ["authority"], second: true, fields: [anyAccount, asset, quantity, reason] },
  preallocate: { group: "issuance", duties: RUN, roles: ["authority"], second: true, fields: [anyAccount, asset, F("base_year", "year")] },
  allocate: { group: "issuance", duties: RUN, roles: ["authority"], second: true, fields: [anyAccount, asset, F("base_year", "year"), quantity] },
  record_emissions: { group: "issuance", duties: RUN, roles: ["authority"], fields: [participant, year, F("verified", "quantity"), market] },
  determine_shortfall: { group: "issuance", duties: RUN, roles: ["authority"], fields: [participant, year, market] },
  decide_carry_over: {
    group: "issuance", duties: RUN, roles: ["authority", "registrar"], second: true,
    fields: [ref("application"), F("approved", "yes_no")],
  },

  transfer: { group: "custody", duties: HOLD, fields: [F("from", "own_account"), F("to", "account"), asset, quantity] },
  pledge: { group: "custody", duties: HOLD, fields: [account, asset, quantity, F("pledgee", "participant")] },
  release_pledge: { group: "custody", duties: HOLD, fields: [ref("pledge")] },
  cancel_units: { group: "custody", duties: HOLD, danger: true, fields: [account, asset, quantity, reason] },
  request_withdrawal: { group: "custody", duties: HOLD, fields: [account, F("amount", "money"), F("currency", "asset", optional)] },
  surrender: { group: "custody", duties: HOLD, fields: [account, year, asset, quantity] },
  apply_carry_over: { group: "custody", duties: HOLD, fields: [account, F("from", "asset"), F("into", "asset"), quantity] },

  deposit: {
    group: "bank", duties: ["custodian", "clearing"], roles: ["settlement_bank"],
    fields: [anyAccount, F("amount", "money"), F("reference", "text"), F("currency", "asset", optional)],
  },
  settle_withdrawal: {
    group: "bank", duties: ["custodian", "clearing"], roles: ["settlement_bank"], second: true,
    fields: [ref("withdrawal"), F("paid", "yes_no")],
  },

  open_case: { group: "cases", duties: WATCH, roles: ["supervisor"], fields: [F("title", "text"), F("alerts", "numbers", optional), F("account", "account", optional)] },
  note_case: { group: "cases", duties: WATCH, roles: ["supervisor"], fields: [ref("case"), F("note", "text")] },
  close_case: { group: "cases", duties: WATCH, roles: ["supervisor"], fields: [ref("case"), F("finding", "text")] },

  set_user_duties: { group: "access", duties: RUN, second: true, fields: [F("user", "text"), F("duties", "duties")] },
  activate_user: { group: "access", duties: RUN, second: true, fields: [F("user", "text"), reason] },
  deactivate_user: { group: "access", duties: RUN, danger: true, fields: [F("user", "text"), reason] },
  unlock_user: { group: "access", duties: RUN, second: true, fields: [F("user", "text"), reason] },
  revoke_key: { group: "access", duties: [], danger: true, fields: [F("key", "text")] },
};

/** The groups, in the order in which they are shown. */
export const GROUPS = ["trading", "custody", "bank", "control", "venue", "registry", "issuance", "cases", "access"];

export const DUTIES = ["operator", "trader", "custodian", "clearing", "supervisor", "auditor"];
export const ROLES = [
  "operator", "registrar", "authority", "supervisor", "settlement_bank", "compliance_entity", "institution", "barred_staff",
];

/** May this user send the command, as far as duties and roles tell? The node has the last word. */
export function may(user, name) {
  const spec = COMMANDS[name];
  if (!user || !spec) return false;
  const duty = spec.duties.length === 0 || spec.duties.some((item) => user.duties?.includes(item));
  const role = !spec.roles || !user.roles || spec.roles.some((item) => user.roles.includes(item));
  return duty && role;
}
