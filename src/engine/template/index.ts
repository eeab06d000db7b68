export { type FallbackTemplate, fallbackTemplate } from './fallback.ts';
export { renderChat } from './render-chat.ts';
export { findThinkingTags, openThinkingSplitter } from './thinking.ts';
export type { PromptSegment, RenderedPrompt, RenderInput, ThinkingSplitter, ThinkingTags } from './types.ts';
