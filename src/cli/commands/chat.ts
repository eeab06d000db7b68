import { type LineReader, openLineReader } from '../chat/line-reader.ts';
import { ChatSession } from '../chat/session.ts';
import { showAnswer } from '../chat/show-answer.ts';
import { slashCommands } from '../chat/slash-commands.ts';
import { chooseModel, loadModel } from '../choose-model.ts';
import { describeFailure } from '../errors.ts';
import { withServer } from '../http/connect.ts';
import { styled } from '../terminal/style.ts';
import type { Command, Context } from '../types.ts';

export const chat: Command = {
  name: 'chat',
  summary: { en: 'Talk with a model in the terminal.', fr: 'Converser avec un modèle dans le terminal.' },
  details: {
    en: 'The conversation is kept beside those of the page. /help lists the commands inside. Lines from a pipe are questions asked one after another.',
    fr: 'La conversation est conservée avec celles de la page. /help liste les commandes internes. Les lignes d’un tube sont des questions posées l’une après l’autre.',
  },
  options: [
    {
      name: 'model',
      short: 'm',
      value: { en: 'MODEL', fr: 'MODÈLE' },
      complete: 'model',
      about: { en: 'Installed model to talk with.', fr: 'Modèle installé avec qui converser.' },
    },
    {
      name: 'continue',
      short: 'c',
      about: { en: 'Go on with the last conversation.', fr: 'Reprendre la dernière conversation.' },
    },
    {
      name: 'temperature',
      short: 't',
      value: { en: 'NUMBER', fr: 'NOMBRE' },
      about: { en: 'Randomness, 0 to 2.', fr: 'Part de hasard, de 0 à 2.' },
    },
    {
      name: 'seed',
      value: { en: 'NUMBER', fr: 'NOMBRE' },
      about: { en: 'Number that makes chance repeatable.', fr: 'Nombre qui rend le hasard reproductible.' },
    },
    {
      name: 'max-tokens',
      value: { en: 'NUMBER', fr: 'NOMBRE' },
      about: { en: 'Longest answer, thinking included.', fr: 'Longueur maximale d’une réponse, réflexion comprise.' },
    },
  ],
  examples: [{ line: 'intramuros chat --continue', about: { en: 'where you left off', fr: 'là où vous en étiez' } }],
  async run(context) {
    const sampling = readSampling(context);
    return withServer(context, async (client) => {
      const session = new ChatSession(client, { model: await chooseModel(client, context), sampling });
      await loadModel(client, session.model, context);
      const history = context.flags.has('continue') ? await openLast(session) : [];
      greet(session, context);
      using lines = openLineReader(context, { history: [...history].reverse(), complete: completeSlash });
      return await talk(session, lines, context);
    });
  },
};

function readSampling({ flags }: Context): Readonly<Record<string, number>> {
  const values = {
    temperature: flags.number('temperature', { min: 0, max: 2 }),
    seed: flags.number('seed', { whole: true }),
    maxTokens: flags.number('max-tokens', { min: 1, whole: true }),
  };
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, number] => entry[1] !== undefined),
  );
}

async function openLast(session: ChatSession): Promise<readonly string[]> {
  const last = (await session.list()).conversations[0];
  if (last === undefined) return [];
  const branch = await session.open(last.id);
  return branch.filter(({ role }) => role === 'user').map(({ content }) => content);
}

const completeSlash = (line: string): readonly string[] =>
  line.startsWith('/') ? slashCommands.map(({ name }) => `/${name}`).filter((name) => name.startsWith(line)) : [];

function greet(session: ChatSession, context: Context): void {
  if (context.json || !context.terminal.inputIsTerminal) return;
  const words = context.say({
    en: `${session.model}, on this machine; nothing leaves it. /help shows the commands.`,
    fr: `${session.model}, sur cette machine ; rien n’en sort. /help montre les commandes.`,
  });
  context.note(styled(words, 'dim', context.terminal.errorColor));
}

async function talk(session: ChatSession, lines: LineReader, context: Context): Promise<number> {
  let failures = 0;
  for (;;) {
    const question = await readQuestion(lines, context);
    context.signal.throwIfAborted();
    if (question === undefined) break;
    if (question.trim() === '') continue;
    lines.onInterrupt = () => void session.stop().catch((error: unknown) => context.note(String(error)));
    try {
      if (await answer(question.trim(), session, context)) break;
    } catch (error) {
      context.signal.throwIfAborted();
      failures += 1;
      context.note(describeFailure(error, context.language).message);
    } finally {
      lines.onInterrupt = undefined;
    }
  }
  // A person saw each failure; a script that piped its questions in gets an exit code for them.
  return failures > 0 && !context.terminal.inputIsTerminal ? 1 : 0;
}

/** A question, of several lines when they end in a backslash. */
async function readQuestion(lines: LineReader, context: Context): Promise<string | undefined> {
  const prompt = styled('> ', 'bold', context.terminal.color);
  let text = await lines.next(prompt);
  while (text?.endsWith('\\')) {
    const more: string | undefined = await lines.next('  ');
    text = `${text.slice(0, -1)}\n${more ?? ''}`;
    if (more === undefined) break;
  }
  return text;
}

/** Runs a /command or answers a question; true ends the chat. */
async function answer(text: string, session: ChatSession, context: Context): Promise<boolean> {
  const slash = /^\/(\w+)\s*(.*)$/s.exec(text);
  if (slash === null) {
    await answerQuestion(text, session, context);
    return false;
  }
  const command =
    slashCommands.find(({ name }) => name === slash[1]) ?? (slash[1] === 'exit' ? slashCommands.at(-1) : undefined);
  if (command !== undefined) return (await command.run(session, slash[2]?.trim() ?? '', context)) === true;
  context.note(
    context.say({
      en: `There is no /${slash[1]}. /help lists the commands.`,
      fr: `/${slash[1]} n’existe pas. /help liste les commandes.`,
    }),
  );
  return false;
}

async function answerQuestion(question: string, session: ChatSession, context: Context): Promise<void> {
  const stop = (): void => void stopQuietly(session);
  context.signal.addEventListener('abort', stop, { once: true });
  try {
    await showAnswer(session.ask(question), session, context);
  } finally {
    context.signal.removeEventListener('abort', stop);
  }
}

async function stopQuietly(session: ChatSession): Promise<void> {
  try {
    await session.stop();
  } catch {
    // the server may be gone already, which stops the answer too
  }
}
