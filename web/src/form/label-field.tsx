import { type Label, type Level, levels } from '../api/wire-policy.ts';
import type { TextKey } from '../text/i18n.ts';
import { useSay } from '../ui/services.ts';
import { SelectField } from './fields.tsx';

/** The highest label that somebody or something may handle; none is no bound. */
export function CeilingField({
  value,
  help,
  onValue,
}: {
  readonly value: Label | null;
  readonly help: string;
  readonly onValue: (value: Label | null) => void;
}) {
  const say = useSay();
  return (
    <SelectField
      label={say('ceiling')}
      help={help}
      value={value?.level ?? ''}
      options={[
        ['', say('ceiling.none')],
        ...levels
          .filter((level) => level !== 'SECRET')
          .map((level): readonly [Level, string] => [level, `${level} – ${say(`level.${level}` as TextKey)}`]),
      ]}
      onValue={(level) =>
        onValue(level === '' ? null : { mentions: [], compartments: [], ...value, level: level as Level })
      }
    />
  );
}
