import type { StatefulAuthorizationCall } from '@cedar-policy/cedar-wasm/nodejs';
import { type Certificate, type DecisionRequest, type Destination, levels } from '../types.ts';
import type { Cedar } from './load-cedar.ts';

/** What Cedar answers to one question. */
export interface Answer {
  readonly allowed: boolean;
  /** Ids of the rules that decided. */
  readonly rules: readonly string[];
}

export interface Question {
  readonly request: DecisionRequest;
  readonly pseudonymised: boolean;
  /** `2026-11-23` */
  readonly today: string;
  /** False leaves the person's id out, so that one answer serves everybody alike. */
  readonly withId: boolean;
}

/** @throws {Error} when a rule could not be evaluated: a forbid that fails must not count as absent. */
export function ask(cedar: Cedar, policySetId: string, question: Question): Answer {
  const answer = cedar.statefulIsAuthorized(toCall(policySetId, question));
  if (answer.type === 'failure') throw new Error(answer.errors.map(({ message }) => message).join('; '));
  const { decision, diagnostics } = answer.response;
  if (diagnostics.errors.length > 0) {
    const failed = diagnostics.errors.map(({ policyId, error }) => `${policyId}: ${error.message}`);
    throw new Error(failed.join('; '));
  }
  return { allowed: decision === 'allow', rules: diagnostics.reason.toSorted() };
}

const europe = new Set([
  ...['AT', 'BE', 'BG', 'CY', 'CZ', 'DE', 'DK', 'EE', 'ES', 'FI', 'FR', 'GR', 'HR', 'HU', 'IE', 'IT', 'LT', 'LU', 'LV'],
  ...['MT', 'NL', 'PL', 'PT', 'RO', 'SE', 'SI', 'SK'],
  ...['IS', 'LI', 'NO'], // European Economic Area
]);

function toCall(preparsedPolicySetId: string, question: Question): StatefulAuthorizationCall {
  const { request, pseudonymised, today, withId } = question;
  const { subject, action, label, destination } = request;
  const principal = { type: 'Person', id: withId ? subject.id : 'somebody' };
  const resource = { type: 'Destination', id: destination.id };
  const ceiling = subject.ceiling === undefined ? {} : { ceiling: upTo(subject.ceiling.level) };
  const { roles, groups, compartments } = subject;
  return {
    principal,
    action: { type: 'Action', id: action },
    resource,
    context: {
      label: {
        level: label.level,
        atLeast: upTo(label.level),
        mentions: [...label.mentions],
        compartments: [...label.compartments],
      },
      pseudonymised,
      today: datetime(today),
    },
    preparsedPolicySetId,
    validateRequest: false,
    entities: [
      {
        uid: principal,
        attrs: { roles: [...roles], groups: [...groups], compartments: [...compartments], ...ceiling },
        parents: [],
      },
      { uid: resource, attrs: attributesOf(destination), parents: [] },
    ],
  };
}

type Attributes = StatefulAuthorizationCall['entities'][number]['attrs'];

function attributesOf(place: Destination): Attributes {
  const known = {
    country: place.country,
    operatorCountry: place.operatorCountry,
    secnumcloud: certificate(place.secnumcloud),
    hds: certificate(place.hds),
    retentionDays: place.retentionDays,
    trainsOnData: place.trainsOnData,
    dpaRef: place.dpaRef || undefined,
  };
  return {
    tier: place.tier,
    inEurope: place.country !== undefined && europe.has(place.country),
    extraEuExposure: place.extraEuExposure,
    enclave: place.enclave,
    ...(Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined)) as Attributes),
  };
}

/** A certificate whose date cannot be read is none. */
function certificate(held: Certificate | undefined): Attributes[string] | undefined {
  const day = held?.expires.slice(0, 10) ?? '';
  const time = Date.parse(`${day}T00:00:00Z`);
  if (held === undefined || Number.isNaN(time) || !new Date(time).toISOString().startsWith(day)) return undefined;
  return { certificate: held.certificate, scope: held.scope, expires: datetime(day) };
}

function upTo(level: string): string[] {
  return levels.slice(0, levels.indexOf(level as (typeof levels)[number]) + 1);
}

const datetime = (day: string): { __extn: { fn: string; arg: string } } => ({ __extn: { fn: 'datetime', arg: day } });
