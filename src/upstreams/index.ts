export { withModelName } from './call/model-name.ts';
export {
  CertificateInput,
  DestinationInput,
  type Flavour,
  flavours,
  PriceInput,
  SecretInput,
  UpstreamInput,
  type UpstreamKind,
  UpstreamPatch,
  upstreamKinds,
} from './schema.ts';
export type * from './types.ts';
export { openUpstreams, type UpstreamsOptions } from './upstreams.ts';
