import { useState } from 'react';
import {
  Autocomplete,
  Button,
  Dialog,
  DialogTrigger,
  Input,
  ListBox,
  ListBoxItem,
  Popover,
  SearchField,
  useFilter,
} from 'react-aria-components';
import { Icon } from '../ui/icon.tsx';
import { labelWords } from '../ui/label-badge.tsx';
import { hashOf } from '../ui/route.ts';
import { useFormat, useSay, useServices } from '../ui/services.ts';
import { placeWords, reasonWords } from './choice-words.ts';
import { runtimeWords } from './runtime-words.ts';
import type { Chosen, ModelOption } from './use-chosen-model.ts';

interface Props {
  readonly chosen: Chosen;
  readonly open: boolean;
  readonly onOpen: (open: boolean) => void;
  /** Reads the models and what policy says of them anew. */
  readonly onRefresh: () => void;
}

/**
 * Chooses the model: found by name, with its size, whether it is in memory, where it computes. A model that policy forbids
 * stays in the list and can be reached and read; choosing it says why it may not answer.
 */
export function ModelPicker({ chosen, open, onOpen, onRefresh }: Props) {
  const say = useSay();
  const { announcer } = useServices();
  const { options, model, label } = chosen;
  const { contains } = useFilter({ sensitivity: 'base' });
  const [wasOpen, setWasOpen] = useState(open);
  if (open !== wasOpen) {
    setWasOpen(open);
    if (open) queueMicrotask(onRefresh);
  }
  const take = (id: string) => {
    const option = options.find((one) => one.id === id);
    if (option?.choice?.effect === 'deny') {
      const reason = reasonWords(say, option.choice.reason, option.choice.words);
      announcer.say(say('picker.denied.say', { model: option.title, reason }));
      return;
    }
    chosen.pick(id);
    onOpen(false);
  };
  return (
    <DialogTrigger isOpen={open} onOpenChange={onOpen}>
      <Button className="picker" aria-label={say('picker.label', { model: model?.title ?? say('picker.none') })}>
        <span className="picker-name">{model?.title ?? say('picker.none')}</span>
        <Icon name="down" />
      </Button>
      <Popover placement="top start" className="popover picker-popover">
        <Dialog className="picker-dialog" aria-label={say('picker.title')}>
          <Autocomplete filter={contains}>
            <SearchField className="search" aria-label={say('picker.search')} autoFocus>
              <Icon name="search" />
              <Input placeholder={say('picker.search')} />
            </SearchField>
            <ListBox
              className="picker-list"
              aria-label={say('picker.title')}
              items={options}
              dependencies={[say, options, label]}
              selectionMode="single"
              disallowEmptySelection
              selectedKeys={model ? [model.id] : []}
              onSelectionChange={(keys) => {
                const [id] = keys === 'all' ? [] : [...keys];
                if (id !== undefined) take(String(id));
              }}
              renderEmptyState={() => <p className="side-empty">{say('picker.empty')}</p>}
            >
              {(option) => (
                <ListBoxItem
                  id={option.id}
                  textValue={`${option.title} ${option.id}`}
                  className="picker-item"
                  data-denied={option.choice?.effect === 'deny' || undefined}
                >
                  <PickerItem option={option} label={label ? labelWords(label) : ''} />
                </ListBoxItem>
              )}
            </ListBox>
          </Autocomplete>
          <a className="picker-more" href={hashOf({ page: 'models' })} onClick={() => onOpen(false)}>
            {say('picker.more')}
          </a>
        </Dialog>
      </Popover>
    </DialogTrigger>
  );
}

function PickerItem({ option, label }: { readonly option: ModelOption; readonly label: string }) {
  const say = useSay();
  const format = useFormat();
  const { installed, choice } = option;
  const tier = choice?.tier ?? 'embedded';
  const elsewhere = choice && tier !== 'embedded';
  return (
    <>
      <span className="picker-title">
        {option.title}
        <span className="tier" data-tier={tier}>
          {placeWords(say, format, { tier, country: choice?.country ?? null })}
        </span>
      </span>
      <span className="picker-facts">
        {installed ? (
          <span className="mono">
            {format.parameters(installed.parameterCount)} · {format.bytes(installed.sizeBytes)} ·{' '}
            {installed.quantization}
          </span>
        ) : (
          <span className="mono">{option.id}</span>
        )}
        {installed?.tuned?.enabled ? <span className="tuned">{say('tuned')}</span> : null}
        {installed ? <span>{runtimeWords(say, format, installed.runtime)}</span> : null}
        {elsewhere ? <span>{choice.destinationTitle}</span> : null}
      </span>
      {choice?.effect === 'deny' ? (
        <span className="picker-denied">
          {say('picker.denied', { label, reason: reasonWords(say, choice.reason, choice.words) })}
        </span>
      ) : null}
    </>
  );
}
