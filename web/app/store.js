// A value that can be watched. Watchers are told once a frame, so that a burst of messages costs one drawing.
import { useEffect, useState } from "./ui.js";

/** Makes a store of `value`. */
export function createStore(value) {
  const watchers = new Set();
  return {
    get: () => value,
    set(next) {
      const made = typeof next === "function" ? next(value) : next;
      if (made === value) return;
      value = made;
      for (const watcher of [...watchers]) watcher(value);
    },
    watch(watcher) {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
  };
}

/** The store's value, or what `pick` takes of it; draws anew when that changes. */
export function useStore(store, pick = (value) => value) {
  const [, redraw] = useState(0);
  const now = pick(store.get());
  useEffect(() => {
    let frame = 0;
    let shown = pick(store.get());
    if (shown !== now) redraw((n) => n + 1);
    const stop = store.watch(() => {
      if (frame) return;
      frame = requestAnimationFrame(() => {
        frame = 0;
        const next = pick(store.get());
        if (next !== shown) {
          shown = next;
          redraw((n) => n + 1);
        }
      });
    });
    return () => {
      stop();
      cancelAnimationFrame(frame);
    };
  }, [store]);
  return now;
}
