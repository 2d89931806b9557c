import { Button } from '@mantine/core';
import type { DamageRange } from '@lifeboat/protocol';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { damageQuery } from '../../api/retention-queries.js';
import { exactBytes, formatBytes, wholeNumber } from '../../format/bytes.js';
import { ErrorPanel, Section, SkeletonRows } from '../../ui/panels.js';
import { Ago, Moment } from '../../ui/quantities.js';
import classes from '../storage.module.css';

const rangesShown = 20;
const filesShown = 5;

/** Everything that is known to be lost: which points cannot give back which bytes, and which files lie there. */
export function DamagePanel() {
  const damage = useQuery(damageQuery);
  const [all, setAll] = useState(false);
  const ranges = damage.data?.ranges ?? [];
  return (
    <Section title="Damage">
      {damage.isError && <ErrorPanel what="The list of damage could not be fetched" error={damage.error} onRetry={() => void damage.refetch()} lastGoodAtMs={damage.data && damage.dataUpdatedAt} />}
      {damage.data === undefined && !damage.isError && <SkeletonRows count={2} label="Loading damage" />}
      {damage.data !== undefined && (
        <>
          <p className={classes.muted}>{damage.data.checkedAt === null ? 'Not looked for since the server started.' : <>Last looked for <Ago at={damage.data.checkedAt} />.</>}</p>
          {ranges.length === 0 ? <p>No damage is known.</p> : (
            <p className={classes.bad}>
              {wholeNumber(ranges.length)}{damage.data.truncated && ' and more'} {ranges.length === 1 ? 'range' : 'ranges'} cannot be restored. Everything else in these points can.
            </p>
          )}
          <ul className={classes.list}>
            {(all ? ranges : ranges.slice(0, rangesShown)).map((range) => <Range key={`${range.pointId} ${range.volumeId ?? ''} ${String(range.diskOffset)} ${String(range.offset)} ${range.structure}`} range={range} />)}
          </ul>
          {ranges.length > rangesShown && <Button size="xs" variant="default" onClick={() => { setAll(!all); }}>{all ? 'Show fewer' : `Show all ${wholeNumber(ranges.length)}`}</Button>}
        </>
      )}
    </Section>
  );
}

function Range({ range }: Readonly<{ range: DamageRange }>) {
  const files = range.files ?? [];
  const place = [range.diskId, range.volumeId].filter((part) => part !== null && part !== '').join(', volume ');
  return (
    <li className={classes.range}>
      <p>
        <Link to="/machines/$machineId" params={{ machineId: range.machineId }} search={{ point: range.pointId }}>{range.computer}, <Moment at={range.createdAt} /></Link> {range.detail}
      </p>
      {range.structure !== 'point' && (
        <p className={classes.muted} title={`${exactBytes(range.length)} at ${exactBytes(range.offset)}`}>
          {place === '' ? 'Disk' : place}: {formatBytes(range.length)} at offset {wholeNumber(range.offset)} of the volume, {wholeNumber(range.diskOffset)} of the disk
        </p>
      )}
      {range.files === null ? <p className={classes.muted}>Which files lie there is not known: the filesystem is not read.</p> : files.length === 0 ? <p className={classes.muted}>No file lies there.</p> : (
        <ul className={classes.files}>
          {files.slice(0, filesShown).map((file) => <li key={`${file.path} ${String(file.offset)}`}>{file.path}{file.offset !== null && <span className={classes.muted}> at {wholeNumber(file.offset)}</span>}</li>)}
          {files.length > filesShown && <li className={classes.muted}>and {wholeNumber(files.length - filesShown)} more</li>}
        </ul>
      )}
    </li>
  );
}
