export const page = 'a page for tests';
