import { Button, TextInput } from '@mantine/core';
import { type ReactNode, type SyntheticEvent, useState } from 'react';
import { Dialog } from './dialog.js';
import classes from './panels.module.css';
import { ActionError } from './panels.js';

type Props = Readonly<{
  title: string; button: string; opened: boolean; onClose: () => void; busy: boolean; error: unknown; danger?: boolean;
  /** Further fields, below the reason. */
  children?: ReactNode; onConfirm: (reason: string) => void;
}>;

/** Asks why before something is done that others will want to know the reason of. */
export function ReasonDialog({ title, button, opened, onClose, busy, error, danger = false, children, onConfirm }: Props) {
  const [reason, setReason] = useState('');
  const [tried, setTried] = useState(false);
  const text = reason.trim();
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault();
    setTried(true);
    if (text !== '') onConfirm(text);
  };
  return (
    <Dialog opened={opened} onClose={onClose} title={title}>
      <form className={classes.form} onSubmit={submit} noValidate>
        <TextInput label="Reason" description="Kept in the ledger with your name" value={reason} maxLength={1000} data-autofocus error={tried && text === '' ? 'Say why, in a few words.' : null} onChange={(event) => { setReason(event.currentTarget.value); }} />
        {children}
        <ActionError error={error} />
        <div className={classes.buttons}>
          <Button variant="default" onClick={onClose}>Cancel</Button>
          <Button type="submit" loading={busy} {...(danger ? { className: classes.danger ?? '', variant: 'default' } : {})}>{button}</Button>
        </div>
      </form>
    </Dialog>
  );
}
