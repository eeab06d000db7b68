export { type FallbackTemplate, fallbackTemplate } from './fallback.ts';
export { renderChat } from './render-chat.ts';
export { findThinkingTags, openThinkingSplitter, type ThinkingTags } from './thinking.ts';
export type { PromptSegment, RenderedPrompt, RenderInput, ThinkingSplitter } from './types.ts';
