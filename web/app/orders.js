// Orders as the node tells of them.
import * as money from "./money.js";

const OPEN = new Set(["open", "standing", "resting", "waiting", "partly_filled", "new", "active"]);

/** Does something of the order still stand? */
export const isOpen = (order) => OPEN.has(order.status) || (order.status === undefined && money.sign(order.left) > 0);
