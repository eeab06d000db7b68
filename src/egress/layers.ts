import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Audit } from '../audit/index.ts';
import type { Clock, Logger } from '../base/index.ts';
import { isConfined } from '../base/index.ts';
import { doorPorts } from './door-sockets.ts';
import type { Guard } from './guard/index.ts';
import { type KernelConnection, kernelConnections } from './kernel-view.ts';
import type { Egress } from './types.ts';

/** One of the layers that stop what no decision explains. */
export interface EgressLayer {
  readonly name: 'door' | 'guard' | 'engine' | 'database' | 'host';
  readonly active: boolean;
  /** What was looked at just now, and what it said. */
  readonly words: string;
}

/** The door as those who administer it see it. */
export interface EgressHouse
  extends Pick<Egress, 'offline' | 'allowList' | 'totals' | 'page' | 'unexplainedBytes'>,
    AsyncDisposable {
  layers(): Promise<readonly EgressLayer[]>;
  /** Cuts or opens the way to other machines; on record before it is acknowledged. */
  setOffline(offline: boolean, by: string): Promise<void>;
}

export interface EgressHouseOptions {
  readonly egress: Egress;
  readonly audit: Pick<Audit, 'append' | 'note'>;
  readonly log: Logger;
  readonly clock: Clock;
  /** Of this process; undefined where none was installed. */
  readonly guard?: Guard | undefined;
  readonly databaseKind: 'pglite' | 'postgres';
  /** Ports of servers that parts of this program dial round the door: PostgreSQL. */
  readonly ownPorts?: readonly number[];
  readonly checkEveryMs?: number;
}

const checkEveryMs = 30_000;
const secondLookMs = 50;
/** An address that is nobody's (RFC 5737), on the port that throws away: the door must refuse it. */
const nowhere = { host: '192.0.2.1', port: 9, purpose: 'self-test' };

/** Watches the layers and works the switch: a layer that goes is in the log and on record within `checkEveryMs`. */
export function openEgressHouse(options: EgressHouseOptions): EgressHouse {
  const { egress, audit, log } = options;
  const gone = new Set<string>();
  const layers = async (): Promise<readonly EgressLayer[]> => checkLayers(options);
  const watch = async (): Promise<void> => {
    for (const { name, active, words } of await layers()) {
      if (name === 'host' || active === !gone.has(name)) continue;
      if (active) gone.delete(name);
      else gone.add(name);
      log[active ? 'info' : 'error']({ layer: name, words }, active ? 'a layer is back' : 'a layer is missing');
      audit.note({ kind: 'egress', actor: 'system', data: { layer: name, active, words } });
    }
  };
  const timer = setInterval(() => void watch(), options.checkEveryMs ?? checkEveryMs).unref();
  options.guard?.onRefusal(({ api, host, port }) => egress.refused({ purpose: `guard:${api}`, host, port }));
  return {
    get offline() {
      return egress.offline;
    },
    allowList: () => egress.allowList(),
    totals: () => egress.totals(),
    page: (query) => egress.page(query),
    unexplainedBytes: () => egress.unexplainedBytes(),
    layers,
    async setOffline(offline, by) {
      // Closing does not wait for the record; opening does.
      if (offline) await egress.setOffline(true);
      await audit.append({ kind: 'egress', actor: by, data: { offline } });
      if (!offline) await egress.setOffline(false);
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
    },
  };
}

async function checkLayers(options: EgressHouseOptions): Promise<EgressLayer[]> {
  const { guard, databaseKind } = options;
  return [await doorLayer(options), guardLayer(guard), engineLayer(), databaseLayer(databaseKind), hostLayer()];
}

async function doorLayer({ egress, ownPorts = [] }: EgressHouseOptions): Promise<EgressLayer> {
  let round = strangers(ownPorts);
  // One that was made between two events of the loop is the door's own: it is known a moment later.
  if (round.length > 0) {
    await delay(secondLookMs);
    const ports = new Set(round.map(({ localPort }) => localPort));
    round = strangers(ownPorts).filter(({ localPort }) => ports.has(localPort));
  }
  if (round.length > 0) {
    const [{ address, port }] = round as [KernelConnection];
    const count = `${round.length} connection${round.length > 1 ? 's' : ''}`;
    return { name: 'door', active: false, words: `${count} went round the door, one to ${address} port ${port}` };
  }
  const refuses = !egress.admits(nowhere);
  const bytes = egress.unexplainedBytes();
  const words = refuses ? 'an address without a decision is refused' : 'an address without a decision was let through';
  return {
    name: 'door',
    active: refuses && bytes === 0,
    words: bytes === 0 ? words : `${bytes} bytes are unexplained`,
  };
}

/** Connections of the kernel's table that the door did not open. */
function strangers(ownPorts: readonly number[]): KernelConnection[] {
  const found = kernelConnections() ?? [];
  const known = doorPorts();
  return found.filter(({ localPort, port }) => !known.has(localPort) && !ownPorts.includes(port));
}

function guardLayer(guard: Guard | undefined): EgressLayer {
  const gaps = guard?.gaps();
  const words =
    gaps === undefined
      ? 'not installed in this process'
      : gaps.length === 0
        ? 'every way out of the process but the door is refused'
        : `not guarded any more: ${gaps.join(', ')}`;
  return { name: 'guard', active: gaps?.length === 0, words };
}

/** Processes of the engine that run now, as the kernel describes them. */
function engineLayer(): EgressLayer {
  const name = 'engine';
  const running = engineProcesses();
  if (running === undefined) {
    return { name, active: false, words: `on ${process.platform} a process cannot be kept from opening sockets` };
  }
  const free = running.filter((pid) => isConfined(pid) === false);
  if (free.length > 0) return { name, active: false, words: `may open sockets: process ${free.join(', ')}` };
  if (running.length > 0) {
    return { name, active: true, words: `cannot open a network socket: process ${running.join(', ')}` };
  }
  return canConfine()
    ? { name, active: true, words: 'no model is loaded; its process will not be able to open a network socket' }
    : { name, active: false, words: 'this kernel has no filters for system calls (seccomp)' };
}

function databaseLayer(kind: 'pglite' | 'postgres'): EgressLayer {
  const name = 'database';
  if (kind === 'postgres')
    return { name, active: true, words: 'PostgreSQL is a server of its own, reached through the guard' };
  try {
    const confined = readdirSync('/proc/self/task').filter((id) => isConfined(`self/task/${id}`) === true);
    return confined.length > 0
      ? { name, active: true, words: 'the thread of the database cannot open a network socket' }
      : { name, active: false, words: 'the thread of the database may open sockets; only the guard holds it' };
  } catch {
    const words = `on ${process.platform} a thread cannot be kept from opening sockets; only the guard holds it`;
    return { name, active: false, words };
  }
}

/** Rules of the host cannot be tried from here without sending something: the unit that sets them says so. */
function hostLayer(): EgressLayer {
  const unit = process.env.INTRAMUROS_HOST_RULES;
  return {
    name: 'host',
    active: unit !== undefined && unit !== '',
    words: unit
      ? `declared by the service unit: ${unit}`
      : 'none declared; "intramuros egress rules systemd" writes them',
  };
}

/** Children of this process that run the engine; undefined where the system has no such list. */
function engineProcesses(): number[] | undefined {
  try {
    return readdirSync('/proc/self/task')
      .flatMap((task) => childrenOf(task))
      .filter((pid) => /[\\/]engine[\\/](?:process|tuned)[\\/]main\.[jt]s/.test(commandOf(pid)));
  } catch {
    return undefined;
  }
}

function childrenOf(task: string): number[] {
  try {
    const text = readFileSync(`/proc/self/task/${task}/children`, 'utf8').trim();
    return text === '' ? [] : text.split(' ').map(Number);
  } catch {
    return []; // the thread ended meanwhile
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return ''; // the process ended meanwhile
  }
}

function canConfine(): boolean {
  try {
    return readFileSync('/proc/sys/kernel/seccomp/actions_avail', 'utf8').includes('errno');
  } catch {
    return false;
  }
}
