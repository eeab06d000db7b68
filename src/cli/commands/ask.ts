import { chooseModel, loadModel } from '../choose-model.ts';
import type { ServerClient } from '../http/client.ts';
import { withServer } from '../http/connect.ts';
import { readInput } from '../read-input.ts';
import { MarkdownWriter } from '../terminal/markdown-writer.ts';
import { safeText, styled } from '../terminal/style.ts';
import type { Command, Context } from '../types.ts';
import { UsageError } from '../usage-error.ts';

export const ask: Command = {
  name: 'ask',
  summary: { en: 'Ask one question and write the answer.', fr: 'Poser une question et écrire la réponse.' },
  details: {
    en: 'What comes through a pipe is put after the question. The answer streams to standard output: as it is into a file or a pipe, laid out on a terminal. It comes from the running server, or from this process when there is none; nothing is kept.',
    fr: 'Ce qui arrive par un tube est placé après la question. La réponse s’écrit au fil de l’eau sur la sortie standard : telle quelle dans un fichier ou un tube, mise en page sur un terminal. Elle vient du serveur en marche, ou de ce processus s’il n’y en a pas ; rien n’est conservé.',
  },
  arguments: [
    {
      name: { en: 'QUESTION', fr: 'QUESTION' },
      about: {
        en: 'The question; "-" reads it from standard input.',
        fr: 'La question ; « - » la lit sur l’entrée standard.',
      },
      optional: true,
      rest: true,
    },
  ],
  options: [
    {
      name: 'model',
      short: 'm',
      value: { en: 'MODEL', fr: 'MODÈLE' },
      complete: 'model',
      about: { en: 'Installed model to ask.', fr: 'Modèle installé à interroger.' },
    },
    {
      name: 'system',
      short: 's',
      value: { en: 'TEXT', fr: 'TEXTE' },
      about: { en: 'Instruction before the question.', fr: 'Consigne avant la question.' },
    },
    {
      name: 'temperature',
      short: 't',
      value: { en: 'NUMBER', fr: 'NOMBRE' },
      about: {
        en: 'Randomness, 0 to 2; 0 always takes the likeliest.',
        fr: 'Part de hasard, de 0 à 2 ; 0 prend toujours le plus probable.',
      },
    },
    {
      name: 'seed',
      value: { en: 'NUMBER', fr: 'NOMBRE' },
      about: { en: 'Number that makes chance repeatable.', fr: 'Nombre qui rend le hasard reproductible.' },
    },
    {
      name: 'max-tokens',
      value: { en: 'NUMBER', fr: 'NOMBRE' },
      about: {
        en: 'Longest answer, thinking included; the setting answerTokens when absent.',
        fr: 'Longueur maximale de la réponse, réflexion comprise ; le réglage answerTokens en son absence.',
      },
    },
    {
      name: 'thinking',
      value: { en: 'HOW', fr: 'COMMENT' },
      complete: ['show', 'hide'],
      about: {
        en: 'show or hide what the model thinks aloud; shown on standard error, hidden by default.',
        fr: 'show ou hide : montrer ou cacher la réflexion du modèle ; sur la sortie d’erreur, cachée par défaut.',
      },
    },
  ],
  examples: [
    { line: 'intramuros ask "Why is the sky blue?"', about: { en: 'a question', fr: 'une question' } },
    {
      line: 'git diff | intramuros ask "Write a commit message for this:"',
      about: { en: 'with a text from a pipe', fr: 'avec un texte venu d’un tube' },
    },
  ],
  async run(context) {
    const question = await readQuestion(context);
    const body = requestBody(question, context);
    return withServer(context, async (client) => {
      const model = await chooseModel(client, context);
      await loadModel(client, model, context);
      const answer = await stream(client, { ...body, model }, context);
      if (context.json) context.printJson(answer);
      return 0;
    });
  },
};

async function readQuestion(context: Context): Promise<string> {
  const words = context.args.filter((word) => word !== '-').join(' ');
  const wanted = context.args.includes('-') || !context.terminal.inputIsTerminal;
  const piped = wanted ? await readInput(context) : '';
  const question = [words, piped.trim()].filter(Boolean).join('\n\n');
  if (question !== '') return question;
  throw new UsageError(
    {
      en: 'There is no question: give one, or pipe a text in.',
      fr: 'Pas de question : donnez-en une, ou envoyez un texte par un tube.',
    },
    'ask',
  );
}

function requestBody(question: string, { flags, resolved }: Context): Record<string, unknown> {
  const system = flags.text('system');
  flags.oneOf('thinking', ['show', 'hide']);
  const settings = {
    temperature: flags.number('temperature', { min: 0, max: 2 }),
    seed: flags.number('seed', { whole: true }),
    max_completion_tokens:
      flags.number('max-tokens', { min: 1, whole: true }) ?? (resolved().settings.answerTokens || undefined),
  };
  return {
    messages: [
      ...(system === undefined ? [] : [{ role: 'system', content: system }]),
      { role: 'user', content: question },
    ],
    stream: true,
    stream_options: { include_usage: true },
    ...Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined)),
  };
}

interface Answer {
  readonly model: string;
  readonly answer: string;
  readonly thinking: string | null;
  readonly finishReason: string | null;
  readonly usage: unknown;
}

interface Chunk {
  readonly choices: readonly {
    readonly delta: { readonly content?: string | null; readonly reasoning_content?: string | null };
    readonly finish_reason: string | null;
  }[];
  readonly usage?: unknown;
}

async function stream(
  client: ServerClient,
  body: Record<string, unknown> & { model: string },
  context: Context,
): Promise<Answer> {
  const out = openOutput(context);
  let [answer, thinking, finishReason, usage] = ['', '', null as string | null, null as unknown];
  try {
    for await (const { data } of client.events('POST', '/v1/chat/completions', body, { signal: context.signal })) {
      if (data === '[DONE]') break;
      const chunk = JSON.parse(data) as Chunk & { error?: unknown };
      if (chunk.error !== undefined) throw client.failure(data);
      if (chunk.usage) usage = chunk.usage;
      const choice = chunk.choices[0];
      if (choice?.finish_reason) finishReason = choice.finish_reason;
      const { content, reasoning_content: thought } = choice?.delta ?? {};
      if (thought) out.thinking(thought);
      if (content) out.text(content);
      thinking += thought ?? '';
      answer += content ?? '';
    }
  } finally {
    out.end();
  }
  return { model: body.model, answer, thinking: thinking || null, finishReason, usage };
}

/** Where the answer goes: laid out on a terminal, as it is elsewhere, nowhere before a JSON document. */
function openOutput(context: Context): { text(part: string): void; thinking(part: string): void; end(): void } {
  const { terminal, flags } = context;
  const showThinking = flags.text('thinking') === 'show';
  const thinking = (part: string): void => {
    if (showThinking) terminal.errors.write(styled(safeText(part), 'dim', terminal.errorColor));
  };
  if (context.json) return { text: () => {}, thinking, end: () => {} };
  if (!terminal.outputIsTerminal) {
    let last = '\n';
    const text = (part: string): void => {
      terminal.output.write(part);
      last = part.at(-1) ?? last;
    };
    return { text, thinking, end: () => void (last !== '\n' && terminal.output.write('\n')) };
  }
  const columns = Math.min(100, terminal.columns() ?? 80);
  const writer = new MarkdownWriter({
    write: (part) => void terminal.output.write(part),
    columns,
    color: terminal.color,
  });
  return { text: (part) => writer.push(part), thinking, end: () => writer.end() };
}
