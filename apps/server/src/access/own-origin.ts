/**
 * Tells whether a request comes from the server's own pages: its `Origin` names the host it was sent to. CORS does not guard WebSockets,
 * so the handshake of dashboards asks here as well.
 */
export function isOwnOrigin(headers: Readonly<{ origin?: string | undefined; host?: string | undefined }>): boolean {
  if (headers.origin === undefined || headers.host === undefined || !URL.canParse(headers.origin)) return false;
  return new URL(headers.origin).host === headers.host.toLowerCase();
}
