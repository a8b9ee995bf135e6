// A client made by openapi-typescript, over openapi-fetch: an order is entered, read, amended and cancelled. What does not fit the
// document does not compile.

import { createHmac } from "node:crypto";
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

const { HUANGPU_URL: url, HUANGPU_KEY: key, HUANGPU_SECRET: secret } = process.env as Record<string, string>;

const client = createClient<paths>({ baseUrl: url });
let last = 0;
client.use({
  async onRequest({ request }) {
    const { pathname, search } = new URL(request.url);
    last = Math.max(last + 1, Date.now());
    const body = await request.clone().text();
    const sign = createHmac("sha256", secret).update(`${last}${request.method}${pathname}${search}${body}`).digest("hex");
    request.headers.set("HP-KEY", key);
    request.headers.set("HP-TIME", String(last));
    request.headers.set("HP-SIGN", sign);
    return request;
  },
});

function good<T>({ data, error }: { data?: T; error?: components["schemas"]["Problem"] }): T {
  if (data === undefined) throw new Error(JSON.stringify(error));
  return data;
}

function check(holds: boolean, what: unknown): void {
  if (!holds) throw new Error(JSON.stringify(what));
}

const instrument = "B2609";
const place = { account: "DJ", instrument, side: "buy", price: "97.50", quantity: 2000, id: "typescript-1" } as const;
const placed = good(await client.POST("/v1/orders", { body: place }));
const again = good(await client.POST("/v1/commands/place_order", { body: place }));
check(again.repeated && again.sequence === placed.sequence, again);
const order = String(placed.created?.number);
const path = { order };
good(await client.PATCH("/v1/orders/{order}", { params: { path }, body: { account: "DJ", price: "97.60", quantity: 1000 } }));
const amended = good(await client.GET("/v1/orders/{order}", { params: { path } }));
check(amended.price === "97.60" && amended.quantity === "1000" && amended.status === "open", amended);
const book = good(await client.GET("/v1/instruments/{instrument}/book", { params: { path: { instrument } } }));
const [price, quantity, orders] = book.bids[0];
check(price === "97.60" && quantity === "1000" && orders === 1, book);
good(await client.DELETE("/v1/orders/{order}", { params: { path, query: { account: "DJ" } } }));
const cancelled = good(await client.GET("/v1/orders/{order}", { params: { path } }));
check(cancelled.status === "cancelled", cancelled);
const { error } = await client.DELETE("/v1/orders/{order}", { params: { path, query: { account: "DJ" } } });
check(error?.code === "refused", error);
console.log("openapi-typescript: entered, amended, cancelled");
