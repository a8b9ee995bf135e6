// The REST interface /v1. Every failure becomes a `Problem` with the node's own title and detail.
import { createStore } from "./store.js";

/** What went wrong, in the words of RFC 9457 problem details. */
export class Problem extends Error {
  constructor(body, status) {
    super(body.title ?? body.code ?? `HTTP ${status}`);
    this.status = status;
    this.code = body.code ?? "";
    this.title = body.title ?? "";
    this.detail = body.detail ?? "";
    this.field = body.field ?? null;
    this.wrong = body.wrong ?? null;
    this.stage = body.stage ?? null;
    this.reason = body.reason ?? null;
    this.sequence = body.sequence ?? null;
    this.retryAfter = body.retry_after ?? body.retryAfter ?? null;
  }
}

/** The signed-in user as the node describes it; null when nobody is; undefined before it is known. */
export const session = createStore(undefined);

/** A session ended that nobody signed out of. */
export const ended = createStore(false);

let leaving = false;

/** Nobody is signed in any more: the node does not know the session. Of whoever is signing out that is no news. */
export function endSession() {
  if (leaving) return;
  if (session.get()) ended.set(true);
  session.set(null);
}

/** The newest record number that any answer spoke of. */
export const newest = createStore(0);

const MUTATING = new Set(["POST", "PUT", "PATCH", "DELETE"]);

async function readBody(response) {
  const text = await response.text();
  if (!text) return null;
  return readJson(text);
}

const LONG = /[:[,]\s*-?\d{16,}/;

/** JSON, with integers that a floating point number cannot hold kept as text; null where it is none. */
export function readJson(text) {
  try {
    if (!LONG.test(text)) return JSON.parse(text);
    return JSON.parse(text, (_, value, context) => (typeof value === "number" && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source ?? "") ? context.source : value));
  } catch {
    return null;
  }
}

/** One request. Resolves to the body (null for 204) or throws a `Problem`. */
export async function request(method, path, body, signal) {
  const headers = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const user = session.get();
  if (MUTATING.has(method) && user?.csrf) headers["X-CSRF-Token"] = user.csrf;
  let response;
  try {
    response = await fetch(path, {
      method, headers, signal, credentials: "same-origin", cache: "no-store",
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (failure) {
    if (failure.name === "AbortError") throw failure;
    throw new Problem({ code: "unreachable" }, 0);
  }
  const sequence = Number(response.headers.get("Huangpu-Sequence"));
  if (sequence > newest.get()) newest.set(sequence);
  const answer = await readBody(response);
  if (response.ok) return answer;
  const problem = new Problem({ ...(answer ?? {}), retryAfter: response.headers.get("Retry-After") }, response.status);
  if (!answer) problem.code ||= "no_details";
  if (response.status === 401 && session.get() && !path.startsWith("/v1/session")) endSession();
  throw problem;
}

/** Reads a path; parameters that are empty are left out. */
export function get(path, query = {}, signal) {
  const kept = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const text = new URLSearchParams(kept).toString();
  return request("GET", text ? `${path}?${text}` : path, undefined, signal);
}

/** The items of an answer, whether it is a list or an object with `items`. */
export const items = (answer) => (Array.isArray(answer) ? answer : answer?.items ?? []);

/** A fresh client id: what is sent again under it is done once. */
export function clientId() {
  const bytes = crypto.getRandomValues(new Uint8Array(9));
  return `web-${Array.from(bytes, (byte) => byte.toString(36).padStart(2, "0")).join("")}`;
}

/** Sends a command by its name. An answer that proposes an act has `act`. */
export function command(name, fields, id = clientId()) {
  return request("POST", `/v1/commands/${name}`, { id, ...fields });
}

/** Asks who is signed in. */
export async function whoami() {
  try {
    session.set(await get("/v1/session"));
  } catch (problem) {
    if (problem.status !== 401) throw problem;
    session.set(null);
  }
}

/** Signs in; throws a `Problem` when refused. */
export async function signIn(user, password, code) {
  const body = { user, password };
  if (code) body.code = code;
  session.set(await request("POST", "/v1/session", body));
  ended.set(false);
}

/** Signs out, also where the node cannot be reached. */
export async function signOut() {
  leaving = true;
  try {
    await request("DELETE", "/v1/session");
  } catch {
    // It ends here all the same.
  }
  leaving = false;
  session.set(null);
}
