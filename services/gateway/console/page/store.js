/**
 * A value that components follow.
 * @template T
 * @param {T} initial
 */
export function createStore(initial) {
  let value = initial;
  const heard = new Set();
  return {
    get: () => value,
    set(next) {
      value = next;
      for (const hear of [...heard]) hear();
    },
    subscribe(hear) {
      heard.add(hear);
      return () => heard.delete(hear);
    },
  };
}
