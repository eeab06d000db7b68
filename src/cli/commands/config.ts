import { environmentName, type SettingName, type SettingOrigin, settingsSchema } from '../../base/index.ts';
import { changeConfigFile } from '../config-file.ts';
import { findServer } from '../http/connect.ts';
import { settingText, settingWords } from '../settings-words.ts';
import { formatTable } from '../terminal/table.ts';
import type { Command, Context } from '../types.ts';
import { UsageError } from '../usage-error.ts';
import type { Words } from '../words.ts';

const actions = ['list', 'get', 'set', 'unset'] as const;

export const config: Command = {
  name: 'config',
  summary: { en: 'Show and change settings.', fr: 'Afficher et changer les réglages.' },
  details: {
    en: 'A setting comes from an option of the command, else from the environment (INTRAMUROS_…), else from config.json in the data directory, else from its default. "set" and "unset" change config.json; a running server reads it when it starts. Passwords are never shown.',
    fr: 'Un réglage vient d’une option de la commande, sinon de l’environnement (INTRAMUROS_…), sinon de config.json dans le dossier des données, sinon de sa valeur par défaut. « set » et « unset » changent config.json ; un serveur le lit à son démarrage. Les mots de passe ne sont jamais affichés.',
  },
  arguments: [
    {
      name: { en: 'ACTION', fr: 'ACTION' },
      about: { en: 'list, get, set or unset; list when absent.', fr: 'list, get, set ou unset ; list en son absence.' },
      optional: true,
      complete: actions,
    },
    {
      name: { en: 'NAME', fr: 'NOM' },
      about: { en: 'Name of the setting.', fr: 'Nom du réglage.' },
      optional: true,
      complete: 'setting',
    },
    { name: { en: 'VALUE', fr: 'VALEUR' }, about: { en: 'New value.', fr: 'Nouvelle valeur.' }, optional: true },
  ],
  examples: [
    {
      line: 'intramuros config set keepAlive 30m',
      about: { en: 'keep idle models longer', fr: 'garder plus longtemps un modèle inactif' },
    },
    { line: 'intramuros config get port', about: { en: 'one value', fr: 'une valeur' } },
  ],
  async run(context) {
    const [action = 'list', name, value] = context.args;
    if (action === 'list') return list(context);
    if (!(actions as readonly string[]).includes(action)) {
      throw new UsageError(
        {
          en: `config knows ${actions.join(', ')}; not "${action}".`,
          fr: `config connaît ${actions.join(', ')} ; pas « ${action} ».`,
        },
        'config',
      );
    }
    const setting = knownSetting(name);
    if (action === 'get') return get(context, setting);
    if (action === 'set' && value === undefined) {
      throw new UsageError(
        { en: `config set ${setting} needs a value.`, fr: `config set ${setting} attend une valeur.` },
        'config',
      );
    }
    changeConfigFile(context.home, setting, action === 'set' ? value : undefined);
    await sayChanged(context, setting);
    return 0;
  },
};

function knownSetting(name: string | undefined): SettingName {
  const names = Object.keys(settingsSchema.shape);
  if (name !== undefined && names.includes(name)) return name as SettingName;
  throw new UsageError(
    {
      en: `${name === undefined ? 'Name a setting' : `There is no setting "${name}"`}. Settings: ${names.join(', ')}.`,
      fr: `${name === undefined ? 'Nommez un réglage' : `Le réglage « ${name} » n’existe pas`}. Réglages : ${names.join(', ')}.`,
    },
    'config',
  );
}

/** A value as it may be shown: the password of a database address is not. */
function shown(name: SettingName, value: unknown): string {
  const text = settingText(name, value);
  if (name !== 'databaseUrl') return text;
  return text.replace(/(:\/\/[^:/]*):.*@/, '$1:***@').replace(/(password=)[^&]*/gi, '$1***');
}

const originWords: Readonly<Record<SettingOrigin, Words>> = {
  flag: { en: 'option', fr: 'option' },
  environment: { en: 'environment', fr: 'environnement' },
  file: { en: 'config.json', fr: 'config.json' },
  default: { en: 'default', fr: 'défaut' },
};

function list(context: Context): number {
  const { settings, origins } = context.resolved();
  const rows = (Object.keys(settingsSchema.shape) as SettingName[]).map((name) => ({
    name,
    value: shown(name, settings[name]),
    origin: origins[name] ?? 'default',
    environment: environmentName(name),
    description: settingWords(name, context.language),
  }));
  if (context.json) context.printJson({ home: context.home, settings: rows });
  else {
    const columns = [
      { title: context.say({ en: 'SETTING', fr: 'RÉGLAGE' }) },
      { title: context.say({ en: 'VALUE', fr: 'VALEUR' }), flexible: true },
      { title: context.say({ en: 'FROM', fr: 'ORIGINE' }) },
    ];
    const cells = rows.map((row) => [row.name, row.value, originWords[row.origin][context.language]]);
    context.print(formatTable(columns, cells, { width: context.terminal.columns(), color: context.terminal.color }));
  }
  return 0;
}

function get(context: Context, name: SettingName): number {
  const { settings, origins } = context.resolved();
  const value = shown(name, settings[name]);
  if (context.json) context.printJson({ name, value, origin: origins[name] ?? 'default' });
  else context.print(value);
  return 0;
}

async function sayChanged(context: Context, name: string): Promise<void> {
  const hidden = context.environment[environmentName(name)] !== undefined;
  if (context.json) {
    context.printJson({ changed: name, hiddenByEnvironment: hidden });
    return;
  }
  if (hidden) {
    const variable = environmentName(name);
    context.note(
      context.say({
        en: `${variable} is set in the environment and goes before config.json.`,
        fr: `${variable} est dans l’environnement et passe avant config.json.`,
      }),
    );
  }
  if (await findServer(context).catch(() => undefined)) {
    context.note(
      context.say({
        en: 'The running server keeps the old value until it is started again.',
        fr: 'Le serveur en marche garde l’ancienne valeur jusqu’à son redémarrage.',
      }),
    );
  }
}
