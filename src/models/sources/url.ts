import { IntramurosError, newId } from '../../base/index.ts';
import { urlDestinations } from './destinations.ts';
import { download } from './download.ts';
import type { Expected, Source } from './source.ts';

/** A file at an http or https address. */
export function urlSource(url: string, expected: Expected = {}): Source {
  const { host } = new URL(url);
  return {
    name: host,
    async fetch(context) {
      const id = newId('pull');
      context.egress.allow(id, urlDestinations(url));
      const downloading = download({ url, name: fileNameOf(url), ...expected }, context);
      const { path, sha256 } = await downloading.finally(() => context.egress.allow(id, []));
      return { files: [path], sha256, origin: { kind: 'url', detail: url.split('?')[0] ?? url }, inPlace: false };
    },
  };
}

/** Last part of a path as a name that any file system takes. @throws when there is none. */
export function fileNameOf(path: string): string {
  const last = decodeURIComponent((path.split(/[?#]/)[0] ?? '').split('/').at(-1) ?? '');
  const name = last.replace(/[^\w.+-]/g, '_').slice(-150);
  if (/\w/.test(name)) return name;
  throw new IntramurosError('pull_failed', `"${path}" does not end in the name of a file.`, { facts: { path } });
}
