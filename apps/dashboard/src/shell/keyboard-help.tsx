import { ActionIcon, Kbd, Switch } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconKeyboard } from '@tabler/icons-react';
import { Dialog } from '../ui/dialog.js';
import { useShortcut, useShortcutsOn } from '../ui/shortcuts.js';
import classes from './shell.module.css';

const keys = [
  { key: '/', does: 'Go to the filter of the fleet' },
  { key: '[', does: 'Previous restore point of a machine' },
  { key: ']', does: 'Next restore point of a machine' },
  { key: '?', does: 'Show this list' },
] as const;

/** Lists the keys of the page and switches those off that consist of a single character. */
export function KeyboardHelp() {
  const [opened, { open, close }] = useDisclosure(false);
  const [on, setOn] = useShortcutsOn();
  useShortcut('?', open);
  return (
    <>
      <ActionIcon className={classes.keyboard} variant="subtle" color="gray" c="var(--lb-text)" size={36} aria-label="Keyboard" title="Keyboard  ?" onClick={open}>
        <IconKeyboard size={18} stroke={1.5} aria-hidden="true" />
      </ActionIcon>
      <Dialog opened={opened} onClose={close} title="Keyboard">
        <dl className={classes.keys}>
          {keys.map((row) => (
            <div key={row.key}>
              <dt><Kbd>{row.key}</Kbd></dt>
              <dd>{row.does}</dd>
            </div>
          ))}
        </dl>
        <Switch label="Use single keys" checked={on} onChange={(event) => { setOn(event.currentTarget.checked); }} />
      </Dialog>
    </>
  );
}
