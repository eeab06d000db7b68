import { CopyButton } from '../ui/copy-button.tsx';
import { useSay } from '../ui/services.ts';

/** A secret that is shown this once: to be copied now, or made anew. */
export function ShowOnce({ secret, onDone }: { readonly secret: string; readonly onDone: () => void }) {
  const say = useSay();
  return (
    <div className="once" role="status">
      <p className="once-what">{say('once.title')}</p>
      <p className="once-secret">
        <code>{secret}</code>
      </p>
      <div className="row-acts">
        <CopyButton text={() => secret} label="copy" />
        <button type="button" className="button" onClick={onDone}>
          {say('once.done')}
        </button>
      </div>
    </div>
  );
}
