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
  /** Takes a name away until the next start; false when it was none. */
  remove(name: string): boolean;
}

const models = (target: string): readonly string[] => target.split('|').map((name) => name.trim());

/** Opens the aliases of the settings. */
export function openAliases(aliases: Readonly<Record<string, string>>): AliasBook {
  const exact = new Map(Object.entries(aliases).filter(([name]) => !name.endsWith('*')));
  const prefixes = Object.entries(aliases)
    .filter(([name]) => name.endsWith('*'))
    .map(([name, model]) => [name.slice(0, -1), model] as const)
    .sort(([a], [b]) => b.length - a.length);
  return {
    resolve: (name) => models(exact.get(name) ?? prefixes.find(([prefix]) => name.startsWith(prefix))?.[1] ?? name),
    exact: () => [...exact].map(([name, target]) => ({ name, model: models(target)[0] ?? target })),
    add: (name, model) => void exact.set(name, model),
    remove: (name) => exact.delete(name),
  };
}
