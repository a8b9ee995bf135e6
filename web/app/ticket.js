// What the ticket holds, so that the ladder, the depth and the keyboard can fill it in from elsewhere.
import { createStore } from "./store.js";

const BLANK = { side: "buy", price: "", quantity: "", focus: 0, turn: 0 };

/** The ticket's side, price and quantity as typed; `focus` counts requests to go to it, `turn` new beginnings. */
export const ticket = createStore(BLANK);

/** Changes some of it. */
export const fillTicket = (change) => ticket.set((old) => ({ ...old, ...change }));

/** Begins anew for another instrument. */
export const clearTicket = () => ticket.set((old) => ({ ...BLANK, side: old.side, focus: old.focus, turn: old.turn + 1 }));
