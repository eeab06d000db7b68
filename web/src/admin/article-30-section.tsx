import { useState } from 'react';
import { type Article30, type Article30Fields, article30Fields, type Both } from '../api/wire-evidence.ts';
import type { Tier } from '../api/wire-policy.ts';
import { placeWords } from '../chat/choice-words.ts';
import { AreaField } from '../form/fields.tsx';
import { useSave } from '../form/use-save.ts';
import { i18n } from '../text/i18n.ts';
import { DataTable } from '../ui/data-table.tsx';
import { Icon } from '../ui/icon.tsx';
import { ReadState } from '../ui/read-state.tsx';
import { saveJson } from '../ui/save-file.ts';
import { useFormat, useSay, useServices } from '../ui/services.ts';
import { useRead } from '../ui/use-read.ts';
import { BasisList } from './basis.tsx';
import { ListHead, SaveForm } from './detail.tsx';
import { useEvidence } from './evidence-client.ts';
import { useNames } from './use-names.ts';

/** The record of processing activities: what the organisation writes, and what the installation knows of itself. */
export default function Article30Section() {
  const say = useSay();
  const evidence = useEvidence();
  const reading = useRead('article 30', evidence.article30);
  return (
    <>
      <ListHead title={say('section.article-30')} lead={say('article.lead')} />
      <ReadState reading={reading}>
        {(record) => (
          <>
            <div className="row-acts">
              <button
                type="button"
                className="button"
                onClick={() => saveJson(record, `intramuros-article-30-${record.at.slice(0, 10)}.json`)}
              >
                <Icon name="download" />
                {say('article.save')}
              </button>
              <button type="button" className="button" onClick={() => window.print()}>
                {say('article.print')}
              </button>
            </div>
            <Fields key={record.changedAt ?? ''} record={record} onSaved={reading.again} />
            <Known record={record} />
          </>
        )}
      </ReadState>
    </>
  );
}

function Fields({ record, onSaved }: { readonly record: Article30; readonly onSaved: () => void }) {
  const say = useSay();
  const format = useFormat();
  const nameOf = useNames();
  const evidence = useEvidence();
  const { session } = useServices();
  const save = useSave();
  const [fields, setFields] = useState<Article30Fields>(record.fields);
  const may = session.can('admin.settings');
  const changed = article30Fields.some((name) => fields[name] !== record.fields[name]);
  return (
    <section aria-labelledby="article-fields">
      <h3 id="article-fields">{say('article.fields')}</h3>
      {record.changedAt ? (
        <p className="faint lead">
          {say('article.changed', { at: format.dateTime(record.changedAt), by: nameOf(record.changedBy ?? '–') })}
        </p>
      ) : null}
      {may ? (
        <SaveForm
          save={save}
          disabled={!changed}
          onSave={() => void save.run(() => evidence.putArticle30(fields)).then((done) => done && onSaved())}
        >
          <div className="form-grid">
            {article30Fields.map((name) => (
              <AreaField
                key={name}
                label={say(`article.${name}`)}
                rows={2}
                value={fields[name]}
                onValue={(value) => setFields({ ...fields, [name]: value })}
              />
            ))}
          </div>
        </SaveForm>
      ) : (
        <dl className="facts facts-wide">
          {article30Fields.map((name) => (
            <div key={name}>
              <dt>{say(`article.${name}`)}</dt>
              <dd className={record.fields[name] ? '' : 'faint'}>{record.fields[name] || say('article.empty')}</dd>
            </div>
          ))}
        </dl>
      )}
    </section>
  );
}

const inOurs = (text: Both): string => (i18n.locale === 'fr' ? text.fr : text.en);

function Known({ record }: { readonly record: Article30 }) {
  const say = useSay();
  const format = useFormat();
  return (
    <>
      <section aria-labelledby="article-why">
        <h3 id="article-why">{say('article.why')}</h3>
        <Words texts={record.purposes} />
      </section>
      <section aria-labelledby="article-subjects">
        <h3 id="article-subjects">{say('article.subjects')}</h3>
        <Words texts={record.subjects} />
      </section>
      <section aria-labelledby="article-categories">
        <h3 id="article-categories">{say('article.categories')}</h3>
        <DataTable
          label={say('article.categories')}
          rows={record.categories}
          keyOf={({ title }) => title.en}
          empty="–"
          columns={[
            { title: say('article.category'), cell: ({ title }) => inOurs(title) },
            {
              title: say('article.count'),
              number: true,
              cell: ({ count }) => (count === null ? '–' : format.integer(count)),
            },
            { title: say('article.kept'), cell: ({ retention }) => inOurs(retention) },
          ]}
        />
      </section>
      <Recipients record={record} />
      <section aria-labelledby="article-labels">
        <h3 id="article-labels">{say('article.labels')}</h3>
        <p className="faint lead">{say('article.since', { at: format.day(record.sinceAt) })}</p>
        <dl className="facts">
          {record.labels.map(({ level, answers }) => (
            <div key={level}>
              <dt>{level}</dt>
              <dd>{format.integer(answers)}</dd>
            </div>
          ))}
        </dl>
      </section>
      <section aria-labelledby="article-security">
        <h3 id="article-security">{say('article.security')}</h3>
        <ul className="evidence-list">
          {record.security.map(({ title, by }) => (
            <li key={title.en}>
              <p>{inOurs(title)}</p>
              <BasisList by={by} />
            </li>
          ))}
        </ul>
      </section>
    </>
  );
}

function Words({ texts }: { readonly texts: readonly Both[] }) {
  return (
    <ul className="lead-list">
      {texts.map((text) => (
        <li key={text.en}>{inOurs(text)}</li>
      ))}
    </ul>
  );
}

function Recipients({ record }: { readonly record: Article30 }) {
  const say = useSay();
  const format = useFormat();
  const yesNo = (value: boolean | null): string => (value === null ? say('unknown') : say(value ? 'yes' : 'no'));
  return (
    <section aria-labelledby="article-recipients">
      <h3 id="article-recipients">{say('article.recipients')}</h3>
      <DataTable
        label={say('article.recipients')}
        rows={record.recipients}
        keyOf={({ id }) => id}
        empty={say('article.recipients.none')}
        columns={[
          {
            title: say('receipt.where'),
            cell: ({ title, tier, country, extraEuExposure }) => (
              <>
                <span className="entry-title">{title}</span>
                <span className="faint">{placeWords(say, format, { tier: tier as Tier, country })}</span>
                {extraEuExposure ? (
                  <span className="effect" data-effect="deny">
                    {' '}
                    {say('article.outside')}
                  </span>
                ) : null}
              </>
            ),
          },
          { title: say('article.agreement'), cell: ({ dpaRef }) => dpaRef ?? '–' },
          {
            title: say('article.keeps'),
            cell: ({ retentionDays }) =>
              retentionDays === null
                ? say('unknown')
                : retentionDays === 0
                  ? say('article.keeps.nothing')
                  : say('article.keeps.days', { days: retentionDays }),
          },
          { title: say('article.trains'), cell: ({ trainsOnData }) => yesNo(trainsOnData) },
          { title: say('held.answers'), number: true, cell: ({ answers }) => format.integer(answers) },
          { title: say('held.sent'), number: true, cell: ({ bytesSent }) => format.bytes(bytesSent) },
        ]}
      />
    </section>
  );
}
