import { z } from 'zod';
import { type Label, levels } from '../../policy/index.ts';

const words = z
  .array(z.string().regex(/^[\p{L}\p{N}_-]{1,64}$/u, 'wanted letters, digits, "_" and "-", 1 to 64'))
  .max(32);

/** A label as a reply shows it. */
export const LabelView = z
  .object({ level: z.enum(levels), mentions: z.array(z.string()), compartments: z.array(z.string()) })
  .meta({ id: 'Label' });

const sorted = (list: readonly string[] = []): string[] => [...new Set(list)].sort();

/** A label as a body gives it; mentions and compartments may be left out. */
export const LabelBody = z
  .strictObject({ level: z.enum(levels), mentions: words.optional(), compartments: words.optional() })
  .transform(
    ({ level, mentions, compartments }): Label => ({
      level,
      mentions: sorted(mentions),
      compartments: sorted(compartments),
    }),
  )
  .meta({ id: 'LabelBody', description: 'Mentions and compartments may be left out: then there are none.' });
