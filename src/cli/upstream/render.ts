import { styled } from '../terminal/style.ts';
import { formatTable } from '../terminal/table.ts';
import { textWidth } from '../terminal/text-width.ts';
import type { Context } from '../types.ts';
import type { Words } from '../words.ts';

export interface PlaceView {
  readonly id: string;
  readonly tier: string;
  readonly country?: string;
  readonly operatorCountry?: string;
  readonly extraEuExposure: boolean;
  readonly retentionDays?: number;
  readonly trainsOnData?: boolean;
  readonly dpaRef?: string;
  readonly declaredBy: string;
  readonly declaredAt: string;
}
export interface UpstreamView {
  readonly id: string;
  readonly title: string;
  readonly kind: string;
  readonly urls: readonly string[];
  readonly destination: PlaceView;
  readonly profiles: readonly { readonly match: string; readonly destination: PlaceView }[];
  readonly models: readonly { readonly id: string; readonly destination: PlaceView }[];
  readonly secretSet: boolean;
  readonly enabled: boolean;
  readonly fallbacks: readonly string[];
  readonly version: number;
  readonly health: {
    readonly replicas: readonly { readonly url: string; readonly state: string; readonly words: string }[];
  };
}
export interface TestView {
  readonly ok: boolean;
  readonly reason: string;
  readonly ms: number;
  readonly firstTokenMs: number | null;
  readonly models: readonly string[];
  readonly elsewhere: readonly string[];
  readonly words: string;
}

const yes: Words = { en: 'yes', fr: 'oui' };
const no: Words = { en: 'no', fr: 'non' };

/** The table of `upstream list`. */
export function upstreamTable(upstreams: readonly UpstreamView[], { say, terminal }: Context): string {
  const columns = [
    { title: say({ en: 'UPSTREAM', fr: 'SERVICE' }) },
    { title: say({ en: 'KIND', fr: 'GENRE' }) },
    { title: say({ en: 'TIER', fr: 'NIVEAU' }) },
    { title: say({ en: 'COUNTRY', fr: 'PAYS' }) },
    { title: say({ en: 'MODELS', fr: 'MODÈLES' }), align: 'right' as const },
    { title: say({ en: 'ON', fr: 'ACTIF' }) },
    { title: say({ en: 'ADDRESS', fr: 'ADRESSE' }), flexible: true },
  ];
  const rows = upstreams.map((upstream) => [
    upstream.id,
    upstream.kind,
    upstream.destination.tier,
    upstream.destination.country ?? '?',
    String(upstream.models.length),
    say(upstream.enabled ? yes : no),
    upstream.urls.join(' '),
  ]);
  return formatTable(columns, rows, { width: terminal.columns(), color: terminal.color });
}

/** The lines of `upstream show`. */
export function upstreamLines(upstream: UpstreamView, context: Context): string[] {
  const { say } = context;
  const rows: (readonly [Words, string | undefined])[] = [
    [{ en: 'Upstream', fr: 'Service' }, `${upstream.id} (${upstream.title})`],
    [{ en: 'Kind', fr: 'Genre' }, upstream.kind],
    [{ en: 'In use', fr: 'Actif' }, say(upstream.enabled ? yes : no)],
    [{ en: 'Secret stored', fr: 'Secret gardé' }, say(upstream.secretSet ? yes : no)],
    ...upstream.health.replicas.map(
      ({ url, state, words }) =>
        [{ en: 'Replica', fr: 'Réplique' }, `${url} ${say(states[state] ?? no)} ${words}`] as const,
    ),
    [{ en: 'Place', fr: 'Lieu' }, placeText(upstream.destination, context)],
    ...upstream.profiles.map(
      ({ match, destination }) =>
        [{ en: `Place of ${match}`, fr: `Lieu de ${match}` }, placeText(destination, context)] as const,
    ),
    ...upstream.models.map(
      ({ id, destination }) => [{ en: 'Model', fr: 'Modèle' }, `${id} → ${destination.id}`] as const,
    ),
    [{ en: 'Falls back to', fr: 'Se replie sur' }, upstream.fallbacks.join(', ') || undefined],
  ];
  const kept = rows.filter((row): row is readonly [Words, string] => row[1] !== undefined);
  const width = Math.max(...kept.map(([name]) => textWidth(say(name))));
  return kept.map(([name, value]) => {
    const space = ' '.repeat(width - textWidth(say(name)) + 2);
    return `${styled(say(name), 'dim', context.terminal.color)}${space}${value}`;
  });
}

const states: Readonly<Record<string, Words>> = {
  well: { en: 'well.', fr: 'va bien.' },
  ill: { en: 'ill.', fr: 'ne va pas.' },
  unknown: { en: 'not asked yet.', fr: 'pas encore interrogée.' },
};

function placeText(place: PlaceView, { say }: Context): string {
  const unknown = say({ en: 'unknown', fr: 'inconnu' });
  const days = place.retentionDays;
  return [
    place.tier,
    place.country ?? unknown,
    say({ en: `operator ${place.operatorCountry ?? unknown}`, fr: `opérateur ${place.operatorCountry ?? unknown}` }),
    say({ en: 'law from outside the EU: ', fr: 'droit extérieur à l’UE : ' }) + say(place.extraEuExposure ? yes : no),
    say({ en: 'kept: ', fr: 'conservation : ' }) +
      (days === undefined ? unknown : say({ en: `${days} days`, fr: `${days} jours` })),
    say({ en: 'trains on data: ', fr: 'entraîne sur les données : ' }) +
      (place.trainsOnData === undefined ? unknown : say(place.trainsOnData ? yes : no)),
    say({
      en: `declared by ${place.declaredBy} on ${place.declaredAt.slice(0, 10)}`,
      fr: `déclaré par ${place.declaredBy} le ${place.declaredAt.slice(0, 10)}`,
    }),
  ].join(', ');
}

const french: Readonly<Record<string, string>> = {
  ok: 'Le service a répondu.',
  models_only: 'Le service liste ses modèles ; aucun n’est déclaré, aucun n’a donc été interrogé.',
  wrong_key: 'Le service refuse la clé. Saisissez de nouveau son secret, ou vérifiez ce que la clé permet.',
  wrong_address: 'Rien à cette adresse. Vérifiez l’adresse de base : le genre openai finit d’ordinaire par /v1.',
  unreachable: 'Le service est injoignable. Vérifiez l’adresse, le réseau et que le service fonctionne.',
  tls: 'Le certificat du service n’est pas reconnu. Si votre organisation inspecte TLS, donnez son autorité dans NODE_EXTRA_CA_CERTS.',
  model_unknown: 'Le service ne connaît pas ce modèle.',
  not_the_api: 'Ce qui répond là ne parle pas cette API. Vérifiez l’adresse et le genre.',
  timeout: 'Le service n’a pas répondu à temps.',
  rate_limited: 'Le service n’accepte plus de demandes pour l’instant.',
  denied: 'La politique ou la porte de sortie refuse cette destination.',
  no_model: 'Aucun modèle n’est déclaré : rien n’a pu être demandé.',
  secret: 'Le secret gardé ne peut pas être ouvert. Rétablissez le fichier de clé, ou saisissez de nouveau le secret.',
  failed: 'Le service a échoué.',
};

/** The lines of `upstream test`. */
export function testLines(result: TestView, { say, language }: Context): string[] {
  const first =
    result.firstTokenMs === null
      ? ''
      : say({ en: `, first token ${result.firstTokenMs} ms`, fr: `, premier jeton ${result.firstTokenMs} ms` });
  const head = language === 'fr' ? (french[result.reason] ?? '') : result.words;
  const lines = [`${result.ok ? '✓' : '✗'} ${head} (${result.ms} ms${first})`];
  if (language === 'fr' && !result.ok) lines.push(`  ${result.words}`);
  if (result.models.length > 0) lines.push(`${say({ en: 'It lists:', fr: 'Il liste :' })} ${result.models.join(', ')}`);
  if (result.elsewhere.length > 0) {
    lines.push(
      say({ en: 'Computed elsewhere, another destination:', fr: 'Calculés ailleurs, une autre destination :' }) +
        ` ${result.elsewhere.join(', ')}`,
    );
  }
  return lines;
}
