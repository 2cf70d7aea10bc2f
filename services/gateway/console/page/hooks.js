import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { ask } from './api.js';

/**
 * Asks for something now, and again every so often while the page is seen. What was known stays while it is asked again, and when that fails.
 * @param {string | null} path null: nothing is asked
 * @param {number} [everyMs] 0: once
 * @returns {{ data: any, error: Error | undefined, loading: boolean, reload: () => Promise<void> }}
 */
export function useAsk(path, everyMs = 0) {
  const [state, setState] = useState({ path, data: undefined, error: undefined, loading: path !== null });
  const round = useRef(0);
  const load = useCallback(async () => {
    if (path === null) return;
    const mine = ++round.current;
    try {
      const data = await ask(path);
      if (mine === round.current) setState({ path, data, error: undefined, loading: false });
    } catch (error) {
      if (mine === round.current) setState((was) => ({ path, data: was.path === path ? was.data : undefined, error, loading: false }));
    }
  }, [path]);
  useEffect(() => {
    setState((was) => (was.path === path ? was : { path, data: undefined, error: undefined, loading: path !== null }));
    void load();
    if (everyMs === 0) return () => void round.current++;
    const timer = setInterval(() => {
      if (!document.hidden) void load();
    }, everyMs);
    return () => {
      clearInterval(timer);
      round.current++;
    };
  }, [load, everyMs, path]);
  return { ...(state.path === path ? state : { data: undefined, error: undefined, loading: path !== null }), reload: load };
}

/**
 * What a store says, and again whenever it changes.
 * @template T
 * @param {{ get: () => T, subscribe: (heard: () => void) => () => void }} store
 * @returns {T}
 */
export function useStore(store) {
  const [value, setValue] = useState(store.get());
  useEffect(() => {
    setValue(store.get());
    return store.subscribe(() => setValue(store.get()));
  }, [store]);
  return value;
}

/** The tab's title, while this is shown. */
export function useTitle(title) {
  useEffect(() => {
    document.title = `${title} · Sluice`;
  }, [title]);
}
