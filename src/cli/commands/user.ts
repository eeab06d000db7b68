import { labelFlag, labelText, listFlag, needed, runAction, timeText } from '../admin/actions.ts';
import { newPassword, passwordFromInput } from '../admin/secrets.ts';
import { showDone, showSecret, showTable } from '../admin/show.ts';
import {
  call,
  groupNamed,
  listGroups,
  listPeople,
  type PersonRow,
  personNamed,
  type OpenSessionRow as SessionRow,
  sessionOf,
} from '../admin/wire.ts';
import type { ServerClient } from '../http/client.ts';
import { getServer } from '../http/connect.ts';
import type { Command, Context } from '../types.ts';
import { UsageError } from '../usage-error.ts';

const who = { en: 'the sign-in name', fr: 'le nom de connexion' };

export const user: Command = {
  name: 'user',
  summary: { en: 'Manage the accounts of people.', fr: 'Gérer les comptes des personnes.' },
  details: {
    en: 'Works with the running server. On its own machine the operating-system user of the server is its owner whatever became of the passwords: "intramuros user password NAME" recovers a lost one. The first account is the administrator: "intramuros user add NAME --administrator".',
    fr: 'Travaille avec le serveur en marche. Sur sa propre machine, l’utilisateur système du serveur en est le propriétaire quoi qu’il soit advenu des mots de passe : « intramuros user password NOM » en rétablit un qui est perdu. Le premier compte est l’administrateur : « intramuros user add NOM --administrator ».',
  },
  arguments: [
    {
      name: { en: 'ACTION', fr: 'ACTION' },
      about: {
        en: 'list, add, show, set, enable, disable, password, sessions, sign-out or remove; list when absent.',
        fr: 'list, add, show, set, enable, disable, password, sessions, sign-out ou remove ; list en son absence.',
      },
      optional: true,
      complete: ['list', 'add', 'show', 'set', 'enable', 'disable', 'password', 'sessions', 'sign-out', 'remove'],
    },
    { name: { en: 'NAME', fr: 'NOM' }, about: { en: 'Sign-in name.', fr: 'Nom de connexion.' }, optional: true },
    {
      name: { en: 'SESSION', fr: 'SESSION' },
      about: {
        en: 'The session that "sign-out" ends; all of them when absent.',
        fr: 'La session que « sign-out » ferme ; toutes en son absence.',
      },
      optional: true,
    },
  ],
  options: [
    {
      name: 'administrator',
      about: { en: 'Give every right of administration.', fr: 'Donner tous les droits d’administration.' },
    },
    {
      name: 'password-stdin',
      about: {
        en: 'Read the password from standard input; without it one is made and shown once.',
        fr: 'Lire le mot de passe sur l’entrée standard ; sans cela un est créé et montré une fois.',
      },
    },
    {
      name: 'display-name',
      value: { en: 'TEXT', fr: 'TEXTE' },
      about: { en: 'Name that pages show.', fr: 'Nom que montrent les pages.' },
    },
    {
      name: 'email',
      value: { en: 'ADDRESS', fr: 'ADRESSE' },
      about: { en: 'Address of mail.', fr: 'Adresse électronique.' },
    },
    {
      name: 'role',
      value: { en: 'ROLES', fr: 'RÔLES' },
      about: { en: 'Roles, separated by commas.', fr: 'Rôles, séparés par des virgules.' },
    },
    {
      name: 'group',
      value: { en: 'GROUPS', fr: 'GROUPES' },
      about: { en: 'Groups, separated by commas.', fr: 'Groupes, séparés par des virgules.' },
    },
    {
      name: 'ceiling',
      value: { en: 'LABEL', fr: 'MARQUAGE' },
      about: {
        en: 'Highest label, such as SENSIBLE or "SP;mentions=PII"; "none" lifts it.',
        fr: 'Marquage le plus haut, tel que SENSIBLE ou "SP;mentions=PII" ; "none" le lève.',
      },
    },
  ],
  examples: [
    {
      line: 'intramuros user add alice --administrator',
      about: { en: 'the first account', fr: 'le premier compte' },
    },
    {
      line: 'intramuros user add bob --role member --group rh',
      about: { en: 'a colleague', fr: 'un collègue' },
    },
    {
      line: 'intramuros user password alice',
      about: {
        en: 'recover a lost password, at the server’s console',
        fr: 'rétablir un mot de passe perdu, à la console du serveur',
      },
    },
  ],
  run: (context) =>
    runAction(context, 'user', {
      list,
      add,
      show,
      set: change,
      enable: (c, [name]) => disable(c, name, false),
      disable: (c, [name]) => disable(c, name, true),
      password,
      sessions,
      'sign-out': signOut,
      remove,
    }),
};

async function list(context: Context): Promise<number> {
  const server = await getServer(context);
  const [people, groups] = await Promise.all([listPeople(context, server), listGroups(context, server)]);
  const titles = new Map(groups.map(({ id, title }) => [id, title]));
  const rows = people.map((person) => [
    person.name,
    person.displayName,
    person.roles.join(' '),
    person.groups.map((id) => titles.get(id) ?? id).join(', '),
    person.disabled ? context.say({ en: 'disabled', fr: 'désactivé' }) : person.origin,
    timeText(person.lastSeenAt, context),
  ]);
  const columns = [
    { title: { en: 'NAME', fr: 'NOM' } },
    { title: { en: 'SHOWN AS', fr: 'AFFICHÉ' }, flexible: true },
    { title: { en: 'ROLES', fr: 'RÔLES' }, flexible: true },
    { title: { en: 'GROUPS', fr: 'GROUPES' }, flexible: true },
    { title: { en: 'STATE', fr: 'ÉTAT' } },
    { title: { en: 'LAST SEEN', fr: 'VU LE' } },
  ];
  return showTable(context, { people }, columns, rows, {
    en: 'There is no account: whoever sits at this machine is its owner. Make the first: intramuros user add NAME --administrator.',
    fr: 'Il n’y a pas de compte : qui est devant cette machine en est le propriétaire. Créez le premier : intramuros user add NOM --administrator.',
  });
}

/** Groups by title, as the ids that the server wants. */
async function groupIds(context: Context, server: ServerClient): Promise<string[] | undefined> {
  const titles = listFlag(context, 'group');
  if (titles === undefined) return undefined;
  const groups = await listGroups(context, server);
  return titles.map((title) => groupNamed(groups, title).id);
}

async function add(context: Context, [given]: readonly string[]): Promise<number> {
  const name = needed(given, who, 'user');
  const own = await passwordFromInput(context);
  const server = await getServer(context);
  const { mode } = await sessionOf(context, server);
  const administrator = context.flags.has('administrator');
  const displayName = context.flags.text('display-name');
  const secret = own ?? newPassword();
  if (mode === 'single' && !administrator) {
    throw new UsageError(
      {
        en: 'The first account is the administrator: add --administrator.',
        fr: 'Le premier compte est l’administrateur : ajoutez --administrator.',
      },
      'user',
    );
  }
  const roles = [...(listFlag(context, 'role') ?? []), ...(administrator ? ['owner'] : [])];
  const person =
    mode === 'single'
      ? await call<object>(context, server, 'POST', '/api/setup/administrator', { name, displayName, password: secret })
      : await call<object>(context, server, 'POST', '/api/people', {
          name,
          displayName,
          password: secret,
          email: context.flags.text('email'),
          ...(roles.length > 0 ? { roles } : {}),
          groups: await groupIds(context, server),
          ceiling: labelFlag(context, 'ceiling'),
        });
  if (own !== undefined) {
    return showDone(context, person, { en: `The account ${name} is made.`, fr: `Le compte ${name} est créé.` });
  }
  return showSecret(context, { ...person, password: secret }, secret, {
    en: `The account ${name} is made. Its password, shown this once:`,
    fr: `Le compte ${name} est créé. Son mot de passe, montré cette seule fois :`,
  });
}

async function find(context: Context, server: ServerClient, name: string | undefined): Promise<PersonRow> {
  return personNamed(await listPeople(context, server), needed(name, who, 'user'));
}

async function show(context: Context, [name]: readonly string[]): Promise<number> {
  const server = await getServer(context);
  const person = await find(context, server, name);
  const groups = await listGroups(context, server);
  const titles = person.groups.map((id) => groups.find((group) => group.id === id)?.title ?? id);
  const rows = [
    [context.say({ en: 'name', fr: 'nom' }), person.name],
    [context.say({ en: 'shown as', fr: 'affiché' }), person.displayName],
    [context.say({ en: 'mail', fr: 'courriel' }), person.email ?? ''],
    [context.say({ en: 'signs in by', fr: 'connexion par' }), person.origin],
    [context.say({ en: 'roles', fr: 'rôles' }), person.roles.join(' ')],
    [context.say({ en: 'groups', fr: 'groupes' }), titles.join(', ')],
    [context.say({ en: 'highest label', fr: 'marquage le plus haut' }), labelText(person.ceiling)],
    [
      context.say({ en: 'disabled', fr: 'désactivé' }),
      context.say(person.disabled ? { en: 'yes', fr: 'oui' } : { en: 'no', fr: 'non' }),
    ],
    [context.say({ en: 'made', fr: 'créé' }), timeText(person.createdAt, context)],
    [context.say({ en: 'last seen', fr: 'vu le' }), timeText(person.lastSeenAt, context)],
  ];
  const columns = [{ title: { en: 'ACCOUNT', fr: 'COMPTE' } }, { title: { en: '', fr: '' }, flexible: true }];
  return showTable(context, person, columns, rows, { en: '', fr: '' });
}

async function change(context: Context, [name]: readonly string[]): Promise<number> {
  const server = await getServer(context);
  const person = await find(context, server, name);
  const roles =
    listFlag(context, 'role') ?? (context.flags.has('administrator') ? [...person.roles, 'owner'] : undefined);
  const changed = await call<PersonRow>(context, server, 'PATCH', `/api/people/${person.id}`, {
    version: person.version,
    displayName: context.flags.text('display-name'),
    email: context.flags.text('email'),
    roles,
    groups: await groupIds(context, server),
    ceiling: labelFlag(context, 'ceiling'),
  });
  return showDone(context, changed, {
    en: `The account ${person.name} is changed.`,
    fr: `Le compte ${person.name} est modifié.`,
  });
}

async function disable(context: Context, name: string | undefined, disabled: boolean): Promise<number> {
  const server = await getServer(context);
  const person = await find(context, server, name);
  const path = `/api/people/${person.id}`;
  const changed = await call<PersonRow>(context, server, 'PATCH', path, { version: person.version, disabled });
  const words = disabled
    ? {
        en: `The account ${person.name} is disabled: its sessions have ended, its keys no longer work.`,
        fr: `Le compte ${person.name} est désactivé : ses sessions ont pris fin, ses clés ne valent plus.`,
      }
    : { en: `The account ${person.name} is enabled.`, fr: `Le compte ${person.name} est activé.` };
  return showDone(context, changed, words);
}

async function password(context: Context, [name]: readonly string[]): Promise<number> {
  const server = await getServer(context);
  const person = await find(context, server, name);
  const reset = await call<{ password: string }>(context, server, 'POST', `/api/people/${person.id}/password`);
  return showSecret(context, reset, reset.password, {
    en: `The new password of ${person.name}, shown this once; their sessions have ended:`,
    fr: `Le nouveau mot de passe de ${person.name}, montré cette seule fois ; ses sessions ont pris fin :`,
  });
}

async function sessions(context: Context, [name]: readonly string[]): Promise<number> {
  const server = await getServer(context);
  const person = await find(context, server, name);
  const found = await call<{ sessions: SessionRow[] }>(context, server, 'GET', `/api/people/${person.id}/sessions`);
  const rows = found.sessions.map(({ id, address, origin, createdAt, lastSeenAt }) => {
    return [id, address ?? '', origin, timeText(createdAt, context), timeText(lastSeenAt, context)];
  });
  const columns = [
    { title: { en: 'SESSION', fr: 'SESSION' } },
    { title: { en: 'FROM', fr: 'DEPUIS' }, flexible: true },
    { title: { en: 'SIGNED IN BY', fr: 'CONNEXION PAR' } },
    { title: { en: 'SINCE', fr: 'OUVERTE LE' } },
    { title: { en: 'LAST SEEN', fr: 'VUE LE' } },
  ];
  return showTable(context, found, columns, rows, {
    en: `${person.name} is signed in nowhere.`,
    fr: `${person.name} n’est connecté nulle part.`,
  });
}

async function signOut(context: Context, [name, session]: readonly string[]): Promise<number> {
  const server = await getServer(context);
  const person = await find(context, server, name);
  const one = session === undefined ? '' : `/${encodeURIComponent(session)}`;
  await call(context, server, 'DELETE', `/api/people/${person.id}/sessions${one}`);
  const ended = { signedOut: person.name, ...(session === undefined ? {} : { session }) };
  const words =
    session === undefined
      ? { en: `${person.name} is signed out everywhere.`, fr: `${person.name} est déconnecté partout.` }
      : { en: 'The session has ended.', fr: 'La session a pris fin.' };
  return showDone(context, ended, words);
}

async function remove(context: Context, [name]: readonly string[]): Promise<number> {
  const server = await getServer(context);
  const person = await find(context, server, name);
  await call(context, server, 'DELETE', `/api/people/${person.id}`);
  return showDone(
    context,
    { removed: person.name },
    {
      en: `The account ${person.name} is removed with its keys, sessions and conversations.`,
      fr: `Le compte ${person.name} est supprimé avec ses clés, ses sessions et ses conversations.`,
    },
  );
}
