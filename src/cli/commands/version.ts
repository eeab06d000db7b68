import type { Command } from '../types.ts';

export const version: Command = {
  name: 'version',
  summary: { en: 'Show the version.', fr: 'Afficher la version.' },
  async run(context) {
    if (context.json) context.printJson({ version: context.house.version, node: process.versions.node });
    else context.print(`intramuros ${context.house.version}`);
    return 0;
  },
};
