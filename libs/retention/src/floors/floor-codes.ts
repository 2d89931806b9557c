/**
 * Everything that keeps a point whatever the policy and the pressure, by its stable code. The planner, the preview and the guard in front of every deletion read this one list.
 */
export const floorCodes = [
  'FLOOR_NEWEST_GOOD', 'FLOOR_NEWEST_PROVEN', 'FLOOR_ONLY_COPY', 'FLOOR_PINNED', 'FLOOR_HELD', 'FLOOR_IMMUTABLE', 'FLOOR_MIN_KEEP', 'FLOOR_FIRST_OF_SIX_HOURS', 'FLOOR_IN_USE',
  'FLOOR_BEFORE_LAYOUT_CHANGE', 'FLOOR_BEFORE_OS_CHANGE', 'FLOOR_BEFORE_ANOMALY', 'FLOOR_ANOMALY_BRAKE', 'FLOOR_SILENT_MACHINE',
] as const;
export type FloorCode = (typeof floorCodes)[number];

/** A floor that holds a point, and its sentence. */
export type FloorReason = Readonly<{ code: FloorCode; text: string }>;
