import { z } from 'zod';
import { type Endpoint, endpoint } from '../http/endpoint.ts';
import { type PageLanguage, referenceStyle, renderReference } from '../reference-page.ts';

const headers = {
  'content-security-policy':
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cache-control': 'no-cache',
};

/** The routes that show what the others are; they need the finished document. */
export function documentRoutes(document: () => Readonly<Record<string, unknown>>): readonly Endpoint[] {
  return [
    endpoint({
      operationId: 'openapi.get',
      method: 'GET',
      path: '/openapi.json',
      tag: 'System',
      summary: { en: 'This API as an OpenAPI 3.1 document.', fr: 'Cette API en document OpenAPI 3.1.' },
      dialect: 'native',
      open: true,
      replies: { 200: z.looseObject({ openapi: z.string() }) },
      errors: [],
      handle: () => ({ json: document(), headers: { 'cache-control': 'no-cache' } }),
    }),
    endpoint({
      operationId: 'docs.get',
      method: 'GET',
      path: '/docs',
      tag: 'System',
      summary: { en: 'This API as a page to read.', fr: 'Cette API en page à lire.' },
      dialect: 'native',
      open: true,
      query: z.object({ lang: z.enum(['fr', 'en']).optional() }),
      replies: { 200: z.string() },
      replyTypes: ['text/html'],
      errors: [],
      handle: ({ query }, { acceptLanguage, rooms }) => {
        const language = query.lang ?? languageOf(acceptLanguage, rooms.house.language);
        const text = renderReference(document(), language);
        return { text, contentType: 'text/html; charset=utf-8', headers: { ...headers, vary: 'accept-language' } };
      },
    }),
    endpoint({
      operationId: 'docs.style',
      method: 'GET',
      path: '/docs/reference.css',
      tag: 'System',
      summary: { en: 'Style of the reference page.', fr: 'Style de la page de référence.' },
      dialect: 'native',
      open: true,
      replies: { 200: z.string() },
      replyTypes: ['text/css'],
      errors: [],
      handle: () => ({ text: referenceStyle, contentType: 'text/css; charset=utf-8', headers }),
    }),
  ];
}

function languageOf(acceptLanguage: string | undefined, setting: 'auto' | 'fr' | 'en'): PageLanguage {
  if (setting !== 'auto') return setting;
  const first = /\b(fr|en)\b/i.exec(acceptLanguage ?? '')?.[1]?.toLowerCase();
  return first === 'fr' ? 'fr' : 'en';
}
