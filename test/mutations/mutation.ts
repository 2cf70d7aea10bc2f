/** One way to break a file: `from`, which stands in it exactly once, becomes `to`. */
export interface Mutation {
  name: string;
  file: string;
  from: string;
  to: string;
}

/** A part of the core, ten ways to break it, and the tests that have to notice, the quick ones first. */
export interface Area {
  name: string;
  tests: readonly string[];
  mutations: readonly Mutation[];
}

/** Applies a mutation to the text of its file. @throws Error where `from` does not stand in it exactly once: the code has moved on, and the mutation has to follow */
export function mutated(text: string, { name, file, from, to }: Mutation): string {
  const found = text.split(from).length - 1;
  if (found !== 1) throw new Error(`mutation "${name}": what it replaces stands ${found} times in ${file}, not once`);
  return text.replace(from, () => to);
}
