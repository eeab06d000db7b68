import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { IntramurosError } from './errors.ts';
import { parseBytes, parseDurationMs } from './units.ts';

const duration = z.union([z.string(), z.number()]).transform((value, context) => {
  const ms = typeof value === 'number' ? value * 1000 : parseDurationMs(value);
  if (ms === undefined) context.addIssue(`wanted a duration such as "5m", "30s", 0 or "forever", found "${value}"`);
  return ms ?? 0;
});
const bytes = z.union([z.string(), z.number()]).transform((value, context) => {
  const size = typeof value === 'number' ? value : parseBytes(value);
  if (size === undefined) context.addIssue(`wanted a size such as "8GiB", found "${value}"`);
  return size ?? 0;
});

const aliases = z
  .union([z.string(), z.record(z.string(), z.string())])
  .transform((value, context): Readonly<Record<string, string>> => {
    if (typeof value !== 'string') return value;
    const pairs = value.split(',').map((pair) => pair.split('=').map((text) => text.trim()));
    if (pairs.every(([name, model]) => name && model)) return Object.fromEntries(pairs);
    context.addIssue(`wanted pairs such as "gpt-*=smollm2:135m,text-embedding-*=all-minilm", found "${value}"`);
    return {};
  });

/**
 * Every setting, with its default. Given, strongest first, by a command-line flag, the environment variable
 * `INTRAMUROS_<NAME>`, or `config.json` in the data directory.
 */
export const settingsSchema = z.strictObject({
  host: z
    .string()
    .default('127.0.0.1')
    .meta({ description: 'Address to listen on. Anything but loopback needs accounts or an API key.' }),
  port: z.coerce
    .number()
    .int()
    .min(0)
    .max(65_535)
    .default(8420)
    .meta({ description: 'Port to listen on; 0 takes a free one.' }),
  apiKeyFile: z.string().optional().meta({
    description:
      'File whose first line is a key that clients may send as a Bearer token; without accounts they then must.',
  }),
  allowedHosts: z.string().default('').meta({
    description: 'Host names, separated by commas, under which the server may be called besides loopback names.',
  }),
  publicUrl: z
    .url({ protocol: /^https?$/ })
    .optional()
    .meta({
      description:
        'Address under which people reach the page, such as https://assistant.example; needed to sign in at a provider behind a proxy.',
    }),
  trustedProxies: z.string().default('').meta({
    description:
      'Addresses or networks, separated by commas, of the reverse proxies whose "x-forwarded-for" and "x-forwarded-proto" headers are believed.',
  }),
  bodyLimit: bytes
    .default(8 * 1024 * 1024)
    .meta({ description: 'Largest body of a request; a larger one is refused with 413.' }),
  modelAliases: aliases.default({}).meta({
    description:
      'Other names of installed models, for clients that insist on their own; a name may end in "*". In the environment: "gpt-*=smollm2:135m,…".',
  }),
  embeddingEncoding: z.enum(['asked', 'float']).default('asked').meta({
    description:
      'Form of embeddings: as the client asks, or always numbers, for clients that ask for base64 and then refuse it because the published schema knows only numbers.',
  }),
  defaultLabel: z.string().default('INTERNE').meta({
    description:
      'Label of data of which nobody said anything: PUBLIC, INTERNE, SENSIBLE, SP or DR, with mentions and compartments if need be, as in "SENSIBLE; mentions=PII".',
  }),
  detectPersonalData: z.enum(['off', 'label']).default('off').meta({
    description:
      'Whether personal data and secrets found in a question mark it and its conversation (mentions PII and SECRETS), which closes more places to it. Off or not, they are replaced wherever policy asks for that.',
  }),
  enclave: z.stringbool().or(z.boolean()).default(false).meta({
    description: 'Whether this machine is part of the declared enclave that may hold data of level DR.',
  }),
  databaseUrl: z
    .string()
    .optional()
    .meta({ description: 'PostgreSQL address. Without it an embedded database in the data directory is used.' }),
  secretsKeyFile: z.string().optional().meta({
    description:
      'File of the key that encrypts stored secrets; default: secrets.key in the data directory. No backup holds it.',
  }),
  auditKeyFile: z.string().optional().meta({
    description:
      'File of the key that signs the record of decisions; default: audit.key in the data directory. No backup holds it: keep a copy.',
  }),
  auditRetention: z.string().default('12').meta({
    description:
      'Months for which records of decisions are kept: "12", or by kind as in "12,decision=24,outcome=24"; from 6 to 36.',
  }),
  auditRetentionMotive: z.string().default('').meta({
    description: 'Why records are kept for more than 12 months; without it they may not be.',
  }),
  houseKey: z.string().default('file').meta({
    description:
      'Where the key is that protects the keys of people: "file" (house.key in the data directory), "file:/path", "env:NAME", or "command:program argument" for a TPM or PKCS#11. No backup holds it: keep a copy.',
  }),
  logLevel: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'])
    .default('info')
    .meta({ description: 'Least severe log line that is written.' }),
  language: z
    .enum(['auto', 'fr', 'en'])
    .default('auto')
    .meta({ description: 'Language of the page and the CLI; auto follows the browser or LANG.' }),
  defaultModel: z.string().optional().meta({ description: 'Model of a new conversation when none is chosen.' }),
  threads: z.coerce
    .number()
    .int()
    .min(0)
    .default(0)
    .meta({ description: 'Compute threads of a model; 0 takes the physical cores but one.' }),
  contextTokens: z.coerce.number().int().min(0).default(0).meta({
    description: 'Tokens of context shared by the conversations of one loaded model; 0 chooses by model and memory.',
  }),
  answerTokens: z.coerce.number().int().min(0).default(4096).meta({
    description:
      'Longest answer, thinking included, on the page and of "ask" and "chat" where none is named; it can be continued. 0 is until the context is full. The API of other clients is not concerned.',
  }),
  parallel: z.coerce
    .number()
    .int()
    .min(1)
    .max(64)
    .default(8)
    .meta({ description: 'Answers that one model generates at the same time.' }),
  queueLimit: z.coerce
    .number()
    .int()
    .min(1)
    .default(512)
    .meta({ description: 'Requests that may wait for one model; more are refused with 429.' }),
  keepAlive: duration.default(300_000).meta({ description: 'How long an idle model stays in memory.' }),
  engineTimeout: duration.default(30_000).meta({
    description:
      'How long an engine process with work may give no sign of life, or ten times as long finish no step, before it is ended; its requests fail and the next one starts it again. 0 never ends one.',
  }),
  memoryLimit: bytes
    .optional()
    .meta({ description: 'Most memory that loaded models may take together; default: what is free, less a reserve.' }),
  optimize: z
    .enum(['off', 'ask', 'on'])
    .default('on')
    .meta({ description: 'Whether a pulled model gets a copy tuned to this CPU.' }),
  offline: z
    .stringbool()
    .or(z.boolean())
    .default(false)
    .meta({ description: 'Refuse every connection to another machine.' }),
  proxy: z.enum(['off', 'downloads', 'all']).default('downloads').meta({
    description:
      'What may go through the proxy that HTTPS_PROXY names: nothing, downloads and sign-in, or prompts over TLS too.',
  }),
  huggingFaceUrl: z
    .url()
    .default('https://huggingface.co')
    .meta({ description: 'Where models of Hugging Face are pulled from; HF_ENDPOINT sets it too.' }),
  registryUrl: z
    .url()
    .default('https://registry.ollama.ai')
    .meta({ description: 'Where models named as in Ollama are pulled from.' }),
  useFoundModels: z.stringbool().or(z.boolean()).default(true).meta({
    description:
      'Whether models that Ollama, LM Studio or Hugging Face keep on this disk are listed and used in place.',
  }),
  auditWitnesses: z.string().default('').meta({
    description:
      'Witnesses that confirm the audit log, separated by commas: a C2SP verifier key and an address each. Without any, nobody outside is asked.',
  }),
  auditTimestampUrl: z
    .url({ protocol: /^https?$/ })
    .optional()
    .meta({ description: 'RFC 3161 authority that dates checkpoints of the audit log. Without it, none is asked.' }),
  auditTimestampCaFile: z.string().optional().meta({
    description:
      'PEM file of the certificates that timestamps are checked against; default: those that Node.js brings.',
  }),
  auditTimestampEvery: duration
    .default(3_600_000)
    .meta({ description: 'Least time between two timestamps of the audit log.' }),
  streamGrace: duration.default(15_000).meta({
    description: 'How long an answer of the chat page goes on after its reader left, so that a reload resumes it.',
  }),
});

/** Environment variables of other programs that a setting listens to as well. */
const foreignNames: Readonly<Record<string, string>> = { databaseUrl: 'DATABASE_URL', huggingFaceUrl: 'HF_ENDPOINT' };

/** All settings, resolved. Durations in milliseconds, sizes in bytes. */
export type Settings = z.output<typeof settingsSchema>;
export type SettingName = keyof Settings;

/** Environment variable of a setting: `apiKeyFile` → `INTRAMUROS_API_KEY_FILE`. `databaseUrl` also listens to `DATABASE_URL`. */
export function environmentName(setting: string): string {
  return `INTRAMUROS_${setting.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

/** Where everything of one installation lives: `INTRAMUROS_HOME`, else `~/.intramuros`. */
export function dataDirectory(environment: NodeJS.ProcessEnv = process.env): string {
  return environment.INTRAMUROS_HOME || join(homedir(), '.intramuros');
}

/** Where a setting's value came from. */
export type SettingOrigin = 'flag' | 'environment' | 'file' | 'default';
export interface ResolvedSettings {
  readonly settings: Settings;
  readonly origins: Readonly<Record<string, SettingOrigin>>;
}

/**
 * Reads the settings of an installation.
 * @throws {IntramurosError} `config_invalid`, naming the setting, where it came from, what was wanted and what was found.
 */
export function readSettings(options: {
  readonly home: string;
  readonly flags?: Readonly<Record<string, unknown>>;
  readonly environment?: NodeJS.ProcessEnv;
}): ResolvedSettings {
  const environment = options.environment ?? process.env;
  const file = readConfigFile(join(options.home, 'config.json'));
  const values: Record<string, unknown> = {};
  const origins: Record<string, SettingOrigin> = {};
  for (const name of Object.keys(settingsSchema.shape)) {
    const fromEnvironment =
      environment[environmentName(name)] ||
      (foreignNames[name] ? environment[foreignNames[name]] || undefined : undefined);
    if (options.flags?.[name] !== undefined) [values[name], origins[name]] = [options.flags[name], 'flag'];
    else if (fromEnvironment) [values[name], origins[name]] = [fromEnvironment, 'environment'];
    else if (file[name] !== undefined) [values[name], origins[name]] = [file[name], 'file'];
    else origins[name] = 'default';
  }
  for (const name of Object.keys(file)) {
    if (!(name in settingsSchema.shape)) {
      throw new IntramurosError(
        'config_invalid',
        `config.json has a setting "${name}" that does not exist. Known settings: ${Object.keys(settingsSchema.shape).join(', ')}.`,
        { facts: { setting: name } },
      );
    }
  }
  const parsed = settingsSchema.safeParse(values);
  if (parsed.success) return { settings: parsed.data, origins };
  const issue = parsed.error.issues[0];
  const name = String(issue?.path[0] ?? '?');
  const origin =
    origins[name] === 'environment'
      ? environmentName(name)
      : origins[name] === 'file'
        ? 'config.json'
        : 'the command line';
  throw new IntramurosError('config_invalid', `Setting "${name}" from ${origin}: ${issue?.message ?? 'not valid'}.`, {
    facts: { setting: name, origin: origins[name] ?? 'default' },
  });
}

function readConfigFile(path: string): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || (error as NodeJS.ErrnoException).code === 'ENOTDIR')
      return {};
    throw new IntramurosError('config_invalid', `Cannot read ${path}: ${(error as Error).message}.`, { cause: error });
  }
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch (error) {
    throw new IntramurosError(
      'config_invalid',
      `${path} is not JSON: ${(error as Error).message}. Correct it or remove it.`,
      { cause: error },
    );
  }
  throw new IntramurosError('config_invalid', `${path} must hold one JSON object of settings.`);
}
