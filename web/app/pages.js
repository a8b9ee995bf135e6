// Which pages there are, in which section, and who is shown them. The node decides what anyone may read; this only keeps
// out of sight what would be refused.

const any = () => true;
const duty = (...names) => (user) => names.some((name) => user?.duties?.includes(name));
const role = (...names) => (user) => !user?.roles || names.some((name) => user.roles.includes(name));
const both = (a, b) => (user) => a(user) && b(user);
const either = (a, b) => (user) => a(user) || b(user);
const holder = (user) => (user?.accounts?.length ?? 0) > 0;
const custody = either(duty("trader", "custodian", "clearing"), holder);

const PAGES = [
  { name: "markets", section: "market", may: any },
  { name: "trade", section: "market", may: any },
  { name: "auctions", section: "market", may: any },
  { name: "blocks", section: "market", may: duty("trader") },
  { name: "orders", section: "market", may: custody },
  { name: "holdings", section: "market", may: custody },
  { name: "settlement", section: "market", may: either(custody, role("settlement_bank")) },
  { name: "compliance", section: "market", may: any },
  { name: "health", section: "operation", may: both(duty("operator"), role("operator")) },
  { name: "phases", section: "operation", may: both(duty("operator", "supervisor"), role("operator", "supervisor")) },
  { name: "approvals", section: "operation", may: any },
  { name: "participants", section: "operation", may: both(duty("operator", "supervisor", "auditor"), role("operator", "registrar", "supervisor", "authority")) },
  { name: "issuance", section: "operation", may: both(duty("operator"), role("authority", "registrar", "operator")) },
  { name: "limits", section: "operation", may: any },
  { name: "kill", section: "operation", may: duty("operator", "supervisor", "trader") },
  { name: "users", section: "operation", may: duty("operator") },
  { name: "everything", section: "operation", may: any },
  { name: "alerts", section: "supervision", may: both(duty("supervisor", "auditor"), role("supervisor", "operator")) },
  { name: "cases", section: "supervision", may: both(duty("supervisor", "auditor"), role("supervisor", "operator")) },
  { name: "trail", section: "supervision", may: either(duty("supervisor", "auditor", "operator"), holder) },
  { name: "past", section: "supervision", may: both(duty("supervisor", "auditor"), any) },
  { name: "log", section: "supervision", may: duty("supervisor", "auditor") },
  { name: "me", section: "me", may: any },
];

/** The sections in their order. */
export const SECTIONS = ["market", "operation", "supervision", "me"];

/** The pages that a user is shown. */
export const pages = (user) => PAGES.filter((page) => page.may(user));

/** The page by its name, or the first of the user's. */
export function pageNamed(name, user) {
  const allowed = pages(user);
  return allowed.find((page) => page.name === name) ?? allowed.find((page) => page.name === home(user)) ?? allowed[0];
}

/** Where a user begins. */
export function home(user) {
  if (user?.duties?.includes("supervisor")) return "alerts";
  return "markets";
}
