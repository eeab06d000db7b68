export { type CatalogueChoice, catalogue, findBySha256, findInCatalogue, similarNames } from './catalogue.ts';
export { type Fit, type FitVerdict, fitOf, type Machine, neededBytes, recommend } from './fit.ts';
