import { useMemo, useState } from 'react';
import type { CatalogueEntry, CatalogueVariant } from '../api/wire.ts';
import type { TextKey } from '../text/i18n.ts';
import { Icon } from '../ui/icon.tsx';
import { useFormat, useSay, useServices } from '../ui/services.ts';

const fits = ['fits', 'tight', 'too-large'] as const;

/** Models that are known to the product, those that fit this machine first. */
export function Catalogue({ entries }: { readonly entries: readonly CatalogueEntry[] }) {
  const say = useSay();
  const [query, setQuery] = useState('');
  const shown = useMemo(() => {
    const wanted = query.trim().toLowerCase();
    const matching = entries.filter((entry) =>
      `${entry.id} ${entry.title} ${entry.publisher} ${entry.licence} ${entry.languages.join(' ')}`
        .toLowerCase()
        .includes(wanted),
    );
    return matching.toSorted(
      (a, b) => fits.indexOf(a.fit) - fits.indexOf(b.fit) || a.parameterCount - b.parameterCount,
    );
  }, [entries, query]);
  return (
    <>
      <div className="search">
        <Icon name="search" />
        <input
          type="search"
          value={query}
          aria-label={say('catalogue.search')}
          placeholder={say('catalogue.search')}
          onChange={(event) => setQuery(event.target.value)}
        />
      </div>
      <p className="faint">{say('catalogue.count', { count: shown.length })}</p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a table that scrolls sideways must be reachable by keyboard */}
      <section className="table-scroll" tabIndex={0} aria-label={say('catalogue.table')}>
        <table className="catalogue">
          <thead>
            <tr>
              <th scope="col">{say('fact.model')}</th>
              <th scope="col" className="number">
                {say('fact.parameters')}
              </th>
              <th scope="col" className="number">
                {say('fact.size')}
              </th>
              <th scope="col">{say('fact.licence')}</th>
              <th scope="col">{say('fact.fit')}</th>
              <th scope="col">
                <span className="visually-hidden">{say('fact.action')}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map((entry) => (
              <Entry key={entry.id} entry={entry} />
            ))}
          </tbody>
        </table>
      </section>
    </>
  );
}

/** The variant the server chose for this machine; an older server names it by its quantisation. */
function bestOf(entry: CatalogueEntry): CatalogueVariant | undefined {
  const { bestVariant: best, variants } = entry;
  if (typeof best === 'object' && best !== null) return best;
  return variants.find(({ quantization }) => quantization === best) ?? variants[0];
}

function Entry({ entry }: { readonly entry: CatalogueEntry }) {
  const say = useSay();
  const format = useFormat();
  const { models } = useServices();
  const best = bestOf(entry);
  return (
    <tr data-fit={entry.fit}>
      <th scope="row">
        <span className="entry-title">{entry.title}</span>
        <span className="mono faint">
          {entry.id} · {entry.publisher} · {entry.languages.slice(0, 6).join(' ')}
        </span>
      </th>
      <td className="number mono">{format.parameters(entry.parameterCount)}</td>
      <td className="number mono">{best ? format.bytes(best.sizeBytes) : '–'}</td>
      <td>{entry.licence}</td>
      <td>
        <span className="fit" data-fit={entry.fit}>
          {say(`fit.${entry.fit}` as TextKey)}
        </span>
      </td>
      <td>
        {entry.installed ? (
          <span className="faint">{say('catalogue.installed')}</span>
        ) : (
          <button
            type="button"
            className="button"
            aria-label={say('catalogue.pull', { title: entry.title })}
            onClick={() => void models.pull(entry.id)}
          >
            <Icon name="download" />
            {say('models.pull')}
          </button>
        )}
      </td>
    </tr>
  );
}
