/**
 * Other names of models, for clients that insist on a name of their own (`gpt-…`). A name may end in `*`; the longest
 * match wins, and an installed model always wins over an alias. `a|b` names several models: the first that can do what is
 * asked answers. Off unless the setting `modelAliases` is given.
 */
export interface AliasBook {
  /** The models that a name stands for, best first; the name itself when it is no alias. */
  resolve(name: string): readonly string[];
  /** Names without `*`, with the model each stands for. */
  exact(): readonly { readonly name: string; readonly model: string }[];
  /** Gives a model one more name until the next start. */
  add(name: string, model: string): void;
  /** Takes a name away until the next start, also from what a `*` covers; false when it was no alias by itself. */
  remove(name: string): boolean;
  /** Keeps a `*` from bringing back the name of a model that was deleted. */
  hide(name: string): void;
}

const models = (target: string): readonly string[] => target.split('|').map((name) => name.trim());

/** Opens the aliases of the settings. */
export function openAliases(aliases: Readonly<Record<string, string>>): AliasBook {
  const exact = new Map(Object.entries(aliases).filter(([name]) => !name.endsWith('*')));
  const prefixes = Object.entries(aliases)
    .filter(([name]) => name.endsWith('*'))
    .map(([name, model]) => [name.slice(0, -1), model] as const)
    .sort(([a], [b]) => b.length - a.length);
  const gone = new Set<string>();
  const widely = (name: string): string | undefined =>
    gone.has(name) ? undefined : prefixes.find(([prefix]) => name.startsWith(prefix))?.[1];
  return {
    resolve: (name) => models(exact.get(name) ?? widely(name) ?? name),
    exact: () => [...exact].map(([name, target]) => ({ name, model: models(target)[0] ?? target })),
    add: (name, model) => {
      gone.delete(name);
      exact.set(name, model);
    },
    remove: (name) => {
      const known = exact.delete(name);
      if (known) gone.add(name);
      return known;
    },
    hide: (name) => void gone.add(name),
  };
}
