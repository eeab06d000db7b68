import { z } from 'zod';
import { knownMentions, levels } from '../../policy/index.ts';
import { endpoint } from '../http/endpoint.ts';
import { LabelBody } from '../labelling.ts';

export const listLabels = endpoint({
  operationId: 'labels.list',
  method: 'GET',
  path: '/api/labels',
  tag: 'Policy',
  summary: {
    en: 'What a label may be made of, and what a question is labelled when nobody says.',
    fr: 'De quoi un marquage peut être fait, et celui d’une question dont personne ne dit rien.',
  },
  dialect: 'native',
  replies: {
    200: z
      .object({
        levels: z.array(z.enum(levels)).meta({ description: 'From what anybody may read upwards.' }),
        mentions: z.array(z.string()),
        compartments: z.array(z.string()).meta({ description: 'Those that whoever asks is in.' }),
        default: LabelBody,
      })
      .meta({ id: 'LabelWords' }),
  },
  errors: [],
  handle(_input, { rooms: { governance }, who }) {
    const { compartments } = who;
    return { json: { levels, mentions: knownMentions, compartments, default: governance.defaultLabel } };
  },
});
