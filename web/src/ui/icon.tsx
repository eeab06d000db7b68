/** Drawn for this page: 16 × 16, one line weight. */
const paths = {
  plus: 'M8 3v10M3 8h10',
  search: 'M7 11.500a4.500 4.500 0 1 0 0-9 4.500 4.500 0 0 0 0 9ZM10.500 10.500 14 14',
  send: 'M8 13V3M3.500 7.500 8 3l4.500 4.500',
  stop: 'M4 4h8v8H4z',
  copy: 'M5.500 5.500h7.500v7.500H5.500zM3 10.500V3h7.500',
  check: 'm3 8.500 3.500 3.500L13 4.500',
  edit: 'M3 13h2.500L13 5.500 10.500 3 3 10.500zM9 4.500 11.500 7',
  again: 'M12.800 6A5.200 5.200 0 1 0 13 9.500M13 2.500V6H9.500',
  more: 'M3.500 8h.01M8 8h.01M12.500 8h.01',
  left: 'M10 3 5 8l5 5',
  right: 'm6 3 5 5-5 5',
  down: 'm3 6 5 5 5-5',
  close: 'm4 4 8 8M12 4l-8 8',
  panel: 'M2.500 3h11v10h-11zM6.500 3v10',
  receipt: 'M4 2.500h8V14l-2-1.300L8 14l-2-1.300L4 14zM6.300 6h3.400M6.300 9h3.400',
  gear: 'M8 10.200a2.200 2.200 0 1 0 0-4.400 2.200 2.200 0 0 0 0 4.400ZM8 2v2M8 12v2M2 8h2M12 8h2M3.800 3.800l1.400 1.400M10.800 10.800l1.400 1.400M3.800 12.200l1.400-1.400M10.800 5.200l1.400-1.400',
  help: 'M6 6a2 2 0 1 1 2.700 1.900c-.5.2-.7.5-.7 1.100v.5M8 12.200h.01',
  trash: 'M3 4.500h10M6.500 4.500V3h3v1.500M4.500 4.500 5 13h6l.5-8.500',
  download: 'M8 2.500v8M4.500 7 8 10.500 11.500 7M3 13.500h10',
  play: 'M5 3.500v9l7-4.500z',
  cube: 'M8 2 13.500 5v6L8 14 2.500 11V5zM2.500 5 8 8l5.500-3M8 8v6',
  warning: 'M8 2.500 14.500 13.500h-13zM8 6.500v3.500M8 11.800h.01',
  person:
    'M8 8a2.700 2.700 0 1 0 0-5.400A2.700 2.700 0 0 0 8 8ZM2.800 13.500c.4-2.500 2.500-3.800 5.200-3.800s4.800 1.300 5.200 3.800',
  key: 'M2 14V6.500M14 14V6.500M2 6.500h2.500V5M14 6.500h-2.500V5M4.500 5h7M4.500 5V2.500h1.700V5M7.200 5V2.500h1.700V5M9.800 5V2.500h1.700V5M2 14h4v-2.500a2 2 0 0 1 4 0V14h4',
  leave: 'M9 2.500H3v11h6M6.500 8h7M11 5.500 13.500 8 11 10.500',
  clock: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM8 4.800V8l2.200 1.500',
} as const;
export type IconName = keyof typeof paths;

/** A picture beside words, or in a button that has a label: never the only bearer of meaning. */
export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
      <path d={paths[name]} />
    </svg>
  );
}

/** The mark: a fortified enclosure seen from above, and what it keeps. */
export function Mark() {
  return (
    <svg className="mark" viewBox="0 0 32 32" width="24" height="24" aria-hidden="true" focusable="false">
      <path
        fillRule="evenodd"
        d="M2 2h8.500L12 5h8l1.500-3H30v8.500L27 12v8l3 1.500V30h-8.500L20 27h-8l-1.500 3H2v-8.500L5 20v-8l-3-1.500zM8 8v16h16V8z"
      />
      <circle cx="16" cy="16" r="4" />
    </svg>
  );
}
