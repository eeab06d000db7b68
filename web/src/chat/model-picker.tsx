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
import type { InstalledModel } from '../api/wire.ts';
import { Icon } from '../ui/icon.tsx';
import { hashOf } from '../ui/route.ts';
import { useFormat, useSay, useServices } from '../ui/services.ts';
import { useObservable } from '../ui/use-observable.ts';
import { runtimeWords } from './runtime-words.ts';

interface Props {
  readonly model: InstalledModel | undefined;
  readonly onPick: (id: string) => void;
  readonly open: boolean;
  readonly onOpen: (open: boolean) => void;
}

/** Chooses the model: found by name, with its size, whether it is in memory, and where it computes. */
export function ModelPicker({ model, onPick, open, onOpen }: Props) {
  const say = useSay();
  const format = useFormat();
  const { models } = useServices();
  const all = useObservable(models.state, (state) => state.models);
  const chatModels = all.filter(canChat);
  const { contains } = useFilter({ sensitivity: 'base' });
  const [wasOpen, setWasOpen] = useState(open);
  if (open !== wasOpen) {
    setWasOpen(open);
    if (open) void models.refresh();
  }
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
              items={chatModels}
              dependencies={[say, format]}
              selectionMode="single"
              disallowEmptySelection
              selectedKeys={model ? [model.id] : []}
              onSelectionChange={(keys) => {
                const [id] = keys === 'all' ? [] : [...keys];
                if (id !== undefined) onPick(String(id));
                onOpen(false);
              }}
              renderEmptyState={() => <p className="side-empty">{say('picker.empty')}</p>}
            >
              {(item) => (
                <ListBoxItem id={item.id} textValue={`${item.title} ${item.id}`} className="picker-item">
                  <span className="picker-title">
                    {item.title}
                    <span className="tier">{say('tier.embedded')}</span>
                  </span>
                  <span className="picker-facts">
                    <span className="mono">
                      {format.parameters(item.parameterCount)} · {format.bytes(item.sizeBytes)} · {item.quantization}
                    </span>
                    {item.tuned?.enabled ? <span className="tuned">{say('tuned')}</span> : null}
                    <span>{runtimeWords(say, format, item.runtime)}</span>
                  </span>
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

/** True for models that answer, and not only embed. */
export const canChat = (model: InstalledModel): boolean => model.capabilities.includes('chat');
