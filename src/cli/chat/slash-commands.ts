import { writeFileSync } from 'node:fs';
import { loadModel } from '../choose-model.ts';
import { canChat, type ModelView } from '../model-view.ts';
import { textWidth } from '../terminal/text-width.ts';
import type { Context } from '../types.ts';
import type { Words } from '../words.ts';
import type { ChatSession } from './session.ts';
import { showAnswer } from './show-answer.ts';

export interface SlashCommand {
  readonly name: string;
  readonly value?: Words;
  readonly about: Words;
  /** True ends the chat. */
  run(session: ChatSession, argument: string, context: Context): Promise<boolean | undefined>;
}

/** Commands inside a chat. */
export const slashCommands: readonly SlashCommand[] = [
  {
    name: 'help',
    about: { en: 'show these commands', fr: 'montrer ces commandes' },
    async run(_session, _argument, context) {
      for (const line of slashHelp(context)) context.print(line);
      return false;
    },
  },
  {
    name: 'new',
    about: { en: 'start a new conversation', fr: 'commencer une nouvelle conversation' },
    async run(session, _argument, context) {
      session.reset();
      context.note(context.say({ en: 'New conversation.', fr: 'Nouvelle conversation.' }));
      return false;
    },
  },
  {
    name: 'list',
    about: { en: 'show the last conversations', fr: 'montrer les dernières conversations' },
    async run(session, _argument, context) {
      const { conversations } = await session.list();
      if (conversations.length === 0)
        context.note(context.say({ en: 'No conversation yet.', fr: 'Aucune conversation.' }));
      for (const [at, { title, updatedAt, id }] of conversations.entries()) {
        const mark = id === session.conversationId ? '*' : ' ';
        context.print(`${mark}${String(at + 1).padStart(3)}  ${updatedAt.slice(0, 16).replace('T', ' ')}  ${title}`);
      }
      return false;
    },
  },
  {
    name: 'open',
    value: { en: 'NUMBER', fr: 'NUMÉRO' },
    about: { en: 'go on with a conversation of /list', fr: 'reprendre une conversation de /list' },
    async run(session, argument, context) {
      const { conversations } = await session.list();
      const chosen = conversations[Number(argument) - 1] ?? conversations.find(({ id }) => id === argument);
      if (chosen === undefined) {
        context.note(context.say({ en: 'No such number in /list.', fr: 'Ce numéro n’est pas dans /list.' }));
        return false;
      }
      const branch = await session.open(chosen.id);
      const last = branch.findLast(({ role }) => role === 'user');
      context.note(context.say({ en: `Conversation: ${chosen.title}`, fr: `Conversation : ${chosen.title}` }));
      if (last) context.note(`> ${last.content.split('\n')[0]}`);
      return false;
    },
  },
  {
    name: 'model',
    value: { en: '[NAME]', fr: '[NOM]' },
    about: { en: 'show the models, or change', fr: 'montrer les modèles, ou en changer' },
    async run(session, argument, context) {
      const { models } = await session.client.call<{ models: ModelView[] }>('GET', '/api/models');
      const usable = models.filter(canChat);
      if (argument === '') {
        for (const { id, title } of usable) context.print(`${id === session.model ? '*' : ' '} ${id}  ${title}`);
        return false;
      }
      const chosen = usable.find(({ id }) => id === argument);
      if (chosen === undefined) {
        const names = usable.map(({ id }) => id).join(', ');
        context.note(
          context.say({ en: `No such model. Installed: ${names}.`, fr: `Pas de tel modèle. Installés : ${names}.` }),
        );
        return false;
      }
      await loadModel(session.client, chosen.id, context);
      session.model = chosen.id;
      context.note(context.say({ en: `Now with ${chosen.title}.`, fr: `Maintenant avec ${chosen.title}.` }));
      return false;
    },
  },
  {
    name: 'regenerate',
    about: { en: 'answer the last question again', fr: 'répondre de nouveau à la dernière question' },
    run: (session, _argument, context) => again(session.regenerate(), session, context),
  },
  {
    name: 'continue',
    about: { en: 'go on with the last answer', fr: 'poursuivre la dernière réponse' },
    run: (session, _argument, context) => again(session.goOn(), session, context),
  },
  {
    name: 'thinking',
    value: { en: '[show|hide]', fr: '[show|hide]' },
    about: { en: 'show or hide what the model thinks aloud', fr: 'montrer ou cacher la réflexion du modèle' },
    async run(session, argument, context) {
      session.showThinking = argument === '' ? !session.showThinking : argument === 'show';
      context.note(
        session.showThinking
          ? context.say({ en: 'Thinking is shown.', fr: 'La réflexion est montrée.' })
          : context.say({ en: 'Thinking is hidden.', fr: 'La réflexion est cachée.' }),
      );
      return false;
    },
  },
  {
    name: 'figures',
    about: {
      en: 'show speed and context after each answer, or not',
      fr: 'montrer ou non vitesse et contexte après chaque réponse',
    },
    async run(session, _argument, context) {
      session.showFigures = !session.showFigures;
      context.note(
        session.showFigures
          ? context.say({ en: 'Figures are shown.', fr: 'Les chiffres sont montrés.' })
          : context.say({ en: 'Figures are hidden.', fr: 'Les chiffres sont cachés.' }),
      );
      return false;
    },
  },
  {
    name: 'title',
    value: { en: 'TEXT', fr: 'TEXTE' },
    about: { en: 'name the conversation', fr: 'nommer la conversation' },
    async run(session, argument, context) {
      if (session.conversationId === undefined || argument === '') {
        context.note(
          context.say({
            en: 'Ask something first, then /title TEXT.',
            fr: 'Posez d’abord une question, puis /title TEXTE.',
          }),
        );
      } else await session.rename(argument);
      return false;
    },
  },
  {
    name: 'export',
    value: { en: '[FILE]', fr: '[FICHIER]' },
    about: {
      en: 'write the conversation as Markdown, or JSON into a file named .json',
      fr: 'écrire la conversation en Markdown, ou en JSON dans un fichier .json',
    },
    run: exportConversation,
  },
  {
    name: 'quit',
    about: { en: 'leave (Ctrl+D too)', fr: 'quitter (Ctrl+D aussi)' },
    run: async () => true,
  },
];

async function again(
  events: ReturnType<ChatSession['regenerate']>,
  session: ChatSession,
  context: Context,
): Promise<false> {
  if (events === undefined)
    context.note(context.say({ en: 'There is no answer yet.', fr: 'Il n’y a pas encore de réponse.' }));
  else await showAnswer(events, session, context);
  return false;
}

async function exportConversation(session: ChatSession, argument: string, context: Context): Promise<false> {
  if (session.conversationId === undefined) {
    context.note(context.say({ en: 'There is nothing to export yet.', fr: 'Il n’y a encore rien à exporter.' }));
    return false;
  }
  const text = await session.exportText(argument.endsWith('.json') ? 'json' : 'markdown');
  if (argument === '') context.print(text);
  else {
    writeFileSync(argument, text, { mode: 0o600 });
    context.note(context.say({ en: `Written to ${argument}.`, fr: `Écrit dans ${argument}.` }));
  }
  return false;
}

/** One line a command. */
export function slashHelp(context: Context): readonly string[] {
  const names = slashCommands.map(({ name, value }) => `/${name}${value ? ` ${context.say(value)}` : ''}`);
  const width = Math.max(...names.map(textWidth)) + 2;
  const lines = slashCommands.map(({ about }, at) => {
    const name = names[at] ?? '';
    return `  ${name}${' '.repeat(width - textWidth(name))}${context.say(about)}`;
  });
  const more = context.say({
    en: 'A line that ends in \\ goes on. Ctrl+C stops an answer; twice at the prompt it leaves.',
    fr: 'Une ligne qui finit par \\ se poursuit. Ctrl+C arrête une réponse ; deux fois à l’invite, quitte.',
  });
  return [...lines, '', more];
}
