import { type ComponentProps, type ReactNode, useId } from 'react';
import { Icon } from '../ui/icon.tsx';

interface Common {
  readonly label: string;
  /** Plain words below the field. */
  readonly help?: string | undefined;
}

/** A label, what is filled in, and the help that belongs to it. */
function Field({ label, help, id, children }: Common & { readonly id: string; readonly children: ReactNode }) {
  return (
    <div className="form-field">
      <label htmlFor={id}>{label}</label>
      {children}
      {help ? (
        <p className="faint" id={`${id}-help`}>
          {help}
        </p>
      ) : null}
    </div>
  );
}

type TextProps = Common &
  Omit<ComponentProps<'input'>, 'onChange' | 'id'> & {
    readonly value: string;
    readonly onValue: (value: string) => void;
  };

export function TextField({ label, help, onValue, className = '', ...rest }: TextProps) {
  const id = useId();
  return (
    <Field {...{ label, help, id }}>
      <input
        id={id}
        className={`field ${className}`}
        aria-describedby={help ? `${id}-help` : undefined}
        spellCheck={false}
        autoComplete="off"
        onChange={(event) => onValue(event.target.value)}
        {...rest}
      />
    </Field>
  );
}

type AreaProps = Common &
  Omit<ComponentProps<'textarea'>, 'onChange' | 'id'> & {
    readonly value: string;
    readonly onValue: (value: string) => void;
  };

export function AreaField({ label, help, onValue, className = '', ...rest }: AreaProps) {
  const id = useId();
  return (
    <Field {...{ label, help, id }}>
      <textarea
        id={id}
        className={`field ${className}`}
        aria-describedby={help ? `${id}-help` : undefined}
        onChange={(event) => onValue(event.target.value)}
        {...rest}
      />
    </Field>
  );
}

type SelectProps<V extends string> = Common & {
  readonly value: V;
  readonly options: readonly (readonly [value: V, words: string])[];
  readonly onValue: (value: V) => void;
  readonly disabled?: boolean;
};

export function SelectField<V extends string>({ label, help, value, options, onValue, disabled }: SelectProps<V>) {
  const id = useId();
  return (
    <Field {...{ label, help, id }}>
      <span className="select">
        <select
          id={id}
          className="field"
          value={value}
          disabled={disabled}
          aria-describedby={help ? `${id}-help` : undefined}
          onChange={(event) => onValue(event.target.value as V)}
        >
          {options.map(([option, words]) => (
            <option key={option} value={option}>
              {words}
            </option>
          ))}
        </select>
        <Icon name="down" />
      </span>
    </Field>
  );
}

export function CheckField({
  label,
  help,
  checked,
  onValue,
  disabled,
}: Common & { readonly checked: boolean; readonly onValue: (checked: boolean) => void; readonly disabled?: boolean }) {
  const id = useId();
  return (
    <div className="form-check">
      <input
        id={id}
        type="checkbox"
        checked={checked}
        disabled={disabled}
        aria-describedby={help ? `${id}-help` : undefined}
        onChange={(event) => onValue(event.target.checked)}
      />
      <label htmlFor={id}>{label}</label>
      {help ? (
        <p className="faint" id={`${id}-help`}>
          {help}
        </p>
      ) : null}
    </div>
  );
}

/** Several names of a known few, each a box to tick. */
export function ManyField({
  label,
  help,
  value,
  options,
  onValue,
}: Common & {
  readonly value: readonly string[];
  readonly options: readonly (readonly [value: string, words: string])[];
  readonly onValue: (value: readonly string[]) => void;
}) {
  return (
    <fieldset className="form-many">
      <legend>{label}</legend>
      {help ? <p className="faint">{help}</p> : null}
      <div className="form-many-options">
        {options.map(([option, words]) => (
          <label className="check" key={option}>
            <input
              type="checkbox"
              checked={value.includes(option)}
              onChange={(event) =>
                onValue(event.target.checked ? [...value, option] : value.filter((one) => one !== option))
              }
            />
            <span>{words}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

/** Words of a field that holds several, by commas, spaces or lines. */
export const listOf = (text: string): readonly string[] => text.split(/[\s,;]+/).filter(Boolean);
