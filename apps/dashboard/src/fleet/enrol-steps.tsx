import { Button, CopyButton } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { createEnrolmentToken } from '../api/actions.js';
import { ActionError } from '../ui/panels.js';
import { Moment } from '../ui/quantities.js';
import classes from './fleet.module.css';

/** How a machine joins: a token made here, two commands there. The token is shown once. */
export function EnrolSteps() {
  const token = useMutation({ mutationFn: createEnrolmentToken });
  const secret = token.data?.token;
  return (
    <ol className={classes.steps}>
      <li>
        <p>Make a token. It enrols one machine and lasts a day.</p>
        <Button onClick={() => { token.mutate(); }} loading={token.isPending} variant={secret === undefined ? 'filled' : 'default'}>
          {secret === undefined ? 'Make a token' : 'Make another token'}
        </Button>
        <ActionError error={token.error} />
      </li>
      <li>
        <p>On the machine, as root:</p>
        <Command text={`npx lifeboat-agent enrol --server ${location.origin} --token ${secret ?? 'TOKEN'}`} ready={secret !== undefined} />
        {token.data !== undefined && (
          <p className={classes.muted}>
            The token is not shown again and is good until <Moment at={token.data.expiresAt} />.
          </p>
        )}
      </li>
      <li>
        <p>Then keep the agent running. The machine appears in this list by itself, and its first full backup follows its schedule.</p>
        <Command text="npx lifeboat-agent run" ready />
      </li>
    </ol>
  );
}

function Command({ text, ready }: Readonly<{ text: string; ready: boolean }>) {
  return (
    <div className={classes.command}>
      <pre tabIndex={0} aria-label="Command">{text}</pre>
      <CopyButton value={text}>
        {({ copied, copy }) => (
          <Button variant="default" size="xs" onClick={copy} disabled={!ready}>
            {copied ? 'Copied' : 'Copy'}
          </Button>
        )}
      </CopyButton>
    </div>
  );
}
