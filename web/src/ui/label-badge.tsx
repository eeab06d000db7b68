import type { Label, Level } from '../api/wire-policy.ts';

/** One shape a level: the word, the colour and the shape say the same, and each alone would do. */
const shapes: Readonly<Record<Level, string>> = {
  PUBLIC:
    'M6 1.500a4.500 4.500 0 1 0 0 9 4.500 4.500 0 0 0 0-9Zm0 1.400a3.100 3.100 0 1 1 0 6.200 3.100 3.100 0 0 1 0-6.200Z',
  INTERNE: 'M1.700 1.700h8.600v8.600H1.700zm1.400 1.400v5.800h5.800V3.100z',
  SENSIBLE: 'M6 .8 11.200 6 6 11.200.8 6z',
  SP: 'M6 .8 10.800 2.600V6c0 2.600-2 4.400-4.800 5.300C3.200 10.400 1.200 8.600 1.200 6V2.600z',
  DR: 'M1 1h10v10H1zm2 1.700v1.500h6V2.700zm0 2.600v1.500h6V5.300zm0 2.600v1.500h6V7.900z',
  SECRET: 'M3.500 0h5L12 3.500v5L8.500 12h-5L0 8.500v-5zM2.500 5v2h7V5z',
};

export function LevelShape({ level }: { readonly level: Level }) {
  return (
    <svg className="level-shape" viewBox="0 0 12 12" width="12" height="12" aria-hidden="true" focusable="false">
      <path fillRule="evenodd" d={shapes[level] ?? shapes.SECRET} />
    </svg>
  );
}

/** How sensitive something is: level, mentions, compartments. */
export function LabelBadge({ label }: { readonly label: Label }) {
  return (
    <span className="label" data-level={label.level}>
      <LevelShape level={label.level} />
      {labelWords(label)}
    </span>
  );
}

/** A label as a person reads it: `SENSIBLE · PII · rh`. */
export const labelWords = ({ level, mentions, compartments }: Label): string =>
  [level, ...mentions, ...compartments].join('\u00a0· ');
