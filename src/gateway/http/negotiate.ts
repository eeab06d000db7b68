import { stringify } from 'yaml';
import { IntramurosError } from '../../base/index.ts';

type Form = 'json' | 'yaml';

/**
 * The form of a reply that an Accept header allows. Event streams and problem documents do not exclude JSON: clients
 * send one Accept for every operation and status.
 * @throws {IntramurosError} `not_acceptable`.
 */
export function negotiate(accept: string | undefined): Form {
  if (accept === undefined || accept.trim() === '') return 'json';
  let form: Form | undefined;
  let best = 0;
  for (const part of accept.split(',')) {
    const [type = '', ...parameters] = part.split(';').map((text) => text.trim().toLowerCase());
    const quality = Number(parameters.find((text) => text.startsWith('q='))?.slice(2) ?? 1);
    const candidate = formOf(type);
    if (candidate !== undefined && (quality > best || (quality === best && candidate === 'json'))) {
      form = candidate;
      best = quality;
    }
  }
  if (form !== undefined) return form;
  throw new IntramurosError(
    'not_acceptable',
    'None of the forms in the accept header is served here. Accept application/json, application/yaml or text/event-stream.',
  );
}

function formOf(type: string): Form | undefined {
  if (/^(\*\/\*|application\/(\*|json|problem\+json|x-ndjson)|text\/event-stream)$/.test(type)) return 'json';
  return /^(application|text)\/(yaml|x-yaml)$/.test(type) ? 'yaml' : undefined;
}

/** A reply value in its negotiated form. */
export function serialize(value: unknown, form: Form): { readonly contentType: string; readonly body: string } {
  return form === 'json'
    ? { contentType: 'application/json; charset=utf-8', body: JSON.stringify(value) }
    : { contentType: 'application/yaml; charset=utf-8', body: stringify(JSON.parse(JSON.stringify(value))) };
}
