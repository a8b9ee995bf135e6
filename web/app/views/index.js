// The views by the names of their pages.
import { Alerts } from "./alerts.js";
import { Approvals } from "./approvals.js";
import { Auctions } from "./auctions.js";
import { Blocks } from "./blocks.js";
import { Cases } from "./cases.js";
import { Compliance } from "./compliance.js";
import { Everything } from "./everything.js";
import { Health } from "./health.js";
import { Holdings } from "./holdings.js";
import { Issuance } from "./issuance.js";
import { Kill } from "./kill.js";
import { Limits } from "./limits.js";
import { Markets } from "./markets.js";
import { Me } from "./me.js";
import { OrdersPage } from "./orders.js";
import { Participants } from "./participants.js";
import { Past } from "./past.js";
import { Phases } from "./phases.js";
import { Settlement } from "./settlement.js";
import { Trade } from "./trade.js";
import { Log, Trail } from "./trail.js";
import { Users } from "./users.js";

export const VIEWS = {
  markets: Markets, trade: Trade, auctions: Auctions, blocks: Blocks, orders: OrdersPage, holdings: Holdings, settlement: Settlement, compliance: Compliance,
  health: Health, phases: Phases, approvals: Approvals, participants: Participants, issuance: Issuance, limits: Limits, kill: Kill, users: Users, everything: Everything,
  alerts: Alerts, cases: Cases, trail: Trail, past: Past, log: Log, me: Me,
};
