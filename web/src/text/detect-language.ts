const words = {
  fr: /\b(le|la|les|des|une|est|et|que|qui|dans|pour|avec|sur|vous|nous|pas|par|plus|cette|sont|aux|du|ce)\b/gi,
  en: /\b(the|and|of|to|is|are|that|in|for|with|you|this|it|on|not|by|from|be|as|can|an|or)\b/gi,
} as const;

/** Language of an answer by its commonest small words, for screen readers; undefined when the text does not tell. */
export function detectLanguage(text: string): 'fr' | 'en' | undefined {
  const sample = text.slice(0, 2000).replace(/```[\s\S]*?(```|$)/g, ' ');
  const fr = sample.match(words.fr)?.length ?? 0;
  const en = sample.match(words.en)?.length ?? 0;
  if (fr + en < 3 || fr === en) return undefined;
  return fr > en ? 'fr' : 'en';
}

/** Words of an answer, for the sentence that says it is finished. */
export function countWords(text: string): number {
  return text.match(/[\p{L}\p{N}]+(?:[’'-][\p{L}\p{N}]+)*/gu)?.length ?? 0;
}
