export { testNowMs, testMachineId, testPointId, testPoint, testMachine, testSpace, testState, dailyPoints, testHash } from './fleet.js';
export { SeededRandom, randomFleet, type RandomFleet } from './random-fleet.js';
