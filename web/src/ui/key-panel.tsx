import type { FormEvent } from 'react';
import { Panel } from './panel.tsx';
import { useSay, useServices } from './services.ts';

/** Asks for the API key of a server that listens to more than this machine. Kept for this tab alone. */
export function KeyPanel({ onClose }: { readonly onClose: () => void }) {
  const say = useSay();
  const { client } = useServices();
  const save = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const key = String(new FormData(event.currentTarget).get('key') ?? '').trim();
    if (!key) return;
    client.setKey(key);
    sessionStorage.setItem('intramuros.key', key);
    onClose();
  };
  return (
    <Panel title={say('key.title')} onClose={onClose}>
      <form onSubmit={save} className="settings">
        <p>{say('key.text')}</p>
        <label htmlFor="api-key">{say('key.label')}</label>
        <input id="api-key" className="field mono" name="key" type="password" autoComplete="current-password" />
        <button type="submit" className="button button-strong">
          {say('save')}
        </button>
      </form>
    </Panel>
  );
}
