import type { Plugin } from 'vite';

const others = /react-(?:aria|stately)[/\\]dist[/\\].*[/\\]intl[/\\].*[/\\](?!fr-FR|en-US)[a-z]{2,3}-[A-Z]{2}\.m?js$/;

/** Leaves out the component library's own words in the 30 languages that the page does not speak. */
export function onlyOurLocales(): Plugin {
  return {
    name: 'only-our-locales',
    enforce: 'pre',
    load: (id) => (others.test(id) ? 'export default {};' : undefined),
  };
}
