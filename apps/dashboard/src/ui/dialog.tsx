import { Modal } from '@mantine/core';
import type { ReactNode } from 'react';
import classes from './panels.module.css';

type Props = Readonly<{ title: string; opened: boolean; onClose: () => void; wide?: boolean; children: ReactNode }>;

/** A modal dialog with a title and a named close button. Its head is no `header` element, which would count as a second banner of the page. */
export function Dialog({ title, opened, onClose, wide = false, children }: Props) {
  return (
    <Modal.Root opened={opened} onClose={onClose} size={wide ? 'lg' : 'md'}>
      <Modal.Overlay />
      <Modal.Content>
        <div className={classes.dialogHead}>
          <Modal.Title>{title}</Modal.Title>
          <Modal.CloseButton aria-label="Close" />
        </div>
        <Modal.Body>{children}</Modal.Body>
      </Modal.Content>
    </Modal.Root>
  );
}
