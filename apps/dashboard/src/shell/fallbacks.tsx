import { Link } from '@tanstack/react-router';
import { EmptyPanel, ErrorPanel } from '../ui/panels.js';

/** No page has this address. */
export function NotFound() {
  return (
    <main style={{ padding: 24 }}>
      <EmptyPanel title="There is no page at this address">
        <Link to="/fleet">Go to the fleet</Link>
      </EmptyPanel>
    </main>
  );
}

/** A page broke while it was drawn. */
export function PageFailed({ error, reset }: Readonly<{ error: unknown; reset: () => void }>) {
  return (
    <main style={{ padding: 24 }}>
      <ErrorPanel what="This page could not be shown" error={error} onRetry={reset} />
    </main>
  );
}
