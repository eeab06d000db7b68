import dns from 'node:dns';
import { isIP } from 'node:net';
import { isPassing } from './passage.ts';
import { patchMethod } from './patch.ts';
import type { Judge, Patch } from './types.ts';

const questions = [
  'lookup',
  'lookupService',
  'resolve',
  'resolve4',
  'resolve6',
  'resolveAny',
  'resolveCaa',
  'resolveCname',
  'resolveMx',
  'resolveNaptr',
  'resolveNs',
  'resolvePtr',
  'resolveSoa',
  'resolveSrv',
  'resolveTlsa',
  'resolveTxt',
  'reverse',
] as const;

/** Questions to DNS servers: a name that is asked for is itself a way out. The system's own look-up of this machine passes. */
export function guardNames(judge: Judge): Patch[] {
  const owners = [
    ['dns', dns, false],
    ['dns.promises', dns.promises, true],
    ['dns.Resolver', dns.Resolver.prototype, false],
    ['dns.promises.Resolver', dns.promises.Resolver.prototype, true],
  ] as const;
  return owners.flatMap(([name, owner, promised]) =>
    questions.flatMap((key) =>
      patchMethod(`${name}.${key}`, owner, key, (original) => {
        return function (this: unknown, ...args: unknown[]) {
          const host = String(args[0] ?? '');
          const isQuiet = key === 'lookup' && (host === '' || isIP(host) !== 0);
          const passes = isPassing() || isQuiet || judge.mayDial('dns', key === 'lookup' ? host : `${host}.`, 53);
          if (passes) return original.apply(this, args);
          const error = judge.refusal('dns', host);
          if (promised) return Promise.reject(error);
          const done = args.at(-1);
          if (typeof done !== 'function') throw error;
          process.nextTick(() => done(error));
          return {};
        };
      }),
    ),
  );
}
