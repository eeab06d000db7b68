import { formatLabel } from '../policy/index.ts';
import type { Conversation, Message } from './types.ts';

export interface ExportOptions {
  readonly format: 'markdown' | 'json';
  readonly language?: 'fr' | 'en';
  /** Also what models thought before they answered. */
  readonly thinking?: boolean;
}

const words = {
  en: {
    question: 'Question',
    answer: 'Answer',
    system: 'Instructions',
    untitled: 'Untitled conversation',
    exported: 'Exported from Intramuros on',
    version: (n: number, of: number) => `version ${n} of ${of}`,
    replyTo: (n: number) => `Follows message ${n}.`,
    thinking: 'Thinking',
    status: { stopped: 'stopped', failed: 'failed', interrupted: 'interrupted', generating: 'being written' },
  },
  fr: {
    question: 'Question',
    answer: 'Réponse',
    system: 'Consignes',
    untitled: 'Conversation sans titre',
    exported: 'Exporté d’Intramuros le',
    version: (n: number, of: number) => `version ${n} sur ${of}`,
    replyTo: (n: number) => `Suit le message ${n}.`,
    thinking: 'Réflexion',
    status: { stopped: 'arrêtée', failed: 'en échec', interrupted: 'interrompue', generating: 'en cours' },
  },
} as const;

/** A conversation as a document: every branch of it, thinking only when asked for. */
export function exportConversation(
  conversation: Conversation,
  tree: readonly Message[],
  options: ExportOptions & { readonly exportedAt: string },
): string {
  const messages = options.thinking
    ? tree
    : tree.map((message) => ({ ...message, thinking: undefined, thinkingMs: undefined }));
  if (options.format === 'markdown') return toMarkdown(conversation, messages, options);
  const { ownerId: _owner, ...told } = conversation;
  const document = { format: 'intramuros.conversation', version: 1, exportedAt: options.exportedAt };
  return `${JSON.stringify({ ...document, label: formatLabel(told.label), conversation: told, messages }, null, 2)}\n`;
}

function toMarkdown(
  conversation: Conversation,
  messages: readonly Message[],
  options: ExportOptions & { readonly exportedAt: string },
): string {
  const say = words[options.language ?? 'en'];
  const parts = [
    `---\nlabel: "${formatLabel(conversation.label)}"\n---`,
    `# ${conversation.title || say.untitled}`,
    `*${say.exported} ${options.exportedAt.slice(0, 16).replace('T', ' ')} UTC*`,
  ];
  const numbers = new Map<string, number>();
  let previous: string | undefined;
  for (const { message, version, versions } of depthFirst(messages)) {
    numbers.set(message.id, numbers.size + 1);
    parts.push(`## ${heading(message, numbers.size, version, versions, say)}`);
    if (message.parentId !== previous && message.parentId !== undefined) {
      parts.push(`*${say.replyTo(numbers.get(message.parentId) ?? 0)}*`);
    }
    if (message.thinking) parts.push(quoted(`**${say.thinking}**\n\n${message.thinking}`));
    parts.push(message.content.trim());
    previous = message.id;
  }
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function heading(
  message: Message,
  number: number,
  version: number,
  versions: number,
  say: (typeof words)['en'] | (typeof words)['fr'],
): string {
  const who = { user: say.question, assistant: say.answer, system: say.system }[message.role];
  const details = [
    message.provenance?.model,
    versions > 1 ? say.version(version, versions) : undefined,
    message.status === 'complete' ? undefined : say.status[message.status],
  ].filter((detail) => detail !== undefined);
  return `${number}. ${who}${details.length > 0 ? ` (${details.join(', ')})` : ''}`;
}

const quoted = (text: string): string => text.replace(/^/gm, '> ');

interface Place {
  readonly message: Message;
  readonly version: number;
  readonly versions: number;
}

/** Every message under its parent, first versions first. A loop and no recursion: a branch may be thousands deep. */
function depthFirst(messages: readonly Message[]): readonly Place[] {
  const children = new Map<string | undefined, Message[]>();
  for (const message of messages) {
    const list = children.get(message.parentId);
    if (list) list.push(message);
    else children.set(message.parentId, [message]);
  }
  const placesOf = (parent: string | undefined): Place[] =>
    (children.get(parent) ?? []).map((message, index, all) => ({ message, version: index + 1, versions: all.length }));
  const open = placesOf(undefined).reverse();
  const order: Place[] = [];
  for (let place = open.pop(); place !== undefined; place = open.pop()) {
    order.push(place);
    open.push(...placesOf(place.message.id).reverse());
  }
  return order;
}
