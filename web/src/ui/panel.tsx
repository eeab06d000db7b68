import type { ReactNode } from 'react';
import { Dialog, Heading, Modal, ModalOverlay } from 'react-aria-components';
import { IconButton } from './icon-button.tsx';
import { useSay } from './services.ts';

/** A dialog over the page: help, settings, and what a phone has no room for beside the text. Escape closes it. */
export function Panel({
  title,
  onClose,
  side = 'centre',
  closable = true,
  children,
}: {
  readonly title: string;
  readonly onClose: () => void;
  readonly side?: 'centre' | 'right' | 'left';
  /** False for what must be answered before the page can go on. */
  readonly closable?: boolean;
  readonly children: ReactNode;
}) {
  const say = useSay();
  return (
    <ModalOverlay
      className={`overlay overlay-${side}`}
      isOpen
      isDismissable={closable}
      isKeyboardDismissDisabled={!closable}
      onOpenChange={(open) => open || onClose()}
    >
      <Modal className={`sheet sheet-${side}`}>
        <Dialog className="sheet-body">
          <header className="sheet-head">
            <Heading slot="title" level={2}>
              {title}
            </Heading>
            {closable ? <IconButton icon="close" label={say('close')} onClick={onClose} /> : null}
          </header>
          {children}
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}
