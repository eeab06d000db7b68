import { z } from 'zod';

/** A whole number of an address: digits alone, for to JavaScript the empty text, "1e3" and " 7" are numbers too. */
export const wholeNumber = ({ min = 0, max }: { readonly min?: number; readonly max: number }) =>
  z
    .string()
    .regex(/^(?:0|[1-9][0-9]{0,15})$/, 'wanted a whole number in digits')
    .transform(Number)
    .pipe(z.int().min(min).max(max))
    .meta({ type: 'integer', minimum: min, maximum: max });
