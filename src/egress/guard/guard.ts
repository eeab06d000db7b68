import { syncBuiltinESMExports } from 'node:module';
import { BroadcastChannel, isMainThread } from 'node:worker_threads';
import { normalHost } from '../addresses.ts';
import { isLoopback } from '../loopback.ts';
import { denied } from '../refusal.ts';
import { refusalChannel } from './channel.ts';
import { guardNames } from './names.ts';
import { isPassing } from './passage.ts';
import { guardRequests } from './requests.ts';
import { guardTcp, guardUdp } from './sockets.ts';
import { guardNative, guardPrograms, guardThreads } from './starts.ts';
import type { Guard, GuardOptions, GuardRefusal, Judge, Patch } from './types.ts';

const mostKept = 1_000;

/**
 * Refuses and records every way out of this process or thread that does not begin at the door. Covers JavaScript: sockets,
 * names, requests, programs, threads, native addons, inner bindings. Listening, Unix sockets and this machine itself stay
 * free. Does not cover code that set out to undo it from inside, nor native code that is loaded already: those are for the
 * layers of the system (the filter of the engine's processes, the rules of the host).
 */
export function installGuard(
  options: GuardOptions = {},
  more: { readonly mayLoad?: (path: string) => boolean } = {},
): Guard {
  const kept: GuardRefusal[] = [];
  let listener: ((refusal: GuardRefusal) => void) | undefined;
  const record = (refusal: GuardRefusal): void => {
    if (listener) listener(refusal);
    else if (kept.length < mostKept) kept.push(refusal);
  };
  const judge = judgeOf(options, record);
  const patches: Patch[] = [
    ...guardTcp(judge),
    ...guardUdp(judge),
    ...guardNames(judge),
    ...guardRequests(judge),
    ...guardPrograms(judge),
    ...guardThreads(judge),
    ...guardNative(judge, more.mayLoad ?? (() => false)),
  ];
  syncBuiltinESMExports();
  const threads = listenToThreads(record);
  const expected = patches.length;
  return {
    onRefusal(next) {
      listener = next;
      for (const refusal of kept.splice(0)) next(refusal);
    },
    gaps() {
      const gaps = patches.filter((patch) => !patch.isInPlace()).map(({ name }) => name);
      return expected === 0 ? ['all'] : gaps;
    },
    remove() {
      for (const patch of patches) patch.remove();
      threads?.close();
      syncBuiltinESMExports();
    },
  };
}

/** What the guards of the threads refuse is told here; in a thread there is nobody to listen to. */
function listenToThreads(record: (refusal: GuardRefusal) => void): BroadcastChannel | undefined {
  if (!isMainThread) return undefined;
  const channel = new BroadcastChannel(refusalChannel);
  channel.onmessage = (event: unknown) => record((event as { readonly data: GuardRefusal }).data);
  channel.unref();
  return channel;
}

function judgeOf(options: GuardOptions, record: (refusal: GuardRefusal) => void): Judge {
  const hosts = (options.hosts ?? []).map(({ host, port }) => ({ host: normalHost(host) ?? host, port }));
  return {
    options,
    record,
    mayDial(api, asked, port) {
      const host = normalHost(asked) ?? asked;
      if (isPassing() || isLoopback(host)) return true;
      if (hosts.some((one) => one.host === host && (api === 'dns' || one.port === undefined || one.port === port)))
        return true;
      record({ api, host: asked.slice(0, 300), port: Number.isFinite(port) ? port : 0 });
      return false;
    },
    mayStart(api, what, allowed) {
      if (allowed || isPassing()) return true;
      record({ api, host: what.slice(0, 300), port: 0 });
      return false;
    },
    refusal: (_api, what) => denied(what, 'guard'),
  };
}
