import type { Readable } from 'node:stream';

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

export interface EgressRequest {
  /** Why the connection is made, in a word that a ledger can show: `model-pull`. */
  readonly purpose: string;
  readonly method?: 'GET' | 'HEAD';
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** Redirects to follow; 0 hands a redirect back as it is. Default 8. */
  readonly redirects?: number;
}

export interface EgressResponse {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Address that answered, after redirects. */
  readonly url: string;
  /** Headers of every redirect on the way, first one first. */
  readonly hops: readonly { readonly url: string; readonly headers: Readonly<Record<string, string | undefined>> }[];
  /** Read it whole or destroy it: the connection is held until then. */
  readonly body: Readable;
  /** The body as text; refuses one longer than `limitBytes`. */
  text(limitBytes?: number): Promise<string>;
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
   * @throws {IntramurosError} `egress_denied` when offline and the host is another machine; `egress_failed` in words when
   * the connection fails; the signal's reason when aborted. An HTTP error status is an answer, not a failure.
   */
  fetch(url: string | URL, request: EgressRequest): Promise<EgressResponse>;
  /** Runs a client that dials by itself, such as pip, and waits for its end. */
  run(run: EgressRun): Promise<{ readonly exitCode: number; readonly stdout: string; readonly stderr: string }>;
  totals(): readonly EgressTotal[];
  close(): Promise<void>;
}
