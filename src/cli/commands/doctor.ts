import { egressFindings } from '../doctor/egress.ts';
import { databaseFinding, engineFinding } from '../doctor/engine.ts';
import type { Finding } from '../doctor/finding.ts';
import { directoryFinding, diskFinding, modelFindings, portFinding, settingsFinding } from '../doctor/house.ts';
import { houseKeyFinding } from '../doctor/house-key.ts';
import { machineFindings } from '../doctor/machine.ts';
import { policyFindings } from '../doctor/policy.ts';
import { exitCodes } from '../exit-codes.ts';
import { styled } from '../terminal/style.ts';
import { textWidth, wrapText } from '../terminal/text-width.ts';
import type { Command, Context } from '../types.ts';
import { UsageError } from '../usage-error.ts';

export const doctor: Command = {
  name: 'doctor',
  summary: { en: 'Check that everything needed works here.', fr: 'Vérifier que tout le nécessaire fonctionne ici.' },
  details: {
    en: 'Looks at the runtime, processor, memory, graphics card, settings, data directory, disk, server and port, database, house key, engine and model files. Each finding that is not well says what to do. Exit code 1 when there is a problem.',
    fr: 'Examine l’exécution, le processeur, la mémoire, la carte graphique, les réglages, le dossier des données, le disque, le serveur et son port, la base de données, la clé de la maison, le moteur et les fichiers des modèles. Chaque défaut dit quoi faire. Code de sortie 1 s’il y a un problème.',
  },
  arguments: [
    {
      name: { en: 'SECTION', fr: 'PARTIE' },
      about: {
        en: 'egress: only the layers that keep data in; everything when absent.',
        fr: 'egress : seulement les couches qui retiennent les données ; tout en son absence.',
      },
      optional: true,
      complete: ['egress'],
    },
  ],
  options: [
    {
      name: 'probe-engine',
      about: {
        en: 'Only load the engine’s libraries, in this process, and say what they are.',
        fr: 'Seulement charger les bibliothèques du moteur, dans ce processus, et dire ce qu’elles sont.',
      },
    },
  ],
  async run(context) {
    if (context.flags.has('probe-engine')) {
      context.printJson(await context.house.probeEngine(), { line: true });
      return exitCodes.success;
    }
    const findings: Finding[] = [];
    for await (const finding of sectionOf(context)) {
      findings.push(finding);
      if (!context.json) for (const line of describe(finding, context)) context.print(line);
    }
    const problems = findings.filter(({ state }) => state === 'problem').length;
    const warnings = findings.filter(({ state }) => state === 'warning').length;
    if (context.json)
      context.printJson({ problems, warnings, findings: findings.map((finding) => inLanguage(finding, context)) });
    else context.print(`\n${summary(problems, warnings, context)}`);
    return problems > 0 ? exitCodes.failure : exitCodes.success;
  },
};

async function* sectionOf(context: Context): AsyncGenerator<Finding, void, undefined> {
  const [section] = context.args;
  if (section === undefined) yield* examine(context);
  else if (section === 'egress') yield* await egressFindings(context);
  else {
    throw new UsageError(
      {
        en: `doctor knows the section egress; not "${section}".`,
        fr: `doctor connaît la partie egress ; pas « ${section} ».`,
      },
      'doctor',
    );
  }
}

async function* examine(context: Context): AsyncGenerator<Finding, void, undefined> {
  yield* machineFindings();
  yield await engineFinding(context);
  const directory = directoryFinding(context);
  yield directory;
  yield diskFinding(context);
  const settings = settingsFinding(context);
  yield settings;
  if (settings.state === 'problem' || directory.state === 'problem') return; // what follows needs both
  yield await portFinding(context);
  yield await databaseFinding(context);
  yield await houseKeyFinding(context);
  yield* await modelFindings(context);
  yield* await policyFindings(context);
  yield* await egressFindings(context);
}

function inLanguage(finding: Finding, { say }: Context): Record<string, unknown> {
  const { check, state, title, found, remedy } = finding;
  return { check, state, title: say(title), found: say(found), remedy: remedy === undefined ? null : say(remedy) };
}

const marks = {
  ok: { words: { en: 'ok', fr: 'bon' }, style: 'green' },
  warning: { words: { en: 'warning', fr: 'attention' }, style: 'yellow' },
  problem: { words: { en: 'PROBLEM', fr: 'PROBLÈME' }, style: 'red' },
} as const;

function describe(finding: Finding, { say, terminal }: Context): string[] {
  const { words, style } = marks[finding.state];
  const mark = say(words);
  const width = Math.max(...Object.values(marks).map((item) => textWidth(say(item.words))));
  const start = `${styled(mark, style, terminal.color)}${' '.repeat(width - textWidth(mark) + 2)}`;
  const columns = Math.max(40, (terminal.columns() ?? 160) - width - 2);
  const indent = ' '.repeat(width + 2);
  const lines = wrapText(
    `${say(finding.title)}: ${say(finding.found)}`.replace(': ', say({ en: ': ', fr: ' : ' })),
    columns,
  );
  const remedy = finding.remedy === undefined ? [] : wrapText(`→ ${say(finding.remedy)}`, columns);
  return [...lines, ...remedy].map((line, at) => (at === 0 ? `${start}${line}` : `${indent}${line}`));
}

function summary(problems: number, warnings: number, { say }: Context): string {
  if (problems === 0 && warnings === 0) return say({ en: 'All is well.', fr: 'Tout va bien.' });
  return say({
    en: `${problems} ${problems === 1 ? 'problem' : 'problems'}, ${warnings} ${warnings === 1 ? 'warning' : 'warnings'}.`,
    fr: `${problems} ${problems > 1 ? 'problèmes' : 'problème'}, ${warnings} ${warnings > 1 ? 'avertissements' : 'avertissement'}.`,
  });
}
