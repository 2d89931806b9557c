import { ComputerList, HeldEnrolmentList, ItemsView, JobList, PolicyView, StoreStatus, VersionList, restPaths } from '@lifeboat/protocol';
import { queryOptions } from '@tanstack/react-query';
import { z } from 'zod';
import { fillPath, getJson } from './rest-client.js';

/** Who is logged in; refused with 401 when nobody is. */
export const sessionQuery = queryOptions({
  queryKey: ['session'], queryFn: ({ signal }) => getJson(restPaths.session, z.unknown(), signal).then(() => true), staleTime: Infinity, retry: false,
});

/** All machines with state and reason, and the `seq` of the fleet room they stand for. */
export const fleetQuery = queryOptions({ queryKey: ['fleet'], queryFn: ({ signal }) => getJson(restPaths.computers, ComputerList, signal) });

/** Recent and running jobs, newest first. */
export const jobsQuery = queryOptions({ queryKey: ['jobs'], queryFn: ({ signal }) => getJson(restPaths.jobs, JobList, signal) });

/** What the store holds and what room is left. */
export const storeQuery = queryOptions({ queryKey: ['store'], queryFn: ({ signal }) => getJson(restPaths.store, StoreStatus, signal), refetchInterval: 30_000 });

/** Machines that wait because their name is taken. */
export const heldQuery = queryOptions({ queryKey: ['held'], queryFn: ({ signal }) => getJson(restPaths.heldEnrolments, HeldEnrolmentList, signal), refetchInterval: 15_000 });

/** The policy of machines that have none of their own. */
export const defaultPolicyQuery = queryOptions({ queryKey: ['policy', 'default'], queryFn: ({ signal }) => getJson(restPaths.policy, PolicyView, signal) });

/** Restore points of a machine, oldest first. */
export const versionsQuery = (machineId: string) =>
  queryOptions({
    queryKey: ['versions', machineId],
    queryFn: async ({ signal }) => {
      const list = await getJson(fillPath(restPaths.versions, { computer: machineId }), VersionList, signal);
      return { ...list, versions: list.versions.toSorted((a, b) => Date.parse(a.createdAt) - Date.parse(b.createdAt)) };
    },
  });

/** Disks, layout and volumes of one restore point; they never change. */
export const itemsQuery = (machineId: string, pointId: string) =>
  queryOptions({
    queryKey: ['items', machineId, pointId],
    queryFn: ({ signal }) => getJson(fillPath(restPaths.items, { computer: machineId, version: pointId }), ItemsView, signal),
    staleTime: Infinity,
  });

/** The policy in force for a machine, and where it comes from. */
export const machinePolicyQuery = (machineId: string) =>
  queryOptions({ queryKey: ['policy', machineId], queryFn: ({ signal }) => getJson(fillPath(restPaths.machinePolicy, { computer: machineId }), PolicyView, signal) });
