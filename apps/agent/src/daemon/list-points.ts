import type { PointSummary } from '@lifeboat/protocol';
import type { z } from 'zod';
import type { ControlChannel } from '../connection/control-connection.js';

/** This computer's restore points, newest first. */
export async function listPoints(control: ControlChannel, signal?: AbortSignal): Promise<z.output<typeof PointSummary>[]> {
  const { points } = await control.request('points.list', {}, signal);
  return [...points].sort((left, right) => (left.createdAt < right.createdAt ? 1 : -1));
}
