export { type OptimizeEvent, type OptimizeOptions, optimizeModel } from './optimize-model.ts';
