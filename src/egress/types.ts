import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { Clearance } from '../policy/index.ts';
import type { HandedBody } from './handed-reply.ts';

export type { HandedBody, Taker } from './handed-reply.ts';

/** Bytes that went through the door, by purpose and destination, since it was opened. */
export interface EgressTotal {
  readonly purpose: string;
  /** Host and port, or the name of a client that dialled by itself. */
  readonly destination: string;
  /** True when the destination is this machine: nothing left it. */
  readonly loopback: boolean;
  readonly connections: number;
  readonly sentBytes: number;
  readonly receivedBytes: number;
}

/** One dial, or one refusal to dial, as the ledger keeps it. */
export interface EgressConnection {
  readonly id: string;
  /** ISO time. */
  readonly at: string;
  readonly purpose: string;
  readonly decisionId: string | null;
  readonly destinationId: string | null;
  readonly host: string;
  readonly port: number;
  /** IP address that was dialled; null when none was, or when a proxy resolved the name. */
  readonly address: string | null;
  /** Why nothing was dialled: `offline`, `not-allowed`, `clearance`, `address`, `limit`, `redirect`, `guard`. */
  readonly refused: string | null;
  readonly sentBytes: number;
  readonly receivedBytes: number;
  readonly durationMs: number | null;
}

export interface ConnectionQuery {
  readonly limit?: number;
  readonly decisionId?: string;
  readonly before?: string;
}

/** A destination that may be dialled without a clearance, because what goes there holds nothing of anybody's. */
export interface AllowEntry {
  /** Host name or address; `*.example.org` is every name under it. */
  readonly host: string;
  readonly port: number;
  readonly purpose: string;
  /** Whose wish it is. What goes to an `upstream` without a clearance can only be GET or HEAD: health and lists of models. */
  readonly origin: 'setting' | 'upstream' | 'source' | 'signin';
  /** An administrator named this host, so it may lie in a private network. Never true of a host that comes with the product. */
  readonly private?: boolean;
}

export interface EgressRequest {
  /** Why the connection is made, in a word that a ledger can show: `model-pull`. */
  readonly purpose: string;
  /** Default GET. */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** What policy decided. Without it only this machine and the allow-list can be reached. */
  readonly clearance?: Clearance;
  readonly signal?: AbortSignal | undefined;
  /** Redirects to follow; 0 hands a redirect back as it is. Default 8; always 0 with a clearance or a body. */
  readonly redirects?: number;
  /** Default 15 s. */
  readonly connectTimeoutMs?: number;
  /** From the request's end to the reply's headers; default 60 s. */
  readonly firstByteTimeoutMs?: number;
  /** Between two pieces of the reply; default 60 s. */
  readonly silenceTimeoutMs?: number;
}

export interface EgressResponse {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Address that answered, after redirects. */
  readonly url: string;
  /** Headers of every redirect on the way, first one first. */
  readonly hops: readonly { readonly url: string; readonly headers: Readonly<Record<string, string | undefined>> }[];
  /** As the socket gave it. Read it whole or destroy it: the connection is held until then. */
  readonly body: Readable;
  /** The body as text; refuses one longer than `limitBytes`. */
  text(limitBytes?: number): Promise<string>;
}

/** A reply that is handed on byte for byte. */
export interface EgressReply {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: HandedBody;
}

/** A connection for a protocol that is not HTTP. */
export interface EgressConnect {
  readonly purpose: string;
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte, checked against the system's authorities and `ca`. */
  readonly tls?: boolean | { readonly ca?: string; readonly servername?: string };
  readonly clearance?: Clearance;
  readonly signal?: AbortSignal | undefined;
  readonly connectTimeoutMs?: number;
}

export interface EgressRun {
  readonly purpose: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** Bytes that the client fetched, asked once at its end, for the ledger. */
  readonly received?: () => Promise<number>;
}

/** The only way from this program to another machine. */
export interface Egress extends AsyncDisposable {
  readonly offline: boolean;
  /**
   * @throws {IntramurosError} `egress_denied`, with a `reason` in its facts, when the destination is neither this machine,
   * nor on the allow-list for this purpose, nor in a valid clearance, or when offline; `egress_failed` in words when the
   * connection fails, with `phase` (`connect`, `first-byte`, `silence`) when time ran out; the signal's reason when
   * aborted. An HTTP error status is an answer, not a failure.
   */
  fetch(url: string | URL, request: EgressRequest): Promise<EgressResponse>;
  /** The same for a reply that is handed on as it comes: no redirect is followed, and no stream object stands between. */
  relay(url: string | URL, request: EgressRequest): Promise<EgressReply>;
  /** A connected socket, for protocols other than HTTP; with `tls`, a TLSSocket after its handshake. Throws as `fetch` does. */
  connect(options: EgressConnect & { readonly tls: true | object }): Promise<TLSSocket>;
  connect(options: EgressConnect): Promise<Socket | TLSSocket>;
  /** Runs a client that dials by itself, such as pip, and waits for its end. */
  run(run: EgressRun): Promise<{ readonly exitCode: number; readonly stdout: string; readonly stderr: string }>;
  /** Replaces the part of the allow-list that `id` owns, at once; an empty one takes it away. */
  allow(id: string, entries: readonly AllowEntry[]): void;
  allowList(): readonly (AllowEntry & { readonly id: string })[];
  /**
   * Switches every way to other machines off, or on again, for this run and the next; open connections to them are cut.
   * @throws {IntramurosError} `forbidden` when the setting "offline" holds it.
   */
  setOffline(offline: boolean): Promise<void>;
  totals(): readonly EgressTotal[];
  /** Bytes of the connections made under a decision, so far. */
  bytesOf(decisionId: string): { readonly sentBytes: number; readonly receivedBytes: number };
  /** The latest of this run, newest first. */
  connections(query?: ConnectionQuery): readonly EgressConnection[];
  /** All that are kept, newest first. `before` is the id of the last one of the page before. */
  page(query?: ConnectionQuery): Promise<readonly EgressConnection[]>;
  /** Bytes to other machines that neither a decision nor an entry of the allow-list explains: 0. */
  unexplainedBytes(): number;
  /** Whether a destination could be dialled without a clearance now; dials and records nothing. */
  admits(what: { readonly purpose: string; readonly host: string; readonly port: number }): boolean;
  /** Records what another layer refused. */
  refused(what: { readonly purpose: string; readonly host: string; readonly port: number }): void;
  close(): Promise<void>;
}
