// Where one is stands behind the # of the address: #/trade/CEA. The server needs to know one page only.
import { createStore } from "./store.js";

/** What cannot be decoded stays as it is written: an address that was cut off must not leave the page blank. */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function read() {
  const [path, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const [page, ...rest] = path.split("/").map(decoded);
  return { page: page ?? "", rest, query: Object.fromEntries(new URLSearchParams(query)) };
}

/** The page that is shown. */
export const route = createStore(read());

addEventListener("hashchange", () => route.set(read()));

/** The address of a page. */
export function href(page, ...rest) {
  return `#/${[page, ...rest].map(encodeURIComponent).join("/")}`;
}

/** Goes to a page. */
export function go(page, ...rest) {
  location.hash = href(page, ...rest);
}
