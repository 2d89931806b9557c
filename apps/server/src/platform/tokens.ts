/** What Nest injects by these names; see `Platform`. Interfaces vanish at run time, so each port has its own token. */
export const STORE = Symbol('Store');
export const INGEST = Symbol('Ingest');
export const CATALOG = Symbol('Catalog');
export const JOBS = Symbol('Jobs');
export const CLOCK = Symbol('Clock');
export const RANDOM = Symbol('Random');
export const LOGGER = Symbol('Logger');
export const CONFIG = Symbol('ServerConfig');
export const SERVER_KEY = Symbol('ServerKey');
