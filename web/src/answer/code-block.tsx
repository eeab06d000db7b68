import { memo, useEffect, useState } from 'react';
import { useIsCodeFenceIncomplete } from 'streamdown';
import { CopyButton } from '../ui/copy-button.tsx';
import { useSay } from '../ui/services.ts';
import type { Line } from './highlight.ts';

/** A block of code: its language, a way to copy it, and colours once it is whole. */
export const CodeBlock = memo(function CodeBlock({
  code,
  language,
}: {
  readonly code: string;
  readonly language: string;
}) {
  const say = useSay();
  const incomplete = useIsCodeFenceIncomplete();
  const text = code.replace(/\n$/, '');
  const lines = useHighlight(incomplete ? undefined : text, language);
  const name = language || say('code');
  return (
    <figure className="code" aria-label={say('code.label', { language: name })}>
      <figcaption>
        <span className="mono">{name}</span>
        <CopyButton text={() => text} label="copy.code" />
      </figcaption>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: long lines scroll, which the keyboard must reach */}
      <pre tabIndex={0} dir="ltr" lang="zxx">
        <code>{lines ? <Lines lines={lines} /> : text}</code>
      </pre>
    </figure>
  );
});

function Lines({ lines }: { readonly lines: readonly Line[] }) {
  // biome-ignore-start lint/suspicious/noArrayIndexKey: lines and tokens of one text never change places
  return lines.map((line, at) => (
    <span key={at}>
      {line.map(({ content, color }, index) => (
        <span key={index} style={color ? { color } : undefined}>
          {content}
        </span>
      ))}
      {at < lines.length - 1 ? '\n' : ''}
    </span>
  ));
  // biome-ignore-end lint/suspicious/noArrayIndexKey: same
}

function useHighlight(code: string | undefined, language: string): readonly Line[] | undefined {
  const [done, setDone] = useState<{ code: string; lines: readonly Line[] }>();
  useEffect(() => {
    if (code === undefined || language === '') return;
    let wanted = true;
    void import('./highlight.ts')
      .then(({ highlight }) => highlight(code, language))
      .then((lines) => {
        if (wanted && lines) setDone({ code, lines });
      });
    return () => {
      wanted = false;
    };
  }, [code, language]);
  return done?.code === code ? done?.lines : undefined;
}
