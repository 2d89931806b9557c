/** Version of this agent, as it tells the server and as `--version` prints it. */
export const agentVersion = '0.1.0';
