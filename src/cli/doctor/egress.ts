import type { EgressView } from '../commands/egress.ts';
import { findServer } from '../http/connect.ts';
import type { Context } from '../types.ts';
import type { Words } from '../words.ts';
import { type Finding, same } from './finding.ts';
import { inBoth } from './house.ts';

const titles: Readonly<Record<string, Words>> = {
  door: { en: 'Egress: door', fr: 'Sorties : porte' },
  guard: { en: 'Egress: guard of the server process', fr: 'Sorties : garde du processus serveur' },
  engine: { en: 'Egress: engine process', fr: 'Sorties : processus du moteur' },
  database: { en: 'Egress: database thread', fr: 'Sorties : fil de la base de données' },
  host: { en: 'Egress: rules of the host', fr: 'Sorties : règles de la machine' },
};

/** The layers that keep data in, each tried by the running server when asked. Rules of the host are a choice, not a lack. */
export async function egressFindings(context: Context): Promise<Finding[]> {
  const server = await findServer(context);
  if (server === undefined) {
    const found = {
      en: 'no server is running: its layers are tried when one does',
      fr: 'aucun serveur ne fonctionne : ses couches sont éprouvées quand il y en a un',
    };
    return [{ check: 'egress', state: 'ok', title: { en: 'Egress', fr: 'Sorties' }, found }];
  }
  try {
    const state = await server.call<EgressView>('GET', '/api/egress', undefined, { signal: context.signal });
    return [...state.layers.map(layerFinding), ...bytesFindings(state)];
  } catch (error) {
    context.signal.throwIfAborted();
    const remedy = {
      en: 'Use a key with the right "admin.egress".',
      fr: 'Utilisez une clé qui a le droit « admin.egress ».',
    };
    return [
      { check: 'egress', state: 'warning', title: { en: 'Egress', fr: 'Sorties' }, found: inBoth(error), remedy },
    ];
  }
}

function layerFinding({ name, active, words }: EgressView['layers'][number]): Finding {
  const base = { check: `egress-${name}`, title: titles[name] ?? same(name) };
  const mark = active ? { en: 'active', fr: 'active' } : { en: 'not active', fr: 'inactive' };
  const found = { en: `${mark.en}; ${words}`, fr: `${mark.fr} ; ${words}` };
  if (active || name === 'host') return { ...base, state: 'ok', found };
  const remedy = {
    en: 'Restart the server; if it stays, run it under the rules of the host: intramuros egress rules systemd.',
    fr: 'Redémarrez le serveur ; si cela demeure, placez-le sous les règles de la machine : intramuros egress rules systemd.',
  };
  return { ...base, state: process.platform === 'linux' ? 'problem' : 'warning', found, remedy };
}

function bytesFindings({ unexplainedBytes }: EgressView): Finding[] {
  if (unexplainedBytes === 0) return [];
  return [
    {
      check: 'egress-bytes',
      state: 'problem',
      title: { en: 'Egress: bytes', fr: 'Sorties : octets' },
      found: { en: `${unexplainedBytes} bytes have no decision`, fr: `${unexplainedBytes} octets sans décision` },
      remedy: {
        en: 'Cut the way out (intramuros egress offline on) and look: intramuros egress connections.',
        fr: 'Coupez la sortie (intramuros egress offline on) et regardez : intramuros egress connections.',
      },
    },
  ];
}
