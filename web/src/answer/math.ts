import { createMathPlugin } from '@streamdown/math';
import 'katex/dist/katex.min.css';

/** LaTeX by KaTeX, with its fonts in the bundle. Dollar rules are ours: see math-delimiters.ts. */
export const math = createMathPlugin({ errorColor: 'currentColor' });
