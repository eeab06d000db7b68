import type { Bilingual } from './http/endpoint.ts';

type Json = Readonly<Record<string, unknown>>;
export type PageLanguage = 'en' | 'fr';

const words: Readonly<Record<string, Bilingual>> = {
  title: { en: 'Intramuros: API reference', fr: 'Intramuros : référence de l’API' },
  intro: {
    en: 'Made from the same declarations that serve the requests.',
    fr: 'Faite des mêmes déclarations que celles qui servent les requêtes.',
  },
  document: { en: 'OpenAPI document', fr: 'Document OpenAPI' },
  other: { en: 'Français', fr: 'English' },
  contents: { en: 'Contents', fr: 'Sommaire' },
  parameters: { en: 'Parameters', fr: 'Paramètres' },
  name: { en: 'Name', fr: 'Nom' },
  place: { en: 'In', fr: 'Dans' },
  about: { en: 'Description', fr: 'Description' },
  body: { en: 'Body', fr: 'Corps' },
  replies: { en: 'Replies', fr: 'Réponses' },
  status: { en: 'Status', fr: 'État' },
  form: { en: 'Form', fr: 'Forme' },
  required: { en: 'required', fr: 'obligatoire' },
  schemas: { en: 'Schemas', fr: 'Schémas' },
  try: { en: 'Try', fr: 'Essayer' },
};

const escaped = (text: unknown): string =>
  String(text ?? '').replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
const code = (text: string): string => escaped(text).replace(/`([^`]+)`/g, '<code>$1</code>');
const anchor = (text: string): string => text.replace(/[^\w-]+/g, '-');

/** The API as one HTML page, without script and without anything from another origin. */
export function renderReference(document: Json, language: PageLanguage): string {
  const say = (name: string): string => escaped(words[name]?.[language] ?? name);
  const operations = Object.entries(document.paths as Record<string, Record<string, Json>>).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );
  const tags = [...new Set(operations.map(({ operation }) => (operation.tags as string[])[0] ?? ''))].sort();
  const schemas = Object.entries((document.components as Json).schemas as Record<string, Json>);
  const ofTag = (tag: string): typeof operations =>
    operations.filter(({ operation }) => (operation.tags as string[])[0] === tag);
  const other = language === 'fr' ? 'en' : 'fr';
  return `<!doctype html>
<html lang="${language}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${say('title')}</title>
<link rel="stylesheet" href="/docs/reference.css"></head>
<body>
<header><h1>${say('title')}</h1><p>${say('intro')} <a href="/openapi.json">${say('document')}</a> · <a href="/docs?lang=${other}" lang="${other}" hreflang="${other}">${say('other')}</a></p></header>
<nav aria-label="${say('contents')}">${tags
    .map(
      (tag) =>
        `<h2>${escaped(tag)}</h2><ul>${ofTag(tag)
          .map(
            ({ path, method, operation }) =>
              `<li><a href="#${anchor(String(operation.operationId))}"><code>${method} ${escaped(path)}</code></a></li>`,
          )
          .join('')}</ul>`,
    )
    .join('')}</nav>
<main>${tags
    .map(
      (tag) =>
        `<section><h2>${escaped(tag)}</h2>${ofTag(tag)
          .map((item) => renderOperation(item, language, say))
          .join('')}</section>`,
    )
    .join('')}
<section><h2>${say('schemas')}</h2>${schemas
    .map(
      ([name, schema]) =>
        `<details id="schema-${anchor(name)}"><summary><code>${escaped(name)}</code></summary><pre tabindex="0" lang="en">${escaped(JSON.stringify(schema, null, 2))}</pre></details>`,
    )
    .join('')}</section></main>
</body></html>
`;
}

function renderOperation(
  { path, method, operation }: { readonly path: string; readonly method: string; readonly operation: Json },
  language: PageLanguage,
  say: (name: string) => string,
): string {
  const summary = String(language === 'fr' ? operation['x-summary-fr'] : operation.summary);
  const parameters = (operation.parameters as Json[] | undefined) ?? [];
  const body = operation.requestBody as { content: Record<string, { schema: Json }> } | undefined;
  const responses = Object.entries(
    operation.responses as Record<string, { description: string; content?: Record<string, { schema?: Json }> }>,
  );
  return `<article id="${anchor(String(operation.operationId))}"><h3><code><b>${method}</b> ${escaped(path)}</code></h3><p>${code(summary)}</p>
${
  parameters.length > 0
    ? `<table><caption>${say('parameters')}</caption><thead><tr><th scope="col">${say('name')}</th><th scope="col">${say('place')}</th><th scope="col">${say('about')}</th></tr></thead><tbody>${parameters
        .map(
          (item) =>
            `<tr><td><code>${escaped(item.name)}</code>${item.required ? ` (${say('required')})` : ''}</td><td>${escaped(item.in)}</td><td lang="en">${code(String(item.description ?? ''))}</td></tr>`,
        )
        .join('')}</tbody></table>`
    : ''
}${
  body
    ? `<p>${say('body')} ${Object.entries(body.content)
        .map(([type, { schema }]) => `<code>${escaped(type)}</code> ${renderSchema(schema)}`)
        .join(', ')}</p>`
    : ''
}
<table><caption>${say('replies')}</caption><thead><tr><th scope="col">${say('status')}</th><th scope="col">${say('form')}</th><th scope="col">${say('about')}</th></tr></thead><tbody>${responses
    .map(
      ([status, response]) =>
        `<tr><td>${status}</td><td>${Object.entries(response.content ?? {})
          .map(([type, { schema }]) => `<code>${escaped(type)}</code> ${renderSchema(schema)}`)
          .join('<br>')}</td><td lang="en">${code(response.description)}</td></tr>`,
    )
    .join('')}</tbody></table></article>`;
}

function renderSchema(schema: Json | undefined): string {
  if (schema === undefined) return '';
  if (typeof schema.$ref === 'string') {
    const name = schema.$ref.split('/').at(-1) ?? '';
    return `<a href="#schema-${anchor(name)}">${escaped(name)}</a>`;
  }
  return typeof schema.type === 'string' && schema.type !== 'object' ? escaped(schema.type) : '';
}

/** Style of the reference page; both colour schemes, readable on a phone. */
export const referenceStyle = `:root{color-scheme:light dark;--ink:#1c1b19;--paper:#fbfaf7;--line:#d8d4cb;--link:#1d4e89}
@media (prefers-color-scheme:dark){:root{--ink:#e9e6df;--paper:#171614;--line:#3a3733;--link:#9dc1ee}}
*{box-sizing:border-box}body{margin:0 auto;max-width:70rem;padding:1.5rem;font:1rem/1.55 system-ui,sans-serif;color:var(--ink);background:var(--paper)}
a{color:var(--link)}code,pre{font-family:ui-monospace,monospace;font-size:.92em}h3 code{overflow-wrap:anywhere}
nav ul{columns:18rem;padding-left:1.2rem}article,details{border-top:1px solid var(--line);padding:1rem 0}
table{border-collapse:collapse;width:100%;margin:.8rem 0}caption{text-align:left;font-weight:600}
th,td{border-bottom:1px solid var(--line);padding:.35rem .6rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}
pre{overflow:auto;border:1px solid var(--line);padding:.8rem}:focus-visible{outline:3px solid var(--link);outline-offset:2px}
`;
