import { type Settings, settingsSchema } from '../../base/index.ts';
import type { AllowEntry } from '../../egress/index.ts';
import { pullPurpose } from './source.ts';

/** Hosts that the public sources hand a download over to by redirect: names under them carry the files. */
const stores = {
  huggingFaceUrl: ['*.huggingface.co', '*.hf.co'],
  registryUrl: ['*.cloudflarestorage.com'],
} as const;

/**
 * What the pull of one address may dial, for as long as it lasts: its host, which whoever may bring models in has named, and
 * where well-known hosts keep their files.
 */
export function urlDestinations(address: string): AllowEntry[] {
  const url = new URL(address);
  const entry = { purpose: pullPurpose, origin: 'source' } as const;
  const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80));
  const keepers = [...stores.huggingFaceUrl, '*.githubusercontent.com'];
  return [
    { ...entry, host: url.hostname, port, private: true },
    ...keepers.map((host) => ({ ...entry, host, port: 443 })),
  ];
}

/**
 * What a pull may dial: the sources of the settings, and where the public ones keep their files. A source that an
 * administrator named may lie in a private network.
 */
export function sourceDestinations(settings: Pick<Settings, 'huggingFaceUrl' | 'registryUrl'>): AllowEntry[] {
  return (['huggingFaceUrl', 'registryUrl'] as const).flatMap((name) => {
    const url = new URL(settings[name]);
    const isDefault = settings[name] === settingsSchema.shape[name].parse(undefined);
    const entry = { purpose: pullPurpose, origin: isDefault ? 'source' : 'setting' } as const;
    const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80));
    return [
      { ...entry, host: url.hostname, port, private: !isDefault },
      ...stores[name].map((host) => ({ ...entry, host, port: 443 })),
    ];
  });
}
