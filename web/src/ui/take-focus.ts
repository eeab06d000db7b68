/** A ref for what a person just opened by choosing it: the box to type in, or the safe answer to a question. */
export const takeFocus = (element: HTMLElement | null): void => element?.focus();
