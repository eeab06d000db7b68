/** What a key can do anywhere on the page. Every one of them also has a button. */
export const actions = [
  'new',
  'search',
  'sidebar',
  'focus',
  'stop',
  'editLast',
  'copyAnswer',
  'copyCode',
  'models',
  'previous',
  'next',
  'deleteConversation',
  'settings',
  'help',
] as const;
export type Action = (typeof actions)[number];
export type Layout = 'qwerty' | 'azerty';
export type Bindings = Readonly<Record<Action, string>>;

const common: Bindings = {
  new: 'Mod+Shift+O',
  search: 'Mod+K',
  sidebar: 'Mod+Shift+S',
  focus: 'Shift+Escape',
  stop: 'Escape',
  editLast: 'ArrowUp',
  copyAnswer: 'Mod+Shift+C',
  copyCode: 'Mod+Shift+;',
  models: 'Mod+Shift+M',
  previous: 'Alt+ArrowUp',
  next: 'Alt+ArrowDown',
  deleteConversation: 'Mod+Shift+Backspace',
  settings: 'Mod+,',
  help: 'Mod+/',
};

/** On AZERTY `/` is Shift+`:` and `;` with Shift is `.`: those two get keys of their own there. */
export function defaultBindings(layout: Layout): Bindings {
  return layout === 'azerty' ? { ...common, copyCode: 'Mod+Shift+E', help: 'F1' } : common;
}

export function bindingsFor(layout: Layout, changes: Readonly<Partial<Record<Action, string>>>): Bindings {
  return { ...defaultBindings(layout), ...changes };
}

/** Keys of a US layout that give another character with Shift; a binding names the unshifted one. */
const shifted: Readonly<Record<string, string>> = { ':': ';', '>': '.', '?': '/', '"': "'", '<': ',' };

export interface KeyPress {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly shiftKey: boolean;
  readonly altKey: boolean;
  readonly isComposing?: boolean;
}

/** A key press as a binding writes it, by the character and not the position: `Mod+Shift+O`. Undefined for keys that type or compose. */
export function chordOf(press: KeyPress, layout: Layout): string | undefined {
  const { key } = press;
  if (press.isComposing || key === 'Dead' || key === 'Process' || key === 'Unidentified') return undefined;
  if (['Control', 'Shift', 'Alt', 'Meta', 'AltGraph'].includes(key)) return undefined;
  const mod = press.ctrlKey || press.metaKey;
  if (mod && press.altKey) return undefined; // AltGr on Windows: it types @ and #
  const plain = press.shiftKey && layout === 'qwerty' ? (shifted[key] ?? key) : key;
  const name = plain.length === 1 ? plain.toUpperCase() : plain;
  return [mod && 'Mod', press.altKey && 'Alt', press.shiftKey && 'Shift', name].filter(Boolean).join('+');
}

/** The action of a chord. A person's own binding wins over another action's default. */
export function actionOf(chord: string | undefined, bindings: Bindings): Action | undefined {
  return chord === undefined ? undefined : actions.find((action) => bindings[action] === chord);
}

/** True when a chord may be bound: a bare letter would steal typing. */
export function canBind(chord: string): boolean {
  return /^(Mod|Alt)\+/.test(chord) || /^F\d+$/.test(chord);
}

/** The keyboard's layout, where the browser tells; else by language, French being AZERTY outside Canada and Switzerland. */
export async function detectLayout(languages: readonly string[]): Promise<Layout> {
  const keyboard = (navigator as { keyboard?: { getLayoutMap?: () => Promise<Map<string, string>> } }).keyboard;
  try {
    const map = await keyboard?.getLayoutMap?.();
    const first = map?.get('KeyQ');
    if (first) return first === 'a' ? 'azerty' : 'qwerty';
  } catch {
    // not allowed in this frame: the language decides
  }
  const language = languages[0]?.toLowerCase() ?? '';
  return /^fr(-fr|-be)?$/.test(language) ? 'azerty' : 'qwerty';
}
