import type { ComponentProps } from 'react';
import { Icon, type IconName } from './icon.tsx';

/** A button that is a picture; its label is read aloud and shown on hover. */
export function IconButton({
  icon,
  label,
  className = '',
  ...rest
}: { readonly icon: IconName; readonly label: string } & ComponentProps<'button'>) {
  return (
    <button type="button" className={`icon-button ${className}`} aria-label={label} title={label} {...rest}>
      <Icon name={icon} />
    </button>
  );
}
