import { z } from 'zod';
import { lineForm, visibleCharacters } from '../../base/index.ts';
import type { ApiKey, Group, Person, QuotaState, Role, Who } from '../../identity/index.ts';
import { rights } from '../../identity/index.ts';
import { GivenLabel, givenLabel, LabelBody as LabelView } from '../labelling.ts';
import { storable, titleText } from './conversation-schemas.ts';

/** What is tried at signing in: a name that nobody can have is as wrong as one that nobody has. */
export const TriedName = storable(200).min(1);
/** A sign-in name: what can be typed and read aloud; an address of mail is one. */
export const SignInName = z
  .string()
  .regex(
    /^[\p{L}\p{N}][\p{L}\p{N}._@+-]{0,63}$/u,
    'wanted 1 to 64 letters, digits or ".", "_", "@", "+", "-", no space',
  );
/** Bounded, so that nobody makes the server hash a megabyte. */
export const Password = storable(1000).min(1);
const mailPart = '[!-?A-~\\u00a1-\\u167f\\u1681-\\u1fff\\u3001-\\ud7ff]';
export const Email = z
  .string()
  .max(320)
  .regex(new RegExp(`^${mailPart}+@${mailPart}+$`), 'wanted an address of mail');
export const RoleName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,39}$/, 'wanted 1 to 40 small letters, digits or "-", beginning with a letter');
const ids = z.array(z.string().min(1).max(200)).max(10_000);
export const Version = z.int().min(0).meta({ description: 'The one that was read; a stale one is a conflict.' });

const Ceiling = GivenLabel.transform(givenLabel);

const orNull = <T>(value: T | undefined): T | null => value ?? null;

export const WhoView = z
  .object({
    id: z.string(),
    name: z.string(),
    displayName: z.string(),
    kind: z.enum(['owner', 'person', 'key']),
    roles: z.array(z.string()),
    groups: z.array(z.string()),
    rights: z.array(z.string()).meta({ description: 'The rights that are granted.' }),
    ceiling: LabelView.nullable(),
    compartments: z.array(z.string()),
  })
  .meta({ id: 'Who' });

export const whoView = (who: Who): z.input<typeof WhoView> => ({
  id: who.personId,
  name: who.name,
  displayName: who.displayName,
  kind: who.kind,
  roles: [...who.roles],
  groups: [...who.groups],
  rights: rights.filter((right) => who.can(right)),
  ceiling: who.ceiling === undefined ? null : copyLabel(who.ceiling),
  compartments: [...who.compartments],
});

const copyLabel = (label: NonNullable<Who['ceiling']>): z.input<typeof LabelView> => ({
  level: label.level,
  mentions: [...label.mentions],
  compartments: [...label.compartments],
});

export const PersonView = z
  .object({
    id: z.string(),
    name: z.string(),
    displayName: z.string(),
    email: z.string().nullable(),
    origin: z.enum(['local', 'oidc', 'ldap']),
    roles: z.array(z.string()),
    groups: z.array(z.string()),
    disabled: z.boolean(),
    hasPassword: z.boolean(),
    ceiling: LabelView.nullable(),
    createdAt: z.string(),
    lastSeenAt: z.string().nullable(),
    version: z.int(),
  })
  .meta({ id: 'Person' });

export const personView = (person: Person): object => ({
  ...person,
  email: orNull(person.email),
  ceiling: orNull(person.ceiling),
  lastSeenAt: orNull(person.lastSeenAt),
});

export const PersonCreate = z
  .strictObject({
    name: SignInName,
    displayName: titleText.optional(),
    email: Email.optional(),
    password: Password.optional().meta({
      description: 'Without one the person cannot sign in until a password is set. At least 12 characters.',
    }),
    roles: z.array(RoleName).max(100).optional(),
    groups: ids.optional(),
    ceiling: Ceiling.nullable().optional(),
  })
  .meta({ id: 'PersonCreate' });

export const PersonChange = z
  .strictObject({
    version: Version,
    displayName: titleText.optional(),
    email: Email.nullable().optional(),
    roles: z.array(RoleName).max(100).optional(),
    groups: ids.optional(),
    disabled: z.boolean().optional(),
    ceiling: Ceiling.nullable().optional(),
  })
  .meta({ id: 'PersonChange' });

export const GroupView = z
  .object({
    id: z.string(),
    title: z.string(),
    members: z.array(z.string()).meta({ description: 'Ids of people.' }),
    roles: z.array(z.string()),
    compartments: z.array(z.string()),
    externalName: z.string().nullable(),
    version: z.int(),
  })
  .meta({ id: 'Group' });

export const groupView = (group: Group): object => ({ ...group, externalName: orNull(group.externalName) });

const groupFields = {
  members: ids.optional(),
  roles: z.array(RoleName).max(100).optional(),
  compartments: z
    .array(z.string().regex(/^[\p{L}\p{N}_-]{1,64}$/u, 'wanted letters, digits, "_" and "-", 1 to 64'))
    .max(100)
    .optional(),
  externalName: z.string().max(500).regex(lineForm, 'wanted one line of text').nullable().optional().meta({
    description: 'Name of the group at the provider or directory, which then decides who is in it.',
  }),
};
export const GroupCreate = z.strictObject({ title: titleText, ...groupFields }).meta({ id: 'GroupCreate' });
export const GroupChange = z
  .strictObject({ version: Version, title: titleText.optional(), ...groupFields })
  .meta({ id: 'GroupChange' });

const families = [...new Set(rights.map((right) => right.split('.')[0]))].map((family) => `${family}.*`);
const grantForm = new RegExp(
  `^(?:${[...rights, ...families, '*'].map((name) => name.replace(/[.*]/g, '\\$&')).join('|')})(?::[${visibleCharacters}]{1,300})?$`,
);
const grants = z.array(z.string().regex(grantForm, 'wanted a right, "*", "admin.*" or "model.use:NAME*"')).max(200);
export const RoleView = z
  .object({
    name: z.string(),
    title: z.string(),
    allow: z.array(z.string()),
    deny: z.array(z.string()),
    builtIn: z.boolean(),
    version: z.int(),
  })
  .meta({ id: 'Role' });
export const RolePut = z
  .strictObject({
    title: titleText,
    allow: grants,
    deny: grants.optional(),
    version: Version.optional().meta({ description: 'Left out, the role is made; else the one that was read.' }),
  })
  .meta({ id: 'RolePut' });
export const roleView = (role: Role): object => role;

export const KeyView = z
  .object({
    id: z.string(),
    name: z.string(),
    personId: z.string(),
    prefix: z.string().meta({ description: 'First characters, to tell keys apart.' }),
    createdAt: z.string(),
    expiresAt: z.string().nullable(),
    lastUsedAt: z.string().nullable(),
    revokedAt: z.string().nullable(),
    models: z.array(z.string()).nullable(),
    destinations: z.array(z.string()).nullable(),
    ceiling: LabelView.nullable(),
    rights: z.array(z.string()),
  })
  .meta({ id: 'Key' });

export const NewKeyView = KeyView.extend({
  key: z.string().meta({ description: 'The key itself: shown in this reply alone.' }),
}).meta({ id: 'NewKey' });

export const keyView = (key: ApiKey): object => ({
  ...key,
  expiresAt: orNull(key.expiresAt),
  lastUsedAt: orNull(key.lastUsedAt),
  revokedAt: orNull(key.revokedAt),
  models: orNull(key.models),
  destinations: orNull(key.destinations),
  ceiling: orNull(key.ceiling),
});

const patterns = z.array(z.string().max(500).regex(lineForm, 'wanted a name that can be seen')).max(200);
const keyFields = {
  name: titleText,
  expiresAt: z.iso.datetime({ offset: true }).nullable().optional(),
  models: patterns.nullable().optional().meta({ description: 'Models it is limited to; a name may end in "*".' }),
  destinations: patterns.nullable().optional(),
  ceiling: Ceiling.nullable().optional(),
  rights: grants.optional().meta({
    description: 'What of its person’s rights it carries; without it those of using models and no others.',
  }),
};
export const KeyCreate = z.strictObject(keyFields).meta({ id: 'KeyCreate' });
export const KeyCreateFor = z
  .strictObject({ personId: z.string().min(1).max(200), ...keyFields })
  .meta({ id: 'KeyCreateFor' });

const QuotaSubject = z.object({ kind: z.enum(['person', 'group', 'model', 'key', 'everybody']), id: z.string() });
export const QuotaView = z
  .object({
    id: z.string(),
    subject: QuotaSubject,
    unit: z.enum(['requests', 'tokens', 'money']),
    period: z.enum(['minute', 'hour', 'day', 'month']),
    limit: z.number(),
    used: z.number(),
    reserved: z.number(),
    resetAt: z.string(),
    version: z.int(),
  })
  .meta({ id: 'Quota' });
export const quotaView = (quota: QuotaState): object => quota;
const limit = z.int().min(0).meta({ description: 'Money in millionths of the currency.' });
export const QuotaCreate = z
  .strictObject({
    subject: z.strictObject({
      kind: z.enum(['person', 'group', 'model', 'key', 'everybody']),
      id: storable(500).min(1).meta({ description: '`*` caps each one on its own.' }),
    }),
    unit: z.enum(['requests', 'tokens', 'money']),
    period: z.enum(['minute', 'hour', 'day', 'month']),
    limit,
  })
  .meta({ id: 'QuotaCreate' });
export const QuotaChange = z.strictObject({ version: Version, limit }).meta({ id: 'QuotaChange' });

const figures = {
  requests: z.number(),
  promptTokens: z.number(),
  completionTokens: z.number(),
  costMicros: z.number(),
};
export const UsageDay = z.object({ date: z.string(), ...figures }).meta({ id: 'UsageDay' });
export const UsageModel = z.object({ model: z.string(), ...figures }).meta({ id: 'UsageModel' });
export const UsageRow = z.object({ id: z.string(), title: z.string(), ...figures }).meta({ id: 'UsageRow' });
export const days = z
  .string()
  .regex(/^(?:[1-9]|[1-9][0-9]|[12][0-9]{2}|3[0-5][0-9]|36[0-6])$/, 'wanted a whole number from 1 to 366')
  .optional()
  .meta({ description: 'Days up to today, 1 to 366; 30 unless told.', type: 'integer', minimum: 1, maximum: 366 });
/** Days of the query. */
export const daysOf = (text: string | undefined): number => Number(text ?? 30);
