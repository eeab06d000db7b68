import { useEffect, useState } from 'react';
import { Button, Dialog, DialogTrigger, Popover } from 'react-aria-components';
import type { Choice } from '../api/wire-policy.ts';
import { currentChoices, labelOf } from '../store/label-store.ts';
import type { Say } from '../text/i18n.ts';
import { Icon } from '../ui/icon.tsx';
import { LabelBadge, labelWords } from '../ui/label-badge.tsx';
import { useSay, useServices } from '../ui/services.ts';
import { useObservable } from '../ui/use-observable.ts';
import { LabelMenu } from './label-menu.tsx';

/** Places that may receive the question, each once, this machine first. */
export function allowedPlaces(choices: readonly Choice[]): readonly Choice[] {
  const places = new Map<string, Choice>();
  for (const choice of choices)
    if (choice.effect === 'allow' && !places.has(choice.destinationId)) places.set(choice.destinationId, choice);
  return [...places.values()].toSorted((a, b) => Number(b.tier === 'embedded') - Number(a.tier === 'embedded'));
}

/** A place by its name, and whether names are replaced on the way to it. */
function placeName(say: Say, { tier, destinationTitle, masked }: Choice): string {
  if (tier === 'embedded') return say('label.this.machine');
  return masked ? say('label.masked.place', { place: destinationTitle }) : destinationTitle;
}

const namedAtMost = 2;

/** What may receive the question, in one line. */
export function mayGoWords(say: Say, choices: readonly Choice[]): string {
  const places = allowedPlaces(choices);
  if (places.length === 0) return say('label.nowhere');
  if (places.every(({ tier }) => tier === 'embedded')) return say('label.stays');
  const names = places.map((place) => placeName(say, place));
  const more = names.length - namedAtMost;
  const named = names.slice(0, namedAtMost).join(', ');
  return say('label.may.go', { places: more > 0 ? `${named} ${say('label.may.more', { count: more })}` : named });
}

/** The label that the next question will have and where it may go, before anything is sent. */
export function LabelStrip({ conversationId }: { readonly conversationId: string | undefined }) {
  const say = useSay();
  const { labels, list } = useServices();
  const view = useObservable(labels.state, () => labels.view(conversationId));
  const present = useObservable(labels.state, (state) => state.present);
  const own = useObservable(list.state, (all) => all.conversations.find(({ id }) => id === conversationId)?.label);
  const [open, setOpen] = useState(false);
  useEffect(() => {
    void labels.read(conversationId);
  }, [labels, conversationId]);
  const label = labelOf(view) ?? own;
  const choices = currentChoices(view);
  if (!present || !label) return null;
  const places = choices && allowedPlaces(choices.choices);
  const outside = places?.some(({ tier }) => tier !== 'embedded');
  return (
    <div className="label-strip" data-raised={view.raised !== undefined || undefined}>
      <DialogTrigger isOpen={open} onOpenChange={setOpen}>
        <Button className="label-button" aria-label={say('label.button', { label: labelWords(label) })}>
          <LabelBadge label={label} />
          <Icon name="down" />
        </Button>
        <Popover placement="top start" className="popover label-popover">
          <Dialog className="label-dialog" aria-label={say('label.title')}>
            <LabelMenu conversationId={conversationId} view={view} onDone={() => setOpen(false)} />
          </Dialog>
        </Popover>
      </DialogTrigger>
      <span className="label-may" data-out={outside || undefined} data-none={places?.length === 0 || undefined}>
        <span className="wall-tick" aria-hidden="true" />
        {choices ? mayGoWords(say, choices.choices) : say(view.problem ? 'label.unknown' : 'label.reading')}
      </span>
    </div>
  );
}
