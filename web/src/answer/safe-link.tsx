import { type ReactNode, useState } from 'react';
import { useSay } from '../ui/services.ts';

/** A link of an answer. The model chose its address, so the person sees it whole before anything goes there. */
export function SafeLink({ href, children }: { readonly href: string | undefined; readonly children: ReactNode }) {
  const say = useSay();
  const [asking, setAsking] = useState(false);
  if (!href || !/^(https?:|mailto:)/i.test(href)) return <span className="dead-link">{children}</span>;
  return (
    <>
      <button type="button" className="link" aria-expanded={asking} onClick={() => setAsking(!asking)}>
        {children}
      </button>
      {asking ? (
        <span className="link-ask">
          {say('link.leaves')} <span className="mono">{href}</span>{' '}
          <a href={href} target="_blank" rel="noopener noreferrer nofollow" onClick={() => setAsking(false)}>
            {say('link.open')}
          </a>{' '}
          <button type="button" className="act" onClick={() => setAsking(false)}>
            {say('keep')}
          </button>
        </span>
      ) : null}
    </>
  );
}
