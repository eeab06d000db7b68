export { type AliasBook, openAliases } from './aliases.ts';
export { describeApi, type Gateway, type GatewayOptions, openGateway } from './gateway.ts';
export type { Governance } from './governance.ts';
export { type Failure, failures } from './http/failures.ts';
export { type Metrics, openMetrics } from './http/metrics.ts';
export { openStreamCount, type StreamLimits } from './http/stream-writer.ts';
export { renderErrorList, renderOpenApi } from './render-documents.ts';
export type { GatewayRooms, House, OptimizeEvent, Reach, ShownSetting } from './rooms.ts';
