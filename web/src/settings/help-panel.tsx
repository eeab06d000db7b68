import { type KeyboardEvent, useState } from 'react';
import type { Say, TextKey } from '../text/i18n.ts';
import { type Action, actions, bindingsFor, canBind, chordOf, type Layout } from '../text/shortcuts.ts';
import { Panel } from '../ui/panel.tsx';
import { useSay, useServices } from '../ui/services.ts';
import { takeFocus } from '../ui/take-focus.ts';
import { useObservable } from '../ui/use-observable.ts';

/** Keys that belong to the box they act in and are not given away. */
const fixed: readonly Action[] = ['stop', 'editLast', 'focus'];

/** Every shortcut as this keyboard types it, and how to change or silence them. */
export function HelpPanel({ layout, onClose }: { readonly layout: Layout; readonly onClose: () => void }) {
  const say = useSay();
  const { preferences } = useServices();
  const { bindings: own, shortcuts } = useObservable(preferences.value);
  const bindings = bindingsFor(layout, own);
  const [changing, setChanging] = useState<Action>();
  const bind = (event: KeyboardEvent, action: Action) => {
    event.preventDefault();
    event.stopPropagation();
    if (event.key === 'Escape') return setChanging(undefined);
    const chord = chordOf(event.nativeEvent, layout);
    if (!chord || !canBind(chord)) return;
    preferences.change({ bindings: { ...own, [action]: chord } });
    setChanging(undefined);
  };
  return (
    <Panel title={say('help')} onClose={onClose}>
      <p>{say(layout === 'azerty' ? 'help.azerty' : 'help.qwerty')}</p>
      <table className="keys">
        <tbody>
          {actions.map((action) => (
            <tr key={action}>
              <th scope="row">{say(`action.${action}` as TextKey)}</th>
              <td>
                {changing === action ? (
                  <button
                    type="button"
                    className="button"
                    ref={takeFocus}
                    onKeyDown={(event) => bind(event, action)}
                    onBlur={() => setChanging(undefined)}
                  >
                    {say('help.press')}
                  </button>
                ) : (
                  <Chord chord={bindings[action]} say={say} />
                )}
              </td>
              <td>
                {fixed.includes(action) || changing === action ? null : (
                  <button
                    type="button"
                    className="act"
                    aria-label={say('help.change.label', { action: say(`action.${action}` as TextKey) })}
                    onClick={() => setChanging(action)}
                  >
                    {say('help.change')}
                  </button>
                )}
              </td>
            </tr>
          ))}
          <tr>
            <th scope="row">{say('action.send')}</th>
            <td>
              <Chord chord="Enter" say={say} />
            </td>
            <td />
          </tr>
          <tr>
            <th scope="row">{say('action.newline')}</th>
            <td>
              <Chord chord="Shift+Enter" say={say} />
            </td>
            <td />
          </tr>
        </tbody>
      </table>
      <div className="row-acts">
        <label className="check">
          <input
            type="checkbox"
            checked={shortcuts}
            onChange={(event) => preferences.change({ shortcuts: event.target.checked })}
          />
          <span>{say('help.on')}</span>
        </label>
        {Object.keys(own).length > 0 ? (
          <button type="button" className="button" onClick={() => preferences.change({ bindings: {} })}>
            {say('help.reset')}
          </button>
        ) : null}
      </div>
      <p className="fine">{say('help.browser')}</p>
    </Panel>
  );
}

const mac = typeof navigator !== 'undefined' && /Mac|iPhone|iPad/.test(navigator.userAgent);

function Chord({ chord, say }: { readonly chord: string; readonly say: Say }) {
  const named: Readonly<Record<string, TextKey>> = {
    Shift: 'key.shift',
    Enter: 'key.enter',
    Escape: 'key.escape',
    Backspace: 'key.backspace',
    ArrowUp: 'key.up',
    ArrowDown: 'key.down',
  };
  return (
    <span className="chord">
      {chord.split('+').map((key) => (
        <kbd key={key}>{key === 'Mod' ? (mac ? '⌘' : 'Ctrl') : named[key] ? say(named[key]) : key}</kbd>
      ))}
    </span>
  );
}
