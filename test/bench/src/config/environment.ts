/** This process's environment and more: the programs under test get what their user's shell would give them. */
export const environment = (extra: Readonly<Record<string, string>>): NodeJS.ProcessEnv => ({ ...process.env, ...extra });
