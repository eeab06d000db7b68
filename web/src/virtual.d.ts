declare module 'virtual:catalogue/fr' {
  import type { Messages } from '@lingui/core';
  export const messages: Messages;
}
declare module 'virtual:catalogue/en' {
  import type { Messages } from '@lingui/core';
  export const messages: Messages;
}
declare module 'virtual:catalogue/house-fr' {
  import type { Messages } from '@lingui/core';
  export const messages: Messages;
}
declare module 'virtual:catalogue/house-en' {
  import type { Messages } from '@lingui/core';
  export const messages: Messages;
}
declare module 'virtual:catalogue/proof-fr' {
  import type { Messages } from '@lingui/core';
  export const messages: Messages;
}
declare module 'virtual:catalogue/proof-en' {
  import type { Messages } from '@lingui/core';
  export const messages: Messages;
}
