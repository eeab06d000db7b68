import { showTable } from '../admin/show.ts';
import type { Command } from '../types.ts';

export const signin: Command = {
  name: 'signin',
  summary: {
    en: 'Check who else may say who somebody is.',
    fr: 'Vérifier qui d’autre peut dire qui est quelqu’un.',
  },
  details: {
    en: 'Reads signin.json of the data directory (OpenID Connect providers and an LDAP directory) as the server will at its next start, says what is wrong in it, and gives the address that is to be registered at each provider. Opens no connection.',
    fr: 'Lit signin.json dans le dossier des données (fournisseurs OpenID Connect et annuaire LDAP) comme le fera le serveur à son prochain démarrage, dit ce qui n’y va pas, et donne l’adresse à inscrire chez chaque fournisseur. N’ouvre aucune connexion.',
  },
  async run(context) {
    const { readSignInSettings } = await import('../../signin/index.ts');
    const { providers, directory } = readSignInSettings(context.home);
    const { publicUrl, host, port } = context.resolved().settings;
    const here = (publicUrl ?? `http://${host.includes(':') ? `[${host}]` : host}:${port}`).replace(/\/+$/, '');
    const ways = [
      ...providers.map(({ id, title, issuer }) => ({
        kind: 'oidc',
        id,
        title,
        where: issuer,
        callback: `${here}/api/session/oidc/${id}/callback`,
      })),
      ...(directory ? [{ kind: 'ldap', id: '', title: directory.baseDn, where: directory.url, callback: '' }] : []),
    ];
    const columns = [
      { title: { en: 'BY', fr: 'PAR' } },
      { title: { en: 'ID', fr: 'ID' } },
      { title: { en: 'TITLE', fr: 'TITRE' }, flexible: true },
      { title: { en: 'WHERE', fr: 'OÙ' } },
      { title: { en: 'TO REGISTER THERE', fr: 'À INSCRIRE LÀ-BAS' } },
    ];
    const rows = ways.map((way) => [way.kind, way.id, way.title, way.where, way.callback]);
    return showTable(context, { ways }, columns, rows, {
      en: 'There is no signin.json: people sign in with the passwords of their accounts here.',
      fr: 'Il n’y a pas de signin.json : les personnes se connectent avec le mot de passe de leur compte ici.',
    });
  },
};
