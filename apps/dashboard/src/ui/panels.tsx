import { Button } from '@mantine/core';
import { IconAlertTriangle, IconRefresh } from '@tabler/icons-react';
import { type ReactNode, useId } from 'react';
import { describeError } from '../api/request-errors.js';
import classes from './panels.module.css';
import { Ago } from './quantities.js';

/** A titled part of a page. */
export function Section({ title, aside, children }: Readonly<{ title: ReactNode; aside?: ReactNode; children: ReactNode }>) {
  const id = useId();
  return (
    <section className={classes.section} aria-labelledby={id}>
      <header className={classes.sectionHead}>
        <h2 id={id}>{title}</h2>
        {aside}
      </header>
      {children}
    </section>
  );
}

/** Says what could not be fetched and offers to try again. With `lastGoodAtMs` the data below it is old, and says how old. */
export function ErrorPanel({ what, error, onRetry, lastGoodAtMs }: Readonly<{ what: string; error: unknown; onRetry: () => void; lastGoodAtMs?: number | undefined }>) {
  const described = describeError(error);
  return (
    <div className={classes.error} role="alert">
      <IconAlertTriangle size={20} stroke={1.5} aria-hidden="true" className={classes.errorIcon} />
      <div className={classes.errorText}>
        <p className={classes.errorTitle}>{what}</p>
        <p>
          {described.message}. {described.remedy}
        </p>
        {lastGoodAtMs !== undefined && lastGoodAtMs > 0 && (
          <p className={classes.muted}>
            Below is what was known <Ago at={new Date(lastGoodAtMs).toISOString()} />.
          </p>
        )}
        {described.code !== null && (
          <details className={classes.muted}>
            <summary>Details</summary>
            <code>{described.code}</code>
          </details>
        )}
      </div>
      <Button variant="default" leftSection={<IconRefresh size={16} stroke={1.5} aria-hidden="true" />} onClick={onRetry}>
        Try again
      </Button>
    </div>
  );
}

/** Says why there is nothing here, and the one thing to do about it. */
export function EmptyPanel({ title, children }: Readonly<{ title: string; children?: ReactNode }>) {
  return (
    <div className={classes.empty}>
      <p className={classes.emptyTitle}>{title}</p>
      {children}
    </div>
  );
}

/** Grey rows of the height that the real ones will have; they appear after 400 ms, so that a quick answer does not flicker. */
export function SkeletonRows({ count, height = 36, label }: Readonly<{ count: number; height?: number; label: string }>) {
  return (
    <div className={classes.skeletons} role="status" aria-label={label}>
      {Array.from({ length: count }, (_, row) => (
        <div key={row} className={classes.skeleton} style={{ height: height - 8 }} />
      ))}
    </div>
  );
}

/** One line of an error under the button that caused it. */
export function ActionError({ error }: Readonly<{ error: unknown }>) {
  if (error === null || error === undefined) return null;
  const described = describeError(error);
  return (
    <p className={classes.actionError} role="alert">
      {described.message}. {described.remedy}
    </p>
  );
}
