import { useState } from 'react';
import { type Quota, quotaPeriods, quotaSubjects, quotaUnits } from '../api/wire-house.ts';
import { SelectField, TextField } from '../form/fields.tsx';
import { useSave } from '../form/use-save.ts';
import { amountWords } from '../house/quota-meters.tsx';
import type { TextKey } from '../text/i18n.ts';
import { DataTable } from '../ui/data-table.tsx';
import { ReadState } from '../ui/read-state.tsx';
import { go, hashOf } from '../ui/route.ts';
import { useFormat, useSay } from '../ui/services.ts';
import { useRead } from '../ui/use-read.ts';
import type { SectionProps } from './admin-page.tsx';
import { Detail, ListHead, RemoveButton, SaveForm } from './detail.tsx';
import { useHouse } from './house-client.ts';

/** Limits in requests, tokens and money. */
export default function QuotasSection({ id }: SectionProps) {
  const say = useSay();
  const format = useFormat();
  const house = useHouse();
  const quotas = useRead('quotas', house.quotas);
  return (
    <ReadState reading={quotas}>
      {(all) =>
        id === undefined ? (
          <>
            <ListHead
              title={say('section.quotas')}
              lead={say('quotas.lead')}
              section="quotas"
              add={say('quotas.new')}
            />
            <DataTable
              label={say('section.quotas')}
              rows={all}
              keyOf={(quota) => quota.id}
              empty={say('quotas.none')}
              columns={[
                {
                  title: say('quotas.whom'),
                  cell: (quota) => (
                    <a href={hashOf({ page: 'admin', section: 'quotas', id: quota.id })} className="row-link">
                      <span className="entry-title">{say(`subject.${quota.subject.kind}` as TextKey)}</span>
                      {quota.subject.kind === 'everybody' ? null : (
                        <span className="mono faint">
                          {quota.subject.id === '*' ? say('quotas.each') : quota.subject.id}
                        </span>
                      )}
                    </a>
                  ),
                },
                {
                  title: say('quotas.limit'),
                  cell: ({ unit, limit, period }) =>
                    `${amountWords(say, format, unit, limit)} ${say(`period.${period}` as TextKey)}`,
                },
                {
                  title: say('quotas.used'),
                  cell: ({ unit, used, reserved, limit }) => (
                    <span className="share">
                      {amountWords(say, format, unit, used + reserved)}
                      <meter
                        value={Math.min(used + reserved, limit)}
                        max={limit || 1}
                        aria-label={say('quotas.used')}
                      />
                    </span>
                  ),
                },
                { title: say('quotas.renews'), cell: ({ resetAt }) => format.dateTime(resetAt) },
              ]}
            />
          </>
        ) : (
          <QuotaDetail
            key={`${id} ${all.find((one) => one.id === id)?.version ?? 0}`}
            quota={all.find((one) => one.id === id)}
            onChanged={quotas.again}
          />
        )
      }
    </ReadState>
  );
}

function QuotaDetail({ quota, onChanged }: { readonly quota: Quota | undefined; readonly onChanged: () => void }) {
  const say = useSay();
  const house = useHouse();
  const save = useSave();
  const [kind, setKind] = useState<Quota['subject']['kind']>(quota?.subject.kind ?? 'everybody');
  const [subject, setSubject] = useState(quota?.subject.id ?? '');
  const [unit, setUnit] = useState<Quota['unit']>(quota?.unit ?? 'tokens');
  const [period, setPeriod] = useState<Quota['period']>(quota?.period ?? 'day');
  const scale = (one: Quota['unit']): number => (one === 'money' ? 1e6 : 1);
  const [limit, setLimit] = useState(quota ? String(quota.limit / scale(quota.unit)) : '');
  const people = useRead('people', house.people);
  const groups = useRead('groups', house.groups);
  const amount = Number(limit.replace(',', '.'));
  const submit = async () => {
    const body = {
      subject: { kind, id: kind === 'everybody' ? '*' : subject },
      unit,
      period,
      limit: Math.round(amount * scale(unit)),
    };
    const done = await save.run(() =>
      quota ? house.putQuota(quota.id, { limit: body.limit, version: quota.version }) : house.addQuota(body),
    );
    if (!done) return;
    onChanged();
    go({ page: 'admin', section: 'quotas' });
  };
  const named: readonly (readonly [string, string])[] =
    kind === 'person'
      ? (people.value ?? []).map(({ id, name, displayName }) => [id, displayName || name])
      : (groups.value ?? []).map(({ id, title }) => [id, title]);
  return (
    <Detail section="quotas" back={say('section.quotas')} title={quota ? say('quotas.one') : say('quotas.new')}>
      <SaveForm
        save={save}
        onSave={() => void submit()}
        onStale={onChanged}
        disabled={!(amount >= 0) || limit === '' || (kind !== 'everybody' && !subject)}
        more={
          quota ? (
            <RemoveButton
              words={say('delete')}
              question={say('quotas.remove')}
              onRemove={() =>
                void save
                  .run(() => house.removeQuota(quota.id), 'deleted')
                  .then((done) => {
                    if (!done) return;
                    onChanged();
                    go({ page: 'admin', section: 'quotas' });
                  })
              }
            />
          ) : null
        }
      >
        <div className="form-grid">
          <SelectField
            label={say('quotas.whom')}
            value={kind}
            disabled={quota !== undefined}
            options={quotaSubjects.map((one) => [one, say(`subject.${one}` as TextKey)])}
            onValue={(next) => {
              setKind(next);
              setSubject('');
            }}
          />
          {kind === 'person' || kind === 'group' ? (
            <SelectField
              label={say('quotas.which')}
              value={subject}
              disabled={quota !== undefined}
              options={[['', '–'], ['*', say('quotas.each')], ...named]}
              onValue={setSubject}
            />
          ) : kind === 'everybody' ? null : (
            <TextField
              label={say('quotas.which')}
              help={say('quotas.each.help')}
              className="mono"
              value={subject}
              onValue={setSubject}
              disabled={quota !== undefined}
            />
          )}
          <SelectField
            label={say('quotas.unit')}
            value={unit}
            disabled={quota !== undefined}
            options={quotaUnits.map((one) => [one, say(`unit.${one}` as TextKey)])}
            onValue={setUnit}
          />
          <TextField
            label={say('quotas.limit')}
            help={say('quotas.limit.help')}
            inputMode="decimal"
            value={limit}
            onValue={setLimit}
            required
          />
          <SelectField
            label={say('quotas.period')}
            value={period}
            disabled={quota !== undefined}
            options={quotaPeriods.map((one) => [one, say(`period.${one}` as TextKey)])}
            onValue={setPeriod}
          />
        </div>
      </SaveForm>
    </Detail>
  );
}
