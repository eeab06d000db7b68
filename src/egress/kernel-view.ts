import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { addressKind } from './addresses.ts';

/** A TCP connection of this process to another machine, as the kernel's own table has it. */
export interface KernelConnection {
  readonly localPort: number;
  readonly address: string;
  readonly port: number;
}

const established = '01';
const listening = '0A';

/**
 * The connections to other machines that this process holds, whoever opened them: JavaScript, native code, a
 * library. Those that came in at a port it listens on are left out. Undefined where the system has no such table.
 */
export function kernelConnections(): readonly KernelConnection[] | undefined {
  const inodes = socketInodes();
  if (inodes === undefined) return undefined;
  const rows = ['tcp', 'tcp6'].flatMap(readTable).filter(({ inode }) => inodes.has(inode));
  const ports = new Set(rows.filter(({ state }) => state === listening).map(({ localPort }) => localPort));
  return rows
    .filter(({ state, localPort, address }) => {
      return state === established && !ports.has(localPort) && addressKind(address) !== 'loopback';
    })
    .map(({ localPort, address, port }) => ({ localPort, address, port }));
}

function socketInodes(): Set<string> | undefined {
  try {
    const links = readdirSync('/proc/self/fd').map((fd) => linkOf(`/proc/self/fd/${fd}`));
    return new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []));
  } catch {
    return undefined;
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return ''; // closed meanwhile
  }
}

interface Row extends KernelConnection {
  readonly state: string;
  readonly inode: string;
}

function readTable(name: string): Row[] {
  let text = '';
  try {
    text = readFileSync(`/proc/self/net/${name}`, 'utf8');
  } catch {
    return []; // a machine without IPv6
  }
  return text
    .split('\n')
    .slice(1)
    .flatMap((line): Row[] => {
      const [, local = '', remote = '', state = '', , , , , , inode = ''] = line.trim().split(/\s+/);
      const [address = '', port = ''] = remote.split(':');
      if (port === '') return [];
      const localPort = Number.parseInt(local.split(':')[1] ?? '', 16);
      return [{ localPort, address: readAddress(address), port: Number.parseInt(port, 16), state, inode }];
    });
}

/** The kernel writes addresses as 32-bit words in the machine's byte order, in hexadecimal. */
function readAddress(hex: string): string {
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) => (word.match(/../g) ?? []).reverse());
  if (bytes.length === 4) return bytes.map((byte) => Number.parseInt(byte, 16)).join('.');
  return (bytes.join('').match(/.{4}/g) ?? []).join(':');
}
