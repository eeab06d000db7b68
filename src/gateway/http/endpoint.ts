import type { z } from 'zod';
import type { ErrorCode, Logger } from '../../base/index.ts';
import type { Right, Who } from '../../identity/index.ts';
import type { GatewayRooms } from '../rooms.ts';
import type { Peer } from './peer.ts';
import type { DialectName } from './problems.ts';

/** Text of the reference page in both languages. */
export interface Bilingual {
  readonly en: string;
  readonly fr: string;
}

/** What a handler knows besides its parsed input. */
export interface RequestContext {
  readonly rooms: GatewayRooms;
  /** Aborted when the client leaves before the reply is whole. */
  readonly signal: AbortSignal;
  readonly requestId: string;
  readonly log: Logger;
  /** Who asks, already allowed what the operation declares; `nobody` may ask open operations. */
  readonly who: Who;
  /** Where the request comes from, after proxies that are trusted by name. */
  readonly peer: Peer;
  /** Path and query, as they were sent. */
  readonly url: string;
  /** Address under which the browser that asks reached this server: the setting, else what the request says. */
  readonly publicUrl: string;
  /** What a sign-in on its way gave the browser to keep. */
  readonly signInKept: string | undefined;
  /** Who asks, for the fair queue. */
  readonly caller: string;
  /** The body as it came; undefined where there was none. */
  readonly rawBody: Buffer | undefined;
  /** What the client says of its data: the header `x-intramuros-label` as it came. */
  readonly labelHeader: string | undefined;
  readonly acceptLanguage: string | undefined;
  readonly accept: string | undefined;
}

/** A reply that is written frame by frame, each frame in one write. */
export interface StreamReply {
  readonly stream: AsyncIterable<string | Uint8Array>;
  readonly contentType: 'text/event-stream' | 'application/x-ndjson' | 'application/json';
  readonly headers?: Readonly<Record<string, string>>;
  /** Frame that says "still here" while nothing comes; empty where the format has none. */
  readonly keepAlive: string;
}

/** What a handler answers with. */
export type Reply =
  | { readonly bytes: Buffer; readonly contentType: string; readonly headers?: Readonly<Record<string, string>> }
  | { readonly json: unknown; readonly status?: number; readonly headers?: Readonly<Record<string, string>> }
  | { readonly text: string; readonly contentType: string; readonly headers?: Readonly<Record<string, string>> }
  | {
      readonly empty: 202 | 204 | 302;
      readonly headers?: Readonly<Record<string, string>>;
      readonly cookies?: readonly string[];
    }
  | StreamReply;

type Parsed<S extends z.ZodType | undefined> = S extends z.ZodType ? z.output<S> : undefined;

/** Declaration of one operation: its parsing, the types of its handler, its errors and its OpenAPI entry in one place. */
export interface EndpointDeclaration<
  P extends z.ZodType | undefined = undefined,
  Q extends z.ZodType | undefined = undefined,
  B extends z.ZodType | undefined = undefined,
> {
  readonly operationId: string;
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE' | 'PUT';
  /** `{name}` is one path segment, `{name+}` may hold slashes. */
  readonly path: string;
  readonly tag: string;
  readonly summary: Bilingual;
  readonly dialect: DialectName;
  /** Served to anybody, without key or session. */
  readonly open?: true;
  /**
   * Right that whoever asks must have. Without one: `chat.use` for a person, `api.use` for a key. `any` is for what concerns
   * the caller alone: whoever says who they are may ask it.
   */
  readonly right?: Right | 'any';
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  /** The body may be left out. */
  readonly bodyOptional?: true;
  /** Reply schemas by status; `null` for a reply without a body. */
  readonly replies: Readonly<Record<number, z.ZodType | null>>;
  /** Media types of a reply that is made as text; without it replies are JSON. */
  readonly replyTypes?: readonly string[];
  /** Events of the stream this operation may answer with: one schema, or one for each event name. */
  readonly events?: z.ZodType | Readonly<Record<string, z.ZodType>>;
  /** Codes a caller may meet besides those that every operation has. */
  readonly errors: readonly ErrorCode[];
  /** Codes that may come under another status than their own. */
  readonly restated?: Readonly<Record<number, readonly ErrorCode[]>>;
  handle(
    input: { readonly params: Parsed<P>; readonly query: Parsed<Q>; readonly body: Parsed<B> },
    context: RequestContext,
  ): Promise<Reply> | Reply;
}

/** A declared operation, its input types erased. */
export type Endpoint = Omit<EndpointDeclaration, 'params' | 'query' | 'body' | 'handle'> & {
  readonly params?: z.ZodType | undefined;
  readonly query?: z.ZodType | undefined;
  readonly body?: z.ZodType | undefined;
  handle(
    input: { readonly params: unknown; readonly query: unknown; readonly body: unknown },
    context: RequestContext,
  ): Promise<Reply> | Reply;
};

/** Declares an operation. */
export function endpoint<
  P extends z.ZodType | undefined = undefined,
  Q extends z.ZodType | undefined = undefined,
  B extends z.ZodType | undefined = undefined,
>(declaration: EndpointDeclaration<P, Q, B>): Endpoint {
  return declaration as unknown as Endpoint;
}
