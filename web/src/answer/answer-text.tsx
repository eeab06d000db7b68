import { type ComponentProps, cloneElement, isValidElement, memo, useEffect, useMemo, useState } from 'react';
import { type Components, defaultRehypePlugins, defaultRemarkPlugins, type MathPlugin, Streamdown } from 'streamdown';
import { hasMath, normalizeMath } from '../text/math-delimiters.ts';
import { CodeBlock } from './code-block.tsx';
import { htmlAsText } from './html-as-text.ts';
import { SafeLink } from './safe-link.tsx';

// Covers: markup of the model reaches the page as text, not as elements; no image is ever fetched; a link opens only after
// its address was shown. Does not cover what a person does with an address they chose to open.
const sanitize = defaultRehypePlugins.sanitize;
const rehypePlugins = sanitize ? [sanitize] : [];
const remarkPlugins = [...Object.values(defaultRemarkPlugins), htmlAsText];

/** An answer's Markdown. Headings start below the message's own, so that the outline of the page stays right. */
const components: Components = {
  h1: ({ node: _, ...props }) => <h3 {...props} />,
  h2: ({ node: _, ...props }) => <h4 {...props} />,
  h3: ({ node: _, ...props }) => <h5 {...props} />,
  h4: ({ node: _, ...props }) => <h6 {...props} />,
  h5: ({ node: _, ...props }) => <h6 {...props} />,
  h6: ({ node: _, ...props }) => <h6 {...props} />,
  p: ({ node: _, ...props }) => <p {...props} />,
  ul: ({ node: _, ...props }) => <ul {...props} />,
  ol: ({ node: _, ...props }) => <ol {...props} />,
  li: ({ node: _, ...props }) => <li {...props} />,
  strong: ({ node: _, ...props }) => <strong {...props} />,
  blockquote: ({ node: _, ...props }) => <blockquote {...props} />,
  hr: () => <hr />,
  sub: ({ node: _, ...props }) => <sub {...props} />,
  sup: ({ node: _, ...props }) => <sup {...props} />,
  section: ({ node: _, ...props }) => <section {...props} />,
  table: ({ node: _, ...props }) => (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a wide table scrolls, which the keyboard must reach
    <div className="table-scroll" tabIndex={0}>
      <table {...props} />
    </div>
  ),
  thead: ({ node: _, ...props }) => <thead {...props} />,
  tbody: ({ node: _, ...props }) => <tbody {...props} />,
  tr: ({ node: _, ...props }) => <tr {...props} />,
  th: ({ node: _, ...props }) => <th scope="col" {...props} />,
  td: ({ node: _, ...props }) => <td {...props} />,
  a: ({ node: _, href, children }) => <SafeLink href={href}>{children}</SafeLink>,
  img: ({ node: _, alt, src }) => <ImageNote alt={alt} src={src} />,
  inlineCode: ({ node: _, ...props }) => <code {...props} />,
  // Streamdown tells a block from a span of code by this mark.
  pre: ({ children }) =>
    isValidElement(children) ? cloneElement(children, { 'data-block': 'true' } as object) : children,
  code: ({ node: _, className, children }) => (
    <CodeBlock code={String(children ?? '')} language={/language-([\w+#-]+)/.exec(className ?? '')?.[1] ?? ''} />
  ),
};

function ImageNote({ alt, src }: Pick<ComponentProps<'img'>, 'alt' | 'src'>) {
  return (
    <span className="image-note">
      [{alt || 'image'}
      {typeof src === 'string' && !src.startsWith('data:') ? ` – ${src}` : ''}]
    </span>
  );
}

const AnswerText = memo(function AnswerText({
  text,
  streaming,
}: {
  readonly text: string;
  readonly streaming: boolean;
}) {
  const markdown = useMemo(() => normalizeMath(text), [text]);
  const math = useMath(hasMath(markdown));
  return (
    <Streamdown
      mode="streaming"
      isAnimating={streaming}
      parseIncompleteMarkdown={streaming}
      components={components}
      rehypePlugins={rehypePlugins}
      remarkPlugins={remarkPlugins}
      controls={false}
      plugins={math ? { math } : {}}
    >
      {markdown}
    </Streamdown>
  );
});
export default AnswerText;

let loadedMath: MathPlugin | undefined;

/** The mathematics plug-in, fetched when a text first needs it; the page shows the source until then. */
function useMath(needed: boolean): MathPlugin | undefined {
  const [math, setMath] = useState(loadedMath);
  useEffect(() => {
    if (!needed || math) return;
    void import('./math.ts').then((module) => {
      loadedMath = module.math;
      setMath(loadedMath);
    });
  }, [needed, math]);
  return needed ? math : undefined;
}
