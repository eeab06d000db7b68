import type { Replica, Upstream } from '../api/wire-house.ts';
import { tierWords } from '../chat/choice-words.ts';
import type { TextKey } from '../text/i18n.ts';
import { ReadState } from '../ui/read-state.tsx';
import { hashOf } from '../ui/route.ts';
import { useFormat, useSay } from '../ui/services.ts';
import { useRead } from '../ui/use-read.ts';
import type { SectionProps } from './admin-page.tsx';
import { ListHead } from './detail.tsx';
import { useHouse } from './house-client.ts';
import { UpstreamDetail } from './upstream-detail.tsx';

/** Distant places that may answer, as somebody declared them. */
export default function UpstreamsSection({ id }: SectionProps) {
  const say = useSay();
  const house = useHouse();
  const upstreams = useRead('upstreams', house.upstreams);
  return (
    <ReadState reading={upstreams}>
      {(all) =>
        id === undefined ? (
          <>
            <ListHead
              title={say('section.upstreams')}
              lead={say('upstreams.lead')}
              section="upstreams"
              add={say('upstreams.new')}
            />
            {all.length === 0 ? <p className="empty">{say('upstreams.none')}</p> : null}
            <ul className="cards">
              {all.map((upstream) => (
                <UpstreamCard key={upstream.id} upstream={upstream} />
              ))}
            </ul>
          </>
        ) : (
          <UpstreamDetail
            key={`${id} ${all.find((one) => one.id === id)?.version ?? 0}`}
            upstream={all.find((one) => one.id === id)}
            others={all.filter((one) => one.id !== id)}
            onChanged={upstreams.again}
          />
        )
      }
    </ReadState>
  );
}

function UpstreamCard({ upstream }: { readonly upstream: Upstream }) {
  const say = useSay();
  const format = useFormat();
  const { destination: place } = upstream;
  return (
    <li className="card">
      <header>
        <h3>
          <a href={hashOf({ page: 'admin', section: 'upstreams', id: upstream.id })}>{upstream.title}</a>
        </h3>
        <span className="tier" data-tier={place.tier}>
          {tierWords(say, place.tier)}
          {place.country ? ` · ${format.country(place.country)}` : ''}
        </span>
        <span className="state" data-state={upstream.enabled ? 'ready' : 'idle'}>
          {say(upstream.enabled ? 'upstreams.on' : 'upstreams.off')}
        </span>
      </header>
      <p className="faint">
        {say(`kind.${upstream.kind}` as TextKey)} · {say('upstreams.models', { count: upstream.models.length })} ·{' '}
        {say(upstream.secretSet ? 'upstreams.secret.set' : 'upstreams.secret.unset')}
      </p>
      <Replicas replicas={upstream.health?.replicas ?? []} />
    </li>
  );
}

/** Each replica of a pool and how it does. */
export function Replicas({ replicas }: { readonly replicas: readonly Replica[] }) {
  const say = useSay();
  const format = useFormat();
  if (replicas.length === 0) return null;
  return (
    <ul className="replicas">
      {replicas.map((replica) => (
        <li key={replica.url}>
          <span className="health" data-state={replica.state}>
            {say(`health.${replica.state}` as TextKey)}
          </span>{' '}
          <span className="mono">{replica.url}</span>{' '}
          <span className="faint">
            {say('health.active', { count: replica.activeRequests })}
            {replica.firstTokenMs === null
              ? ''
              : ` · ${say('health.first', { time: format.duration(replica.firstTokenMs) })}`}
            {replica.checkedAt ? ` · ${say('health.checked', { time: format.time(replica.checkedAt) })}` : ''}
          </span>
          {replica.state === 'ill' && replica.words ? (
            <span className="replica-words" lang="en">
              {replica.words}
            </span>
          ) : null}
        </li>
      ))}
    </ul>
  );
}
