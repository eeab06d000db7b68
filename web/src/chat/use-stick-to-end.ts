import { type RefObject, useCallback, useEffect, useRef, useState } from 'react';

const slackPx = 60;
/** A scroll this soon after a hand moved is the hand's. */
const handMs = 500;
const upKeys = ['ArrowUp', 'PageUp', 'Home', ' '];

/**
 * Keeps the end of the transcript in view while text arrives, and stops at once when the reader scrolls away. Following
 * is one scroll a resize, never smooth: the page does not move by itself under anyone's eyes. A browser scrolls by itself
 * when far messages take their size; only a wheel, a finger, a key or a focus that moved count as the reader.
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
    let movedAt = Number.NEGATIVE_INFINITY;
    let held = false;
    const onHand = (event: Event) => {
      movedAt = performance.now();
      if (event.type === 'pointerdown') held = true;
    };
    const onKey = (event: KeyboardEvent) => {
      if (upKeys.includes(event.key)) onHand(event);
    };
    const onRelease = () => {
      held = false;
    };
    const onScroll = () => {
      const gap = element.scrollHeight - element.scrollTop - element.clientHeight;
      if (gap <= slackPx) pinned.current = true;
      else if (element.scrollTop < top - 2 && (held || performance.now() - movedAt < handMs)) pinned.current = false;
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
    const hands = ['pointerdown', 'touchmove', 'focusin'] as const;
    for (const hand of hands) element.addEventListener(hand, onHand, { passive: true });
    element.addEventListener('keydown', onKey);
    window.addEventListener('pointerup', onRelease);
    return () => {
      resized.disconnect();
      for (const hand of hands) element.removeEventListener(hand, onHand);
      element.removeEventListener('keydown', onKey);
      window.removeEventListener('pointerup', onRelease);
      element.removeEventListener('scroll', onScroll);
      element.removeEventListener('wheel', onWheel);
    };
  }, [scroller, content, key, toEnd]);
  return { away, toEnd };
}
