import { parseDurationMs } from '../../base/index.ts';
import { labelFlag, labelText, listFlag, needed, runAction, timeText } from '../admin/actions.ts';
import { showDone, showSecret, showTable } from '../admin/show.ts';
import { call, type KeyRow, listPeople, personNamed, sessionOf } from '../admin/wire.ts';
import type { ServerClient } from '../http/client.ts';
import { getServer } from '../http/connect.ts';
import type { Command, Context } from '../types.ts';
import { UsageError } from '../usage-error.ts';

export const key: Command = {
  name: 'key',
  summary: { en: 'Make and revoke API keys.', fr: 'Créer et révoquer des clés d’API.' },
  details: {
    en: 'A key acts as its person, within the limits it is given; without --right it can use models and administer nothing. It is shown once. At the console of a server with accounts, --for says whose it is.',
    fr: 'Une clé agit comme sa personne, dans les limites qu’on lui donne ; sans --right elle peut utiliser les modèles et n’administre rien. Elle est montrée une fois. À la console d’un serveur qui a des comptes, --for dit à qui elle est.',
  },
  arguments: [
    {
      name: { en: 'ACTION', fr: 'ACTION' },
      about: {
        en: 'list, create, revoke or rotate; list when absent.',
        fr: 'list, create, revoke ou rotate ; list en son absence.',
      },
      optional: true,
      complete: ['list', 'create', 'revoke', 'rotate'],
    },
    {
      name: { en: 'KEY', fr: 'CLÉ' },
      about: {
        en: 'Name of a new key; id or first characters of one that exists.',
        fr: 'Nom d’une nouvelle clé ; identifiant ou premiers caractères d’une clé existante.',
      },
      optional: true,
    },
  ],
  options: [
    { name: 'for', value: { en: 'NAME', fr: 'NOM' }, about: { en: 'Whose key it is.', fr: 'À qui est la clé.' } },
    {
      name: 'expires',
      value: { en: 'TIME', fr: 'DURÉE' },
      about: {
        en: 'Lifetime such as 90d, or a date such as 2027-01-31.',
        fr: 'Durée telle que 90d, ou date telle que 2027-01-31.',
      },
    },
    {
      name: 'model',
      value: { en: 'MODELS', fr: 'MODÈLES' },
      about: {
        en: 'Models it is limited to, separated by commas; a name may end in "*".',
        fr: 'Modèles auxquels elle se limite, séparés par des virgules ; un nom peut finir par « * ».',
      },
    },
    {
      name: 'destination',
      value: { en: 'PLACES', fr: 'LIEUX' },
      about: {
        en: 'Destinations it is limited to, separated by commas.',
        fr: 'Destinations auxquelles elle se limite, séparées par des virgules.',
      },
    },
    {
      name: 'ceiling',
      value: { en: 'LABEL', fr: 'MARQUAGE' },
      about: {
        en: 'Highest label it may handle, such as INTERNE.',
        fr: 'Marquage le plus haut qu’elle peut traiter, tel que INTERNE.',
      },
    },
    {
      name: 'right',
      value: { en: 'RIGHTS', fr: 'DROITS' },
      about: {
        en: 'Rights it carries of its person’s, separated by commas.',
        fr: 'Droits de sa personne qu’elle porte, séparés par des virgules.',
      },
    },
  ],
  examples: [
    {
      line: 'intramuros key create notebook --expires 90d --model "mistral/*"',
      about: { en: 'a limited key', fr: 'une clé limitée' },
    },
  ],
  run: (context) => runAction(context, 'key', { list, create, revoke, rotate }),
};

/** Keys that whoever calls may see: everybody's at the console, else their own. */
async function visible(
  context: Context,
  server: ServerClient,
): Promise<{ readonly all: boolean; readonly keys: readonly KeyRow[] }> {
  const { who } = await sessionOf(context, server);
  const all = who?.kind === 'owner';
  const { keys } = await call<{ keys: KeyRow[] }>(context, server, 'GET', all ? '/api/keys' : '/api/me/keys');
  return { all, keys };
}

async function list(context: Context): Promise<number> {
  const server = await getServer(context);
  const { all, keys } = await visible(context, server);
  const people = all ? await listPeople(context, server) : [];
  const names = new Map(people.map(({ id, name }) => [id, name]));
  const rows = keys.map((item) => [
    item.id,
    item.name,
    `${item.prefix}…`,
    names.get(item.personId) ?? item.personId,
    [item.models?.join(' ') ?? '', labelText(item.ceiling)].filter(Boolean).join(', '),
    timeText(item.lastUsedAt, context),
    stateOf(item, context),
  ]);
  const columns = [
    { title: { en: 'ID', fr: 'ID' } },
    { title: { en: 'NAME', fr: 'NOM' }, flexible: true },
    { title: { en: 'BEGINS', fr: 'DÉBUT' } },
    { title: { en: 'WHOSE', fr: 'À QUI' } },
    { title: { en: 'LIMITS', fr: 'LIMITES' }, flexible: true },
    { title: { en: 'LAST USED', fr: 'DERNIER USAGE' } },
    { title: { en: 'STATE', fr: 'ÉTAT' } },
  ];
  return showTable(context, { keys }, columns, rows, {
    en: 'There is no key. Make one: intramuros key create NAME.',
    fr: 'Il n’y a pas de clé. Créez-en une : intramuros key create NOM.',
  });
}

function stateOf({ revokedAt, expiresAt }: KeyRow, context: Context): string {
  if (revokedAt !== null) return context.say({ en: 'revoked', fr: 'révoquée' });
  if (expiresAt === null) return context.say({ en: 'valid', fr: 'valable' });
  const until = timeText(expiresAt, context);
  return Date.parse(expiresAt) < Date.now()
    ? context.say({ en: `expired ${until}`, fr: `expirée le ${until}` })
    : context.say({ en: `until ${until}`, fr: `jusqu’au ${until}` });
}

function expiry(context: Context): string | undefined {
  const text = context.flags.text('expires');
  if (text === undefined) return undefined;
  const ms = /^\d{4}-\d{2}-\d{2}$/.test(text)
    ? Date.parse(`${text}T23:59:59Z`)
    : Date.now() + (parseDurationMs(text) ?? Number.NaN);
  if (Number.isFinite(ms)) return new Date(ms).toISOString();
  throw new UsageError(
    {
      en: `--expires wants a lifetime such as 90d or a date such as 2027-01-31, found "${text}".`,
      fr: `--expires attend une durée telle que 90d ou une date telle que 2027-01-31, trouvé « ${text} ».`,
    },
    'key',
  );
}

async function create(context: Context, [given]: readonly string[]): Promise<number> {
  const name = needed(given, { en: 'a name for the key', fr: 'un nom pour la clé' }, 'key');
  const wanted = {
    name,
    expiresAt: expiry(context),
    models: listFlag(context, 'model'),
    destinations: listFlag(context, 'destination'),
    ceiling: labelFlag(context, 'ceiling'),
    rights: listFlag(context, 'right'),
  };
  const server = await getServer(context);
  const whose = context.flags.text('for');
  const made =
    whose === undefined
      ? await call<KeyRow & { key: string }>(context, server, 'POST', '/api/me/keys', wanted)
      : await call<KeyRow & { key: string }>(context, server, 'POST', '/api/keys', {
          ...wanted,
          personId: personNamed(await listPeople(context, server), whose).id,
        });
  return showSecret(context, made, made.key, {
    en: `The key ${name} is made (${made.id}), shown this once:`,
    fr: `La clé ${name} est créée (${made.id}), montrée cette seule fois :`,
  });
}

async function find(
  context: Context,
  server: ServerClient,
  given: string | undefined,
): Promise<{ readonly all: boolean; readonly key: KeyRow }> {
  const text = needed(given, { en: 'the id of the key', fr: 'l’identifiant de la clé' }, 'key');
  const { all, keys } = await visible(context, server);
  const exact = keys.filter(({ id }) => id === text);
  const near = exact.length > 0 ? exact : keys.filter(({ prefix, name }) => prefix === text || name === text);
  if (near[0] && near.length === 1) return { all, key: near[0] };
  throw new UsageError(
    {
      en: `${near.length === 0 ? 'No key' : 'More than one key'} is called "${text}". See the ids: intramuros key list.`,
      fr: `${near.length === 0 ? 'Aucune clé ne s’appelle' : 'Plusieurs clés s’appellent'} « ${text} ». Les identifiants : intramuros key list.`,
    },
    'key',
  );
}

async function revoke(context: Context, [given]: readonly string[]): Promise<number> {
  const server = await getServer(context);
  const { all, key: found } = await find(context, server, given);
  await call(context, server, 'DELETE', `${all ? '/api/keys' : '/api/me/keys'}/${found.id}`);
  return showDone(
    context,
    { revoked: found.id },
    {
      en: `The key ${found.name} no longer works.`,
      fr: `La clé ${found.name} ne vaut plus.`,
    },
  );
}

async function rotate(context: Context, [given]: readonly string[]): Promise<number> {
  const server = await getServer(context);
  const { all, key: found } = await find(context, server, given);
  const path = `${all ? '/api/keys' : '/api/me/keys'}/${found.id}/rotate`;
  const made = await call<KeyRow & { key: string }>(context, server, 'POST', path);
  return showSecret(context, made, made.key, {
    en: `The key ${found.name} has a new secret, shown this once; the old one no longer works:`,
    fr: `La clé ${found.name} a un nouveau secret, montré cette seule fois ; l’ancien ne vaut plus :`,
  });
}
