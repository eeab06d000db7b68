import { listFlag, needed, runAction } from '../admin/actions.ts';
import { showDone, showTable } from '../admin/show.ts';
import { call, type GroupRow, groupNamed, listGroups, listPeople, personNamed } from '../admin/wire.ts';
import type { ServerClient } from '../http/client.ts';
import { getServer } from '../http/connect.ts';
import type { Command, Context } from '../types.ts';

const which = { en: 'the title of the group', fr: 'le titre du groupe' };

export const group: Command = {
  name: 'group',
  summary: { en: 'Manage groups of people.', fr: 'Gérer les groupes de personnes.' },
  details: {
    en: 'The roles and compartments of a group are those of its members. A group with an external name gets its members from the provider or directory at each sign-in.',
    fr: 'Les rôles et compartiments d’un groupe valent pour ses membres. Un groupe qui a un nom externe reçoit ses membres du fournisseur ou de l’annuaire à chaque connexion.',
  },
  arguments: [
    {
      name: { en: 'ACTION', fr: 'ACTION' },
      about: {
        en: 'list, add, set, join, leave or remove; list when absent.',
        fr: 'list, add, set, join, leave ou remove ; list en son absence.',
      },
      optional: true,
      complete: ['list', 'add', 'set', 'join', 'leave', 'remove'],
    },
    {
      name: { en: 'GROUP', fr: 'GROUPE' },
      about: { en: 'Title of the group.', fr: 'Titre du groupe.' },
      optional: true,
    },
    {
      name: { en: 'NAME', fr: 'NOM' },
      about: { en: 'Who joins or leaves.', fr: 'Qui entre ou sort.' },
      optional: true,
    },
  ],
  options: [
    {
      name: 'title',
      value: { en: 'TEXT', fr: 'TEXTE' },
      about: { en: 'New title.', fr: 'Nouveau titre.' },
    },
    {
      name: 'role',
      value: { en: 'ROLES', fr: 'RÔLES' },
      about: {
        en: 'Roles of its members, separated by commas.',
        fr: 'Rôles de ses membres, séparés par des virgules.',
      },
    },
    {
      name: 'compartment',
      value: { en: 'NAMES', fr: 'NOMS' },
      about: {
        en: 'Need-to-know compartments of its members, separated by commas.',
        fr: 'Compartiments du besoin d’en connaître de ses membres, séparés par des virgules.',
      },
    },
    {
      name: 'external-name',
      value: { en: 'NAME', fr: 'NOM' },
      about: {
        en: 'Its name at the provider or directory; empty for none.',
        fr: 'Son nom chez le fournisseur ou l’annuaire ; vide pour aucun.',
      },
    },
  ],
  examples: [
    {
      line: 'intramuros group add rh --compartment rh',
      about: { en: 'a group with a compartment', fr: 'un groupe avec un compartiment' },
    },
    { line: 'intramuros group join rh bob', about: { en: 'bob enters', fr: 'bob y entre' } },
  ],
  run: (context) =>
    runAction(context, 'group', {
      list,
      add,
      set: change,
      join: (c, args) => move(c, args, true),
      leave: (c, args) => move(c, args, false),
      remove,
    }),
};

async function list(context: Context): Promise<number> {
  const server = await getServer(context);
  const [groups, people] = await Promise.all([listGroups(context, server), listPeople(context, server)]);
  const names = new Map(people.map(({ id, name }) => [id, name]));
  const rows = groups.map((item) => [
    item.title,
    item.members.map((id) => names.get(id) ?? id).join(', '),
    item.roles.join(' '),
    item.compartments.join(' '),
    item.externalName ?? '',
  ]);
  const columns = [
    { title: { en: 'GROUP', fr: 'GROUPE' } },
    { title: { en: 'MEMBERS', fr: 'MEMBRES' }, flexible: true },
    { title: { en: 'ROLES', fr: 'RÔLES' }, flexible: true },
    { title: { en: 'COMPARTMENTS', fr: 'COMPARTIMENTS' } },
    { title: { en: 'EXTERNAL NAME', fr: 'NOM EXTERNE' }, flexible: true },
  ];
  return showTable(context, { groups }, columns, rows, {
    en: 'There is no group. Make one: intramuros group add TITLE.',
    fr: 'Il n’y a pas de groupe. Créez-en un : intramuros group add TITRE.',
  });
}

const fields = (context: Context): object => {
  const external = context.flags.text('external-name');
  return {
    roles: listFlag(context, 'role'),
    compartments: listFlag(context, 'compartment'),
    ...(external === undefined ? {} : { externalName: external === '' ? null : external }),
  };
};

async function add(context: Context, [given]: readonly string[]): Promise<number> {
  const title = needed(given, which, 'group');
  const server = await getServer(context);
  const made = await call<GroupRow>(context, server, 'POST', '/api/groups', { title, ...fields(context) });
  return showDone(context, made, { en: `The group ${title} is made.`, fr: `Le groupe ${title} est créé.` });
}

async function find(context: Context, server: ServerClient, title: string | undefined): Promise<GroupRow> {
  return groupNamed(await listGroups(context, server), needed(title, which, 'group'));
}

async function change(context: Context, [title]: readonly string[]): Promise<number> {
  const server = await getServer(context);
  const { id, version, title: was } = await find(context, server, title);
  const body = { version, title: context.flags.text('title'), ...fields(context) };
  const changed = await call<GroupRow>(context, server, 'PATCH', `/api/groups/${id}`, body);
  return showDone(context, changed, { en: `The group ${was} is changed.`, fr: `Le groupe ${was} est modifié.` });
}

async function move(context: Context, [title, name]: readonly string[], inside: boolean): Promise<number> {
  const server = await getServer(context);
  const found = await find(context, server, title);
  const who = needed(name, { en: 'the sign-in name', fr: 'le nom de connexion' }, 'group');
  const person = personNamed(await listPeople(context, server), who);
  const others = found.members.filter((id) => id !== person.id);
  const members = inside ? [...others, person.id] : others;
  const path = `/api/groups/${found.id}`;
  const changed = await call<GroupRow>(context, server, 'PATCH', path, { version: found.version, members });
  const words = inside
    ? { en: `${person.name} is in ${found.title}.`, fr: `${person.name} est dans ${found.title}.` }
    : { en: `${person.name} is no longer in ${found.title}.`, fr: `${person.name} n’est plus dans ${found.title}.` };
  return showDone(context, changed, words);
}

async function remove(context: Context, [title]: readonly string[]): Promise<number> {
  const server = await getServer(context);
  const found = await find(context, server, title);
  await call(context, server, 'DELETE', `/api/groups/${found.id}`);
  return showDone(
    context,
    { removed: found.title },
    {
      en: `The group ${found.title} is removed.`,
      fr: `Le groupe ${found.title} est supprimé.`,
    },
  );
}
