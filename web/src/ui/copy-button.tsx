import { useEffect, useState } from 'react';
import type { TextKey } from '../text/i18n.ts';
import { Icon } from './icon.tsx';
import { useSay, useServices } from './services.ts';

/** Copies a text and says so, in the button and in the status line. */
export function CopyButton({ text, label }: { readonly text: () => string; readonly label: TextKey }) {
  const say = useSay();
  const { announcer } = useServices();
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 2000);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = async () => {
    const done = await copyText(text());
    setCopied(done);
    announcer.say(say(done ? 'copied' : 'copy.failed'));
  };
  return (
    <button type="button" className="act" title={say(label)} onClick={() => void copy()}>
      <Icon name={copied ? 'check' : 'copy'} />
      <span>{copied ? say('copied') : say(label)}</span>
    </button>
  );
}

/** Copies by the clipboard API, or the old way where a page without TLS has none. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement('textarea');
    area.value = text;
    area.className = 'visually-hidden';
    document.body.append(area);
    area.select();
    const done = document.execCommand('copy');
    area.remove();
    return done;
  }
}
