export type { AnswerEnd, AnswerStart, Answers, AnswerTarget, BegunAnswer } from './answers.ts';
export {
  type ConversationChange,
  type ConversationRoom,
  type Conversations,
  openConversations,
} from './conversations.ts';
export type { ExportOptions } from './export.ts';
export type { ConversationPage, ListedConversation, ListOptions } from './list.ts';
export { joinMarks, type Marked } from './marks.ts';
export { siblings } from './messages.ts';
export { autoTitle, messageLimitBytes, titleLimitCharacters } from './text.ts';
export type * from './types.ts';
