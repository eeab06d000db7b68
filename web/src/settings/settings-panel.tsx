import type { Preferences } from '../store/preferences.ts';
import type { TextKey } from '../text/i18n.ts';
import { Panel } from '../ui/panel.tsx';
import { hashOf } from '../ui/route.ts';
import { useSay, useServices } from '../ui/services.ts';
import { useObservable } from '../ui/use-observable.ts';

type Choice = 'language' | 'theme' | 'textSize' | 'density' | 'thinking';
const choices = {
  language: ['auto', 'fr', 'en'],
  theme: ['system', 'light', 'dark'],
  textSize: ['small', 'medium', 'large', 'larger'],
  density: ['comfortable', 'compact'],
  thinking: ['collapsed', 'auto', 'open'],
} as const satisfies { [Name in Choice]: readonly Preferences[Name][] };

/** A person's choices; each acts at once and stays in this browser. */
export function SettingsPanel({ onClose }: { readonly onClose: () => void }) {
  const say = useSay();
  const { models } = useServices();
  const version = useObservable(models.state, (state) => state.status?.version);
  return (
    <Panel title={say('settings')} onClose={onClose}>
      <div className="settings">
        {(Object.keys(choices) as Choice[]).map((name) => (
          <ChoiceField key={name} name={name} />
        ))}
        <OfferAccounts onGo={onClose} />
        <p className="fine">
          {say('settings.stay')}
          {version ? ` Intramuros ${version}.` : ''}
        </p>
      </div>
    </Panel>
  );
}

/** The way from one person to several. */
function OfferAccounts({ onGo }: { readonly onGo: () => void }) {
  const say = useSay();
  const { session } = useServices();
  const may = useObservable(session.state, (state) => state.session?.canSetUp ?? false);
  if (!may) return null;
  return (
    <div className="choice">
      <h3>{say('accounts.label')}</h3>
      <p className="faint">{say('accounts.offer')}</p>
      <a className="button" href={hashOf({ page: 'accounts' })} onClick={onGo}>
        {say('accounts.create')}
      </a>
    </div>
  );
}

function ChoiceField({ name }: { readonly name: Choice }) {
  const say = useSay();
  const { preferences } = useServices();
  const value = useObservable(preferences.value, (all) => all[name]);
  return (
    <fieldset className="choice">
      <legend>{say(`settings.${name}` as TextKey)}</legend>
      <div className="choice-options">
        {choices[name].map((option) => (
          <label key={option}>
            <input
              type="radio"
              name={name}
              value={option}
              checked={value === option}
              onChange={() => preferences.change({ [name]: option })}
            />
            <span>{say(`settings.${name}.${option}` as TextKey)}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
