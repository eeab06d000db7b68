export { openDetector } from './detector.ts';
export { type Detector, type DetectorOptions, type EntityKind, entityKinds, type Found } from './types.ts';
