import { listFlag, needed, runAction } from '../admin/actions.ts';
import { showDone, showTable } from '../admin/show.ts';
import { call, listRoles, type RoleRow } from '../admin/wire.ts';
import { getServer } from '../http/connect.ts';
import type { Command, Context } from '../types.ts';

const which = { en: 'the name of the role', fr: 'le nom du rôle' };

export const role: Command = {
  name: 'role',
  summary: { en: 'Manage roles: what people may do.', fr: 'Gérer les rôles : ce que les personnes peuvent faire.' },
  details: {
    en: 'An entry is a right such as model.use, "*", "admin.*", or a right for some resources such as model.use:mistral/*. What one role of a person denies, no other allows.',
    fr: 'Une entrée est un droit tel que model.use, "*", "admin.*", ou un droit pour certaines ressources tel que model.use:mistral/*. Ce qu’un rôle d’une personne interdit, aucun autre ne le permet.',
  },
  arguments: [
    {
      name: { en: 'ACTION', fr: 'ACTION' },
      about: { en: 'list, set or remove; list when absent.', fr: 'list, set ou remove ; list en son absence.' },
      optional: true,
      complete: ['list', 'set', 'remove'],
    },
    { name: { en: 'ROLE', fr: 'RÔLE' }, about: { en: 'Name of the role.', fr: 'Nom du rôle.' }, optional: true },
  ],
  options: [
    {
      name: 'title',
      value: { en: 'TEXT', fr: 'TEXTE' },
      about: { en: 'Name that pages show.', fr: 'Nom que montrent les pages.' },
    },
    {
      name: 'allow',
      value: { en: 'RIGHTS', fr: 'DROITS' },
      about: { en: 'What it allows, separated by commas.', fr: 'Ce qu’il permet, séparé par des virgules.' },
    },
    {
      name: 'deny',
      value: { en: 'RIGHTS', fr: 'DROITS' },
      about: { en: 'What it denies, separated by commas.', fr: 'Ce qu’il interdit, séparé par des virgules.' },
    },
  ],
  examples: [
    {
      line: 'intramuros role set no-saas --deny destination.use:saas-*',
      about: { en: 'a role that takes away', fr: 'un rôle qui retire' },
    },
  ],
  run: (context) => runAction(context, 'role', { list, set: put, remove }),
};

async function list(context: Context): Promise<number> {
  const roles = await listRoles(context, await getServer(context));
  const rows = roles.map((item) => [item.name, item.title, item.allow.join(' '), item.deny.join(' ')]);
  const columns = [
    { title: { en: 'ROLE', fr: 'RÔLE' } },
    { title: { en: 'TITLE', fr: 'TITRE' }, flexible: true },
    { title: { en: 'ALLOWS', fr: 'PERMET' }, flexible: true },
    { title: { en: 'DENIES', fr: 'INTERDIT' }, flexible: true },
  ];
  return showTable(context, { roles }, columns, rows, { en: 'There is no role.', fr: 'Il n’y a pas de rôle.' });
}

async function put(context: Context, [given]: readonly string[]): Promise<number> {
  const name = needed(given, which, 'role');
  const server = await getServer(context);
  const was = (await listRoles(context, server)).find((item) => item.name === name);
  const made = await call<RoleRow>(context, server, 'PUT', `/api/roles/${encodeURIComponent(name)}`, {
    title: context.flags.text('title') ?? was?.title ?? name,
    allow: listFlag(context, 'allow') ?? was?.allow ?? [],
    deny: listFlag(context, 'deny') ?? was?.deny ?? [],
    ...(was === undefined ? {} : { version: was.version }),
  });
  return showDone(context, made, { en: `The role ${name} is in force.`, fr: `Le rôle ${name} est en vigueur.` });
}

async function remove(context: Context, [given]: readonly string[]): Promise<number> {
  const name = needed(given, which, 'role');
  await call(context, await getServer(context), 'DELETE', `/api/roles/${encodeURIComponent(name)}`);
  return showDone(
    context,
    { removed: name },
    { en: `The role ${name} is removed.`, fr: `Le rôle ${name} est supprimé.` },
  );
}
