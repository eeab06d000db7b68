import { type ComponentType, lazy, Suspense, useEffect, useRef } from 'react';
import { type TextKey, withProofWords } from '../text/i18n.ts';
import { type AdminSection, adminSections, hashOf } from '../ui/route.ts';
import { useSay, useServices } from '../ui/services.ts';
import { useObservable } from '../ui/use-observable.ts';
import { sectionRights } from './section-rights.ts';

/** A part of administration: its list, or one thing of it. */
export interface SectionProps {
  /** What is open; `new` for a form that makes one. */
  readonly id: string | undefined;
}

const sections: Readonly<Record<AdminSection, ComponentType<SectionProps>>> = {
  people: lazy(() => import('./people-section.tsx')),
  groups: lazy(() => import('./groups-section.tsx')),
  roles: lazy(() => import('./roles-section.tsx')),
  keys: lazy(() => import('./keys-section.tsx')),
  quotas: lazy(() => import('./quotas-section.tsx')),
  upstreams: lazy(() => import('./upstreams-section.tsx')),
  policy: lazy(() => import('./policy-section.tsx')),
  decisions: lazy(() => import('./decisions-section.tsx')),
  audit: lazy(() => withProofWords(import('./audit-section.tsx'))),
  egress: lazy(() => import('./egress-section.tsx')),
  usage: lazy(() => import('./usage-section.tsx')),
  'article-30': lazy(() => withProofWords(import('./article-30-section.tsx'))),
  anssi: lazy(() => withProofWords(import('./anssi-section.tsx'))),
};

/** Administration: one part at a time, and only the parts that the person has a right to. */
export default function AdminPage({
  section,
  id,
}: {
  readonly section: AdminSection;
  readonly id: string | undefined;
}) {
  const say = useSay();
  const { session } = useServices();
  const rights = useObservable(session.state, (state) => state.session?.who?.rights) ?? [];
  const allowed = adminSections.filter((name) => sectionRights[name].some((right) => rights.includes(right)));
  const shown = allowed.includes(section) ? section : section === 'people' ? allowed[0] : undefined;
  const nav = useRef<HTMLElement>(null);
  // On a phone the menu is a strip: the part that is open must be in sight.
  // biome-ignore lint/correctness/useExhaustiveDependencies: another part, another place in the strip
  useEffect(() => {
    nav.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' });
  }, [shown]);
  const Section = shown ? sections[shown] : undefined;
  return (
    <div className="page scroller admin">
      <nav className="admin-nav" ref={nav} aria-label={say('admin')}>
        <ul>
          {allowed.map((name) => (
            <li key={name}>
              <a href={hashOf({ page: 'admin', section: name })} aria-current={name === shown ? 'page' : undefined}>
                {say(`section.${name}` as TextKey)}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <div className="page-column admin-column">
        {Section ? (
          <Suspense fallback={<p className="waiting">{say('wait.page')}</p>}>
            <Section key={shown} id={id} />
          </Suspense>
        ) : (
          <p className="empty">{say('admin.none')}</p>
        )}
      </div>
    </div>
  );
}
