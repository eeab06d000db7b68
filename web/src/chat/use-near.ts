import { type RefObject, useEffect, useState } from 'react';

const watched = new WeakMap<Element, (near: boolean) => void>();
let observer: IntersectionObserver | undefined;

function watch(element: Element, tell: (near: boolean) => void): () => void {
  observer ??= new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) watched.get(target)?.(isIntersecting);
    },
    { rootMargin: '1500px 0px' },
  );
  watched.set(element, tell);
  observer.observe(element);
  return () => {
    watched.delete(element);
    observer?.unobserve(element);
  };
}

/**
 * True while an element is within a screen or two of the view. The transcript is windowed by it: what is far stays on the
 * page as plain text, so that the browser's search and screen readers find it, and costs no Markdown.
 */
export function useNear(ref: RefObject<Element | null>, initially: boolean): boolean {
  const [near, setNear] = useState(initially);
  useEffect(() => (ref.current ? watch(ref.current, setNear) : undefined), [ref]);
  return near;
}
