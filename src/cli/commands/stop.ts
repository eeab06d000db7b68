import { getServer } from '../http/connect.ts';
import { modelPath } from '../library.ts';
import type { Command } from '../types.ts';

export const stop: Command = {
  name: 'stop',
  summary: { en: 'Take a model out of memory.', fr: 'Retirer un modèle de la mémoire.' },
  arguments: [
    {
      name: { en: 'MODEL', fr: 'MODÈLE' },
      about: { en: 'Name of a model in memory.', fr: 'Nom d’un modèle en mémoire.' },
      complete: 'model',
    },
  ],
  async run(context) {
    const id = context.args[0] ?? '';
    const server = await getServer(context);
    await server.call('POST', modelPath(id, '/unload'), undefined, { signal: context.signal });
    if (context.json) context.printJson({ stopped: id });
    else context.note(context.say({ en: `${id} is out of memory.`, fr: `${id} n’est plus en mémoire.` }));
    return 0;
  },
};
