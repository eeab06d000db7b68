import type { AuditKind, AuditRecord } from '../../audit/index.ts';

/** Version of the Open Cybersecurity Schema Framework that events follow. */
export const ocsfVersion = '1.3.0';

/** One event of OCSF, as a system for security events takes it. */
export type OcsfEvent = Readonly<Record<string, unknown>>;

/** Classes that records become, by their numbers in OCSF. */
export const ocsfClasses = {
  base: { uid: 0, name: 'Base Event', category: 0, categoryName: 'Uncategorized' },
  authentication: { uid: 3002, name: 'Authentication', category: 3, categoryName: 'Identity & Access Management' },
  authorizeSession: { uid: 3003, name: 'Authorize Session', category: 3, categoryName: 'Identity & Access Management' },
  entityManagement: { uid: 3004, name: 'Entity Management', category: 3, categoryName: 'Identity & Access Management' },
  apiActivity: { uid: 6003, name: 'API Activity', category: 6, categoryName: 'Application Activity' },
} as const;
type ClassName = keyof typeof ocsfClasses;

const severities = { 1: 'Informational', 2: 'Low', 3: 'Medium', 4: 'High' } as const;
type Severity = keyof typeof severities;

interface Mapped {
  readonly in: ClassName;
  readonly activity: readonly [number, string];
  readonly severity?: Severity;
  readonly ok?: boolean | undefined;
  readonly message: string;
  readonly detail?: string | undefined;
  readonly correlation?: string | undefined;
  readonly more?: OcsfEvent;
}

type Data = Readonly<Record<string, unknown>>;
const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
const other = (name: string) => [99, name] as const;

/**
 * A record of the log as an event of OCSF: what policy decided and what became of it are API Activity, sign-ins are
 * Authentication, groups given at a sign-in are Authorize Session, changes are Entity Management; what is none of these is a
 * Base Event. The whole record stands under `unmapped`, so that nothing is lost on the way.
 */
export function toOcsf(record: AuditRecord, house: { readonly version: string; readonly machine: string }): OcsfEvent {
  const mapped = mapRecord(record, house.machine);
  const { uid, name, category, categoryName } = ocsfClasses[mapped.in];
  const severity = mapped.severity ?? 1;
  const [activity, activityName] = mapped.activity;
  const status = mapped.ok === undefined ? 0 : mapped.ok ? 1 : 2;
  return {
    metadata: {
      version: ocsfVersion,
      product: { name: 'Intramuros', vendor_name: 'Intramuros', version: house.version },
      uid: String(record.seq),
      sequence: record.seq,
      log_name: 'audit',
      log_provider: house.machine,
      original_time: record.at,
      ...(mapped.correlation !== undefined && { correlation_uid: mapped.correlation }),
    },
    time: Date.parse(record.at),
    class_uid: uid,
    class_name: name,
    category_uid: category,
    category_name: categoryName,
    activity_id: activity,
    activity_name: activityName,
    type_uid: uid * 100 + activity,
    type_name: `${name}: ${activityName}`,
    severity_id: severity,
    severity: severities[severity],
    status_id: status,
    status: ['Unknown', 'Success', 'Failure'][status],
    message: mapped.message,
    ...(mapped.detail !== undefined && { status_detail: mapped.detail }),
    ...mapped.more,
    unmapped: { kind: record.kind, actor: record.actor, data: record.data },
  };
}

function mapRecord(record: AuditRecord, machine: string): Mapped {
  if (record.kind === 'decision') return decision(record, machine);
  if (record.kind === 'outcome') return outcome(record, machine);
  if (record.kind === 'anchor') return anchor(record, machine);
  if (record.kind === 'identity') return identity(record);
  if (managed.has(record.kind)) return change(record);
  return plain(record);
}

const managed: ReadonlySet<AuditKind> = new Set([
  'policy',
  'label',
  'upstream',
  'egress',
  'erasure',
  'access',
  'export',
]);

/** Who did it; what the house does by itself is done by no user. */
function actorOf({ actor }: AuditRecord): OcsfEvent {
  return actor === 'system' ? { app_name: 'Intramuros' } : { user: { uid: actor, type_id: 1, type: 'User' } };
}

function api(record: AuditRecord, machine: string, operation: string, request: string | undefined): OcsfEvent {
  return {
    actor: actorOf(record),
    api: {
      operation,
      service: { name: 'Intramuros' },
      ...(request !== undefined && { request: { uid: request } }),
    },
    src_endpoint: { uid: machine, name: 'Intramuros' },
  };
}

function decision(record: AuditRecord, machine: string): Mapped {
  const { data } = record;
  const id = text(data.id);
  const place = (data.destination ?? {}) as Data;
  const effect = text(data.effect) ?? 'deny';
  const country = text(place.country);
  return {
    in: 'apiActivity',
    activity: other('Decide'),
    ok: effect !== 'deny',
    severity: data.reason === 'disagreement' ? 4 : effect === 'deny' ? 2 : 1,
    message: `Policy ${effect === 'deny' ? 'denied' : effect === 'allow' ? 'allowed' : 'allowed, with placeholders,'} ${text(data.action) ?? 'inference'} at ${text(place.title) ?? text(place.id) ?? '?'}.`,
    detail: text(data.reason),
    correlation: id,
    more: {
      ...api(record, machine, text(data.action) ?? 'infer', id),
      dst_endpoint: {
        uid: text(place.id),
        name: text(place.title),
        ...(country !== undefined && { location: { country } }),
      },
      resources: [{ type: 'model', name: text(data.model) }],
    },
  };
}

function outcome(record: AuditRecord, machine: string): Mapped {
  const { data } = record;
  const id = text(data.decisionId);
  const ok = data.ok === true;
  return {
    in: 'apiActivity',
    activity: other('Outcome'),
    ok,
    severity: ok ? 1 : 2,
    message: `What was decided under ${id ?? '?'} ended: ${text(data.why) ?? '?'}.`,
    detail: text(data.why),
    correlation: id,
    more: {
      ...api(record, machine, 'outcome', id),
      dst_endpoint: { uid: text(data.destinationId) },
      ...(typeof data.totalMs === 'number' && { duration: Math.round(data.totalMs) }),
    },
  };
}

function anchor(record: AuditRecord, machine: string): Mapped {
  const { data } = record;
  const ok = data.ok === true;
  const why = text(data.why);
  return {
    in: 'apiActivity',
    activity: other('Anchor'),
    ok,
    severity: ok ? 1 : why === 'inconsistent' ? 4 : 2,
    message: `${text(data.name) ?? '?'} ${ok ? 'confirmed a checkpoint' : 'did not confirm a checkpoint'}.`,
    detail: why,
    more: { ...api(record, machine, 'anchor', undefined), dst_endpoint: { name: text(data.name) } },
  };
}

const sessionActivities: Readonly<Record<string, readonly [number, string]>> = {
  'session.start': [1, 'Logon'],
  'session.refused': [1, 'Logon'],
  'session.end': [2, 'Logoff'],
  'session.end-all': [2, 'Logoff'],
};

function identity(record: AuditRecord): Mapped {
  const { data } = record;
  const what = text(data.what) ?? '';
  const activity = sessionActivities[what];
  const uid = text(data.personId) ?? record.actor;
  if (activity) {
    const ok = what !== 'session.refused';
    const ip = text(data.address);
    return {
      in: 'authentication',
      activity,
      ok,
      severity: ok ? 1 : 3,
      message: ok ? `${activity[1]} of ${uid}.` : 'A sign-in was refused.',
      detail: text(data.reason),
      more: {
        actor: actorOf(record),
        user: { uid, ...(text(data.name) !== undefined && { name: text(data.name) }), type_id: 1 },
        service: { name: 'Intramuros' },
        ...(text(data.id) !== undefined && { session: { uid: text(data.id) } }),
        ...(ip !== undefined && { src_endpoint: { ip } }),
        auth_protocol_id: 99,
        auth_protocol: text(data.origin) ?? 'local',
      },
    };
  }
  if (what === 'person.groups-followed') {
    const groups = Array.isArray(data.enter) ? data.enter.map((group) => ({ uid: String(group) })) : [];
    return {
      in: 'authorizeSession',
      activity: [2, 'Assign Groups'],
      ok: true,
      message: `Groups of ${text(data.id) ?? uid} followed its provider.`,
      more: { actor: actorOf(record), user: { uid: text(data.id) ?? uid, type_id: 1 }, group: groups[0] ?? {}, groups },
    };
  }
  return change(record);
}

const verbs: readonly (readonly [RegExp, readonly [number, string]])[] = [
  [/creat|set-up|start|add|propos/, [1, 'Create']],
  [/export|read|list|open/, [2, 'Read']],
  [/remov|delet|revok|end|eras|destroy/, [4, 'Delete']],
];

function change(record: AuditRecord): Mapped {
  const { data, kind } = record;
  const what = text(data.what) ?? kind;
  const activity = verbs.find(([word]) => word.test(what))?.[1] ?? ([3, 'Update'] as const);
  const uid = text(data.id) ?? text(data.conversationId) ?? text(data.version);
  return {
    in: 'entityManagement',
    activity,
    ok: data.undone !== true,
    severity: kind === 'access' ? 3 : 1,
    message: `${what} by ${record.actor}.`,
    more: {
      actor: actorOf(record),
      entity: { type: kind, name: what, ...(uid !== undefined && { uid }) },
      ...(text(data.reason) !== undefined && { comment: text(data.reason) }),
    },
  };
}

function plain(record: AuditRecord): Mapped {
  const what = text(record.data.what) ?? record.kind;
  return { in: 'base', activity: other(what), message: `${what} (${record.kind}).`, more: { actor: actorOf(record) } };
}
