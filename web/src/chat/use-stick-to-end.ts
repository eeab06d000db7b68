import { type RefObject, useCallback, useEffect, useRef, useState } from 'react';

const slackPx = 60;

/**
 * Keeps the end of the transcript in view while text arrives, and stops at once when the reader scrolls away. Following
 * is one scroll a resize, never smooth: the page does not move by itself under anyone's eyes.
 */
export function useStickToEnd(
  scroller: RefObject<HTMLElement | null>,
  content: RefObject<HTMLElement | null>,
  key: string,
) {
  const pinned = useRef(true);
  const [away, setAway] = useState(false);
  const toEnd = useCallback(() => {
    const element = scroller.current;
    if (!element) return;
    pinned.current = true;
    setAway(false);
    element.scrollTop = element.scrollHeight;
  }, [scroller]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: another conversation starts at its end
  useEffect(() => {
    const [element, inner] = [scroller.current, content.current];
    if (!element || !inner) return;
    toEnd();
    let top = element.scrollTop;
    const onScroll = () => {
      const gap = element.scrollHeight - element.scrollTop - element.clientHeight;
      if (gap <= slackPx) pinned.current = true;
      else if (element.scrollTop < top - 2) pinned.current = false;
      top = element.scrollTop;
      setAway(!pinned.current && gap > slackPx);
    };
    const onWheel = (event: WheelEvent) => {
      if (event.deltaY < 0) pinned.current = false;
    };
    const resized = new ResizeObserver(() => {
      if (pinned.current) element.scrollTop = element.scrollHeight;
    });
    resized.observe(inner);
    resized.observe(element);
    element.addEventListener('scroll', onScroll, { passive: true });
    element.addEventListener('wheel', onWheel, { passive: true });
    return () => {
      resized.disconnect();
      element.removeEventListener('scroll', onScroll);
      element.removeEventListener('wheel', onWheel);
    };
  }, [scroller, content, key, toEnd]);
  return { away, toEnd };
}
