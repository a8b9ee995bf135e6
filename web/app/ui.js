// The one place that names the rendering library.
import { h, render, Fragment } from "../vendor/preact.js";
import htm from "../vendor/htm.js";

export const html = htm.bind(h);
export { h, render, Fragment };
export {
  useState, useEffect, useLayoutEffect, useMemo, useRef, useCallback, useErrorBoundary, useId, useReducer,
} from "../vendor/preact-hooks.js";
