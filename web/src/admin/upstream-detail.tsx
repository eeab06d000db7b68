import { useState } from 'react';
import { type Certificate, flavours, type Upstream, type UpstreamTest, upstreamKinds } from '../api/wire-house.ts';
import { tierWords } from '../chat/choice-words.ts';
import { AreaField, CheckField, ManyField, SelectField, TextField } from '../form/fields.tsx';
import { useSave } from '../form/use-save.ts';
import { i18n, type TextKey } from '../text/i18n.ts';
import { Icon } from '../ui/icon.tsx';
import { IconButton } from '../ui/icon-button.tsx';
import { ProblemNote } from '../ui/problem-note.tsx';
import { go } from '../ui/route.ts';
import { useFormat, useSay } from '../ui/services.ts';
import { Detail, RemoveButton, SaveForm } from './detail.tsx';
import { useHouse } from './house-client.ts';
import {
  bodyOf,
  distantTiers,
  draftOf,
  type ModelDraft,
  noModel,
  type PlaceDraft,
  placeDraft,
  timeoutNames,
  type UpstreamDraft,
} from './upstream-draft.ts';
import { Replicas } from './upstreams-section.tsx';

/** One distant place: where it is, what is known of it, what it serves, and whether it answers. */
export function UpstreamDetail({
  upstream,
  others,
  onChanged,
}: {
  readonly upstream: Upstream | undefined;
  readonly others: readonly Upstream[];
  readonly onChanged: () => void;
}) {
  const say = useSay();
  const house = useHouse();
  const save = useSave();
  const [draft, setDraft] = useState(() => draftOf(upstream));
  const change = (patch: Partial<UpstreamDraft>) => setDraft({ ...draft, ...patch });
  const submit = async () => {
    const body = bodyOf(draft, new Date().toISOString().slice(0, 10), !upstream);
    const done = await save.run(() =>
      upstream ? house.changeUpstream(upstream.id, { ...body, version: upstream.version }) : house.addUpstream(body),
    );
    if (!done) return;
    onChanged();
    if (!upstream) go({ page: 'admin', section: 'upstreams', id: draft.id.trim() }, { replace: true });
  };
  return (
    <Detail section="upstreams" back={say('section.upstreams')} title={upstream?.title ?? say('upstreams.new')}>
      {upstream ? <Replicas replicas={upstream.health?.replicas ?? []} /> : null}
      {upstream ? <LiveTest upstream={upstream} /> : null}
      <SaveForm
        save={save}
        onSave={() => void submit()}
        onStale={onChanged}
        disabled={!draft.title.trim() || !draft.urls.trim() || (!upstream && !draft.id.trim())}
        more={
          upstream ? (
            <RemoveButton
              words={say('delete')}
              question={say('upstreams.remove')}
              onRemove={() =>
                void save
                  .run(() => house.removeUpstream(upstream.id), 'deleted')
                  .then((done) => {
                    if (!done) return;
                    onChanged();
                    go({ page: 'admin', section: 'upstreams' });
                  })
              }
            />
          ) : null
        }
      >
        <Address draft={draft} fresh={!upstream} secretSet={upstream?.secretSet ?? false} change={change} />
        <fieldset className="form-part">
          <legend>{say('place.declared')}</legend>
          <p className="faint">{say('place.declared.help')}</p>
          <Declared place={draft.place} change={(patch) => change({ place: { ...draft.place, ...patch } })} />
        </fieldset>
        <Models draft={draft} change={change} />
        <Profiles draft={draft} change={change} />
        {others.length > 0 ? (
          <ManyField
            label={say('upstreams.fallbacks')}
            help={say('upstreams.fallbacks.help')}
            value={draft.fallbacks}
            options={others.map(({ id, title, destination }) => [id, `${title} – ${tierWords(say, destination.tier)}`])}
            onValue={(fallbacks) => change({ fallbacks })}
          />
        ) : null}
        <CheckField
          label={say('upstreams.enabled')}
          help={say('upstreams.enabled.help')}
          checked={draft.enabled}
          onValue={(enabled) => change({ enabled })}
        />
      </SaveForm>
    </Detail>
  );
}

type Part = { readonly draft: UpstreamDraft; readonly change: (patch: Partial<UpstreamDraft>) => void };

function Address({ draft, fresh, secretSet, change }: Part & { readonly fresh: boolean; readonly secretSet: boolean }) {
  const say = useSay();
  const secretHelp = say(secretSet ? 'upstreams.secret.keep' : 'upstreams.secret.help');
  return (
    <fieldset className="form-part">
      <legend>{say('upstreams.address')}</legend>
      <div className="form-grid">
        <TextField
          label={say('keys.name')}
          help={say('upstreams.title.help')}
          value={draft.title}
          onValue={(title) => change({ title })}
          required
        />
        <TextField
          label={say('upstreams.id')}
          help={say('upstreams.id.help')}
          className="mono"
          value={draft.id}
          onValue={(id) => change({ id })}
          disabled={!fresh}
          required
        />
        <SelectField
          label={say('upstreams.kind')}
          value={draft.kind}
          options={upstreamKinds.map((kind) => [kind, say(`kind.${kind}` as TextKey)])}
          disabled={!fresh}
          onValue={(kind) => change({ kind })}
        />
        {draft.kind === 'openai' ? (
          <SelectField
            label={say('upstreams.flavour')}
            help={say('upstreams.flavour.help')}
            value={draft.flavour}
            options={flavours.map((flavour) => [flavour, say(`flavour.${flavour}` as TextKey)])}
            onValue={(flavour) => change({ flavour })}
          />
        ) : null}
        {draft.kind === 'bedrock' ? (
          <TextField
            label={say('upstreams.region')}
            help={say('upstreams.region.help')}
            className="mono"
            value={draft.region}
            onValue={(region) => change({ region })}
          />
        ) : null}
        {draft.kind === 'bedrock' ? (
          <>
            <TextField
              label="Access key ID"
              className="mono"
              value={draft.accessKeyId}
              onValue={(accessKeyId) => change({ accessKeyId })}
            />
            <TextField
              label="Secret access key"
              help={secretHelp}
              type="password"
              autoComplete="new-password"
              value={draft.secretAccessKey}
              onValue={(secretAccessKey) => change({ secretAccessKey })}
            />
          </>
        ) : (
          <TextField
            label={say('upstreams.key')}
            help={secretHelp}
            type="password"
            autoComplete="new-password"
            value={draft.apiKey}
            onValue={(apiKey) => change({ apiKey })}
          />
        )}
      </div>
      <AreaField
        label={say('upstreams.urls')}
        help={say('upstreams.urls.help')}
        className="mono"
        rows={2}
        spellCheck={false}
        value={draft.urls}
        onValue={(urls) => change({ urls })}
        required
      />
    </fieldset>
  );
}

function Declared({
  place,
  change,
}: {
  readonly place: PlaceDraft;
  readonly change: (patch: Partial<PlaceDraft>) => void;
}) {
  const say = useSay();
  return (
    <>
      <div className="form-grid">
        <SelectField
          label={say('place.tier')}
          help={say('place.tier.help')}
          value={place.tier}
          options={distantTiers.map((tier) => [tier, tierWords(say, tier)])}
          onValue={(tier) => change({ tier })}
        />
        <TextField
          label={say('place.country')}
          help={say('place.country.help')}
          value={place.country}
          maxLength={2}
          onValue={(country) => change({ country })}
        />
        <TextField
          label={say('place.operator')}
          help={say('place.operator.help')}
          value={place.operatorCountry}
          maxLength={2}
          onValue={(operatorCountry) => change({ operatorCountry })}
        />
        <TextField
          label={say('place.retention')}
          help={say('place.retention.help')}
          inputMode="numeric"
          value={place.retentionDays}
          onValue={(retentionDays) => change({ retentionDays: retentionDays.replace(/\D/g, '') })}
        />
        <SelectField
          label={say('place.trains')}
          help={say('place.trains.help')}
          value={place.trainsOnData}
          options={[
            ['unknown', say('place.unknown')],
            ['no', say('no')],
            ['yes', say('yes')],
          ]}
          onValue={(trainsOnData) => change({ trainsOnData })}
        />
        <TextField
          label={say('place.dpa')}
          help={say('place.dpa.help')}
          value={place.dpaRef}
          onValue={(dpaRef) => change({ dpaRef })}
        />
      </div>
      <CheckField
        label={say('place.exposure')}
        help={say('place.exposure.help')}
        checked={place.extraEuExposure}
        onValue={(extraEuExposure) => change({ extraEuExposure })}
      />
      <CheckField
        label={say('place.enclave')}
        help={say('place.enclave.help')}
        checked={place.enclave}
        onValue={(enclave) => change({ enclave })}
      />
      <CertificateFields
        title="SecNumCloud"
        value={place.secnumcloud}
        onValue={(secnumcloud) => change({ secnumcloud })}
      />
      <CertificateFields title="HDS" value={place.hds} onValue={(hds) => change({ hds })} />
    </>
  );
}

function CertificateFields({
  title,
  value,
  onValue,
}: {
  readonly title: string;
  readonly value: Certificate;
  readonly onValue: (value: Certificate) => void;
}) {
  const say = useSay();
  const expired = value.expires !== '' && value.expires < new Date().toISOString().slice(0, 10);
  return (
    <fieldset className="form-certificate">
      <legend>{say('place.certificate', { name: title })}</legend>
      <div className="form-grid">
        <TextField
          label={say('place.certificate.number')}
          value={value.certificate}
          onValue={(certificate) => onValue({ ...value, certificate })}
        />
        <TextField
          label={say('place.certificate.scope')}
          value={value.scope}
          onValue={(scope) => onValue({ ...value, scope })}
        />
        <TextField
          label={say('place.certificate.expires')}
          help={say(expired ? 'place.certificate.expired' : 'place.certificate.help')}
          type="date"
          value={value.expires}
          onValue={(expires) => onValue({ ...value, expires })}
        />
      </div>
    </fieldset>
  );
}

function Models({ draft, change }: Part) {
  const say = useSay();
  const set = (at: number, patch: Partial<ModelDraft>) =>
    change({ models: draft.models.map((model, index) => (index === at ? { ...model, ...patch } : model)) });
  return (
    <fieldset className="form-part">
      <legend>{say('models')}</legend>
      <p className="faint">{say('upstreams.models.help')}</p>
      {draft.models.map((model, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: rows of a form have no other name until they are saved
        <div className="form-model" key={at}>
          <TextField
            label={say('upstreams.model.name')}
            className="mono"
            value={model.name}
            onValue={(name) => set(at, { name })}
          />
          <SelectField
            label={say('upstreams.model.for')}
            value={model.capabilities}
            options={[...new Set(['chat', 'chat,completion', 'completion', 'embedding', model.capabilities])].map(
              (names) => [
                names,
                names
                  .split(',')
                  .map((name) => say(`capability.${name}` as TextKey))
                  .join(', '),
              ],
            )}
            onValue={(capabilities) => set(at, { capabilities })}
          />
          <TextField
            label={say('upstreams.model.context')}
            inputMode="numeric"
            value={model.contextTokens}
            onValue={(contextTokens) => set(at, { contextTokens: contextTokens.replace(/\D/g, '') })}
          />
          <TextField
            label={say('upstreams.model.input', { currency: model.currency })}
            inputMode="decimal"
            value={model.input}
            onValue={(input) => set(at, { input })}
          />
          <TextField
            label={say('upstreams.model.output', { currency: model.currency })}
            inputMode="decimal"
            value={model.output}
            onValue={(output) => set(at, { output })}
          />
          <TextField
            label={say('upstreams.model.currency')}
            value={model.currency}
            maxLength={3}
            onValue={(currency) => set(at, { currency })}
          />
          <IconButton
            icon="trash"
            label={say('upstreams.model.remove', { name: model.name || at + 1 })}
            onClick={() => change({ models: draft.models.filter((_, index) => index !== at) })}
          />
        </div>
      ))}
      <button type="button" className="button" onClick={() => change({ models: [...draft.models, noModel] })}>
        <Icon name="plus" />
        {say('upstreams.model.add')}
      </button>
    </fieldset>
  );
}

/** Models of this address that are computed at another place, and how long each part of an answer may take. */
function Profiles({ draft, change }: Part) {
  const say = useSay();
  const set = (at: number, patch: Partial<UpstreamDraft['profiles'][number]>) =>
    change({ profiles: draft.profiles.map((profile, index) => (index === at ? { ...profile, ...patch } : profile)) });
  return (
    <details className="form-more">
      <summary>{say('upstreams.more')}</summary>
      <div className="form-part">
        <p>{say('upstreams.profiles')}</p>
        <p className="faint">{say('upstreams.profiles.help')}</p>
        {draft.profiles.map(({ match, place }, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: rows of a form have no other name until they are saved
          <fieldset className="card form" key={at}>
            <legend className="visually-hidden">{say('upstreams.profile', { name: match || at + 1 })}</legend>
            <TextField
              label={say('upstreams.profile.match')}
              help={say('upstreams.profile.match.help')}
              className="mono"
              value={match}
              onValue={(text) => set(at, { match: text })}
            />
            <Declared place={place} change={(patch) => set(at, { place: { ...place, ...patch } })} />
            <button
              type="button"
              className="button"
              onClick={() => change({ profiles: draft.profiles.filter((_, index) => index !== at) })}
            >
              {say('upstreams.profile.remove')}
            </button>
          </fieldset>
        ))}
        <button
          type="button"
          className="button"
          onClick={() => change({ profiles: [...draft.profiles, { match: '', place: placeDraft(undefined) }] })}
        >
          <Icon name="plus" />
          {say('upstreams.profile.add')}
        </button>
        <p>{say('upstreams.timeouts')}</p>
        <div className="form-grid">
          {timeoutNames.map((name) => (
            <TextField
              key={name}
              label={say(`timeout.${name}` as TextKey)}
              inputMode="decimal"
              value={draft.timeouts[name]}
              onValue={(text) => change({ timeouts: { ...draft.timeouts, [name]: text } })}
            />
          ))}
        </div>
      </div>
    </details>
  );
}

/** A real small request, on the way that every request goes. */
function LiveTest({ upstream }: { readonly upstream: Upstream }) {
  const say = useSay();
  const format = useFormat();
  const house = useHouse();
  const save = useSave();
  const [model, setModel] = useState('');
  const [result, setResult] = useState<UpstreamTest>();
  const run = () =>
    save.run(async () => {
      setResult(undefined);
      setResult(await house.testUpstream(upstream.id, model || undefined));
    }, 'upstreams.test.done');
  return (
    <section className="live-test" aria-label={say('upstreams.test')}>
      <div className="filters">
        {upstream.models.length > 0 ? (
          <SelectField
            label={say('upstreams.test.model')}
            value={model}
            options={[
              ['', say('upstreams.test.first')],
              ...upstream.models.map(({ name }): readonly [string, string] => [name, name]),
            ]}
            onValue={setModel}
          />
        ) : null}
        <button type="button" className="button" disabled={save.working} onClick={() => void run()}>
          <Icon name="play" />
          {say(save.working ? 'upstreams.testing' : 'upstreams.test')}
        </button>
      </div>
      <p className="faint">{say('upstreams.test.help')}</p>
      {save.problem ? <ProblemNote problem={save.problem} /> : null}
      {result ? (
        <p className="note" role="status" data-ok={result.ok || undefined}>
          {result.ok
            ? say('upstreams.test.ok', { time: format.duration(result.ms) })
            : say('upstreams.test.failed', { time: format.duration(result.ms) })}
          {result.firstTokenMs === null
            ? ''
            : ` ${say('upstreams.test.token', { time: format.duration(result.firstTokenMs) })}`}
          {result.models.length > 0 ? ` ${say('upstreams.test.models', { names: result.models.join(', ') })}` : ''}
          {result.elsewhere && result.elsewhere.length > 0
            ? ` ${say('upstreams.test.elsewhere', { names: result.elsewhere.join(', ') })}`
            : ''}
          {result.ok ? null : (
            <>
              {' '}
              {`test.${result.reason}` in i18n.messages ? say(`test.${result.reason}` as TextKey) : ''}{' '}
              <span className="mono" lang="en">
                {result.words}
              </span>
            </>
          )}
        </p>
      ) : null}
    </section>
  );
}
