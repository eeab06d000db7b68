/** What the guard refused. */
export interface GuardRefusal {
  /** Which way out was tried: `net`, `dgram`, `dns`, `fetch`, `child_process`, `worker_threads`, `native`, `binding`. */
  readonly api: string;
  /** Host, name, command or file that was meant. */
  readonly host: string;
  readonly port: number;
}

export interface GuardOptions {
  /** Hosts that this program's own parts may dial round the door: the PostgreSQL server, the address it listens on. */
  readonly hosts?: readonly { readonly host: string; readonly port?: number }[];
  /** Scripts, as absolute paths, that may be started as processes of this same program. */
  readonly programs?: readonly string[];
  /** Scripts, as absolute paths, that may run as threads. */
  readonly threads?: readonly string[];
}

/** The guard of a process or thread. */
export interface Guard {
  /** Hands refusals on, those of before too. */
  onRefusal(listener: (refusal: GuardRefusal) => void): void;
  /** Ways out that are not guarded now; empty when all are. */
  gaps(): readonly string[];
  /** Takes the guard away again: for tests. */
  remove(): void;
}

/** What each part of the guard asks before it lets something pass. */
export interface Judge {
  readonly options: GuardOptions;
  /** True when it may pass; a refusal is recorded. */
  mayDial(api: string, host: string, port: number): boolean;
  /** True when it may pass; a refusal is recorded. */
  mayStart(api: 'child_process' | 'worker_threads' | 'native' | 'binding', what: string, allowed: boolean): boolean;
  record(refusal: GuardRefusal): void;
  refusal(api: string, what: string): Error;
}

/** One replaced function: put in at once, asked whether it is still there, and taken out. */
export interface Patch {
  readonly name: string;
  isInPlace(): boolean;
  remove(): void;
}
