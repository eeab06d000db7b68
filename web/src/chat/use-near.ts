import { type RefObject, useEffect, useState } from 'react';

const watched = new WeakMap<Element, (near: boolean) => void>();
const observers = new WeakMap<Element, IntersectionObserver>();

/** One for each scroller: the margin counts only around the box that cuts what it holds. */
function observerOf(scroller: Element): IntersectionObserver {
  const known = observers.get(scroller);
  if (known) return known;
  const observer = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) watched.get(target)?.(isIntersecting);
    },
    { root: scroller, rootMargin: '1500px 0px' },
  );
  observers.set(scroller, observer);
  return observer;
}

function watch(element: Element, tell: (near: boolean) => void): (() => void) | undefined {
  const scroller = element.closest('.scroller');
  if (!scroller) return undefined;
  const observer = observerOf(scroller);
  watched.set(element, tell);
  observer.observe(element);
  return () => {
    watched.delete(element);
    observer.unobserve(element);
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
