import type { ComputerList, JobList } from '@lifeboat/protocol';
import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import { createContext, useContext, useEffect, useSyncExternalStore } from 'react';
import type { z } from 'zod';
import { fleetQuery, jobsQuery, versionsQuery } from '../api/queries.js';
import { LiveConnection, type LiveStatus } from './live-connection.js';
import { mergeComputers, mergeJobs, type PendingChange } from './merge-change.js';

type Fleet = z.infer<typeof ComputerList>;
type Jobs = z.infer<typeof JobList>;

/** The connection that the whole page shares. */
export const LiveContext = createContext<LiveConnection | null>(null);

/** Keeps what is cached of a room up to date while the calling component is shown. */
export function useLiveRoom(room: 'fleet' | 'jobs' | `machine:${string}`): void {
  const connection = useContext(LiveContext);
  const client = useQueryClient();
  useEffect(() => {
    if (connection === null) return undefined;
    const machineId = room.startsWith('machine:') ? room.slice('machine:'.length) : null;
    return connection.join(room, {
      onChange: (change) => { apply(client, change, machineId); },
      onStale: () => { refetch(client, room, machineId); },
    });
  }, [connection, client, room]);
}

function apply(client: QueryClient, change: PendingChange, machineId: string | null): void {
  if (change.computers.length > 0) client.setQueryData<Fleet>(fleetQuery.queryKey, (old) => old && { ...old, computers: [...mergeComputers(old.computers, change.computers)] });
  if (change.jobs.length > 0) client.setQueryData<Jobs>(jobsQuery.queryKey, (old) => old && { ...old, jobs: [...mergeJobs(old.jobs, change.jobs)] });
  if (change.points && machineId !== null) void client.invalidateQueries({ queryKey: versionsQuery(machineId).queryKey });
}

function refetch(client: QueryClient, room: string, machineId: string | null): void {
  void client.invalidateQueries({ queryKey: room === 'jobs' ? jobsQuery.queryKey : fleetQuery.queryKey });
  if (machineId !== null) void client.invalidateQueries({ queryKey: versionsQuery(machineId).queryKey });
}

const noSubscription = (): (() => void) => () => undefined;
const idle: LiveStatus = { kind: 'idle' };

/** Whether the page is live. */
export function useLiveStatus(): LiveStatus {
  const connection = useContext(LiveContext);
  return useSyncExternalStore(connection?.subscribe ?? noSubscription, connection?.getStatus ?? (() => idle));
}
