import type { Basis } from '../api/wire-evidence.ts';
import type { TextKey } from '../text/i18n.ts';
import { parseRoute } from '../ui/route.ts';
import { useSay } from '../ui/services.ts';

/** The part of administration that an address of the page opens. */
function sectionOf(address: string): string | undefined {
  const to = parseRoute(address);
  return to.page === 'admin' ? `section.${to.section}` : undefined;
}

/** What stands behind a claim: tests, settings with their value, pages to open, documents. */
export function BasisList({ by }: { readonly by: readonly Basis[] }) {
  const say = useSay();
  if (by.length === 0) return null;
  return (
    <ul className="basis">
      {by.map(({ kind, ref, value }) => (
        <li key={`${kind} ${ref}`}>
          <span className="faint">{say(`basis.${kind}`)}</span>{' '}
          {kind === 'page' && ref.startsWith('#/') ? (
            <a href={ref}>{sectionOf(ref) ? say(sectionOf(ref) as TextKey) : ref}</a>
          ) : (
            <span className="mono">{value === undefined ? ref : `${ref} = ${value}`}</span>
          )}
        </li>
      ))}
    </ul>
  );
}
