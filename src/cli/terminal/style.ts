import { styleText } from 'node:util';

export type Style = 'bold' | 'dim' | 'italic' | 'underline' | 'red' | 'yellow' | 'green' | 'cyan';

/** Styles text when `on`; leaves it alone otherwise. */
export function styled(text: string, style: Style | readonly Style[], on: boolean): string {
  return on ? styleText(style as Style[], text, { validateStream: false }) : text;
}

/**
 * Text of a model made safe for a terminal: control characters but newline and tab are dropped, so that an answer cannot
 * move the cursor, retitle the window or write to the clipboard.
 */
export function safeText(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to drop.
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '');
}
