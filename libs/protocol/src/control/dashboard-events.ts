import { z } from 'zod';
import { Computer, Job } from '../rest/fleet.js';

/** socket.io namespace of dashboards; authenticated by the session cookie. */
export const dashboardNamespace = '/dashboard';

/** Names of the events: a page emits `watch` and `unwatch` with a {@link WatchRoom}, each acknowledged; the server emits `change`. */
export const dashboardEvents = { watch: 'watch', unwatch: 'unwatch', change: 'change' } as const;

/** What a dashboard may watch: the fleet, or one machine with its points and jobs. */
export const WatchRoom = z.strictObject({ room: z.string().regex(/^(fleet|jobs|machine:[0-9a-f]{32})$/) });
export type WatchRoom = z.infer<typeof WatchRoom>;

/**
 * One push, at most one a second per room. `seq` grows by one per room; after a gap the page is fetched again.
 * `points` says that the machine's list of restore points changed.
 */
export const DashboardChange = z.strictObject({
  room: z.string(), seq: z.number().int(), computers: z.array(Computer), jobs: z.array(Job), points: z.boolean(),
});
export type DashboardChange = z.infer<typeof DashboardChange>;

/** Acknowledgement of `watch`: the `seq` of the room's last push, so that the page knows whether it missed one. */
export const Watched = z.strictObject({ seq: z.number().int() });
export type Watched = z.infer<typeof Watched>;
