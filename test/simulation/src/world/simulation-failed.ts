/** The system broke a promise: what the reference model knows and what the system says differ. */
export class SimulationFailed extends Error {
  readonly code = 'SIMULATION_FAILED';
}

/** Ends the run unless `holds`. */
export function ensure(holds: boolean, what: () => string): asserts holds {
  if (!holds) throw new SimulationFailed(what());
}
