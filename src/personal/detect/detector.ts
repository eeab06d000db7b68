import { IntramurosError } from '../../base/index.ts';
import { finders } from './find/index.ts';
import { lexicon } from './lexicon.ts';
import { Page } from './page.ts';
import type { Detector, DetectorOptions, Found } from './types.ts';

const rulesVersion = '1';
const piece = 65_536;

/** Opens the detectors: the lists are read once a process, on the first call. */
export function openDetector({ budgetMs = 1_000, now = () => performance.now() }: DetectorOptions = {}): Detector {
  const lists = lexicon();
  const version = `${rulesVersion}-${lists.hash}`;
  return {
    version,
    find(text) {
      try {
        const until = now() + budgetMs * (1 + Math.floor(text.length / piece));
        const onTime = (): void => {
          if (now() > until) throw new Error(`The time for ${text.length} characters is over.`);
        };
        return detect(new Page(text, lists, onTime));
      } catch (error) {
        throw failed(error);
      }
    },
  };
}

function detect(page: Page): readonly Found[] {
  if (page.count === 0) return [];
  for (const find of finders) {
    find(page);
    page.onTime();
  }
  return page.settle();
}

/** Nothing of the text is in the error: it may be logged. */
function failed(cause: unknown): IntramurosError {
  const words =
    'Personal data could not be looked for in this text, so it counts as full of it. Send it in smaller parts, or to a model of this machine.';
  return new IntramurosError('detection_failed', words, { cause });
}
