// Forms of text that bodies and addresses carry, as expressions that say the same in JavaScript, in the OpenAPI document and in
// the tools that read it: no `\s`, no `\d`, no `\p{C}`, which differ between them.

/** Characters that can be seen, for a class of an expression: the basic plane without the spaces of typography. */
export const visibleCharacters = '\\u0021-\\u007e\\u00a1-\\u167f\\u1681-\\u1fff\\u3001-\\ud7ff';

const noControls = '[^\\u0000-\\u001f\\u007f-\\u009f]*';

/** One line of text in which there is something to see. */
export const lineForm = new RegExp(`^${noControls}[${visibleCharacters}]${noControls}$`);

/** One word: something to see, no space. */
export const wordForm = new RegExp(`^[${visibleCharacters}]+$`);

/** A day such as 2026-12-31. */
export const dayForm = /^[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])$/;

const octet = '(?:[0-9]|[1-9][0-9]|1[0-9][0-9]|2[0-4][0-9]|25[0-5])';
const hostName =
  '(?:[A-Za-z0-9](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?\\.)*[A-Za-z](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?\\.?';
const host = `(?:${hostName}|${octet}(?:\\.${octet}){3}|\\[[0-9A-Fa-f:.]{2,45}\\])`;
const port = ':(?:[0-9]{1,4}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])';

/** An http or https address without user, query or fragment. */
export const baseAddressForm = new RegExp(`^https?://${host}(?:${port})?(?:/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*)?$`);
