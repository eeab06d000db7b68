import type { Destination, LabelSource, PassRequest, Subject } from '../../src/policy/index.ts';
import { parseLabel } from '../../src/policy/index.ts';

const undescribed: Omit<Destination, 'id' | 'title' | 'tier'> = {
  country: undefined,
  operatorCountry: undefined,
  extraEuExposure: false,
  secnumcloud: undefined,
  hds: undefined,
  retentionDays: undefined,
  trainsOnData: undefined,
  dpaRef: undefined,
  enclave: false,
  declaredBy: 'ada',
  declaredAt: '2026-11-01T00:00:00.000Z',
};

/** A place with what is said of it; what is not said is unknown. */
export function place(id: string, tier: Destination['tier'], said: Partial<Destination> = {}): Destination {
  return { id, title: id, tier, ...undescribed, ...said };
}

export const embeddedPlace = place('embedded', 'embedded', { country: 'FR', retentionDays: 0, trainsOnData: false });
export const serversPlace = place('servers', 'on-premises', { country: 'FR' });
export const servicePlace = place('service', 'saas', {
  country: 'US',
  retentionDays: 0,
  trainsOnData: false,
  extraEuExposure: true,
});

export const somebody: Subject = { id: 'per_ada', roles: ['member'], groups: [], compartments: [], ceiling: undefined };

/** A source that brings a label in the header's form. */
export function sourceOf(kind: LabelSource['kind'], id: string, label: string): LabelSource {
  return { kind, id, label: parseLabel(label) };
}

/** A request to pass, labelled by one document. */
export function passRequest(label: string, destination: Destination, more: Partial<PassRequest> = {}): PassRequest {
  return {
    subject: somebody,
    action: 'infer',
    label: parseLabel(label),
    destination,
    sources: [sourceOf('document', 'note.txt', label)],
    about: { runId: 'run_1', model: 'm' },
    addresses: destination.tier === 'embedded' ? [] : ['127.0.0.1:9'],
    alternatives: [servicePlace, serversPlace, embeddedPlace],
    ...more,
  };
}
