import { IntramurosError } from '../../base/index.ts';
import type { AnswersOptions } from './types.ts';

/** A house whose every model is its own. */
export const noUpstreams: AnswersOptions['upstreams'] = {
  list: () => [],
  models: () => [],
  findModel: () => undefined,
  addresses: () => [],
  generate: () => {
    throw none();
  },
  embed: () => Promise.reject(none()),
  relay: () => Promise.reject(none()),
};

const none = (): IntramurosError =>
  new IntramurosError('upstream_unavailable', 'No upstream is declared here. Declare one first.');
