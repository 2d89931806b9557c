import { IconAlertOctagon, IconAlertTriangle } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { storeQuery } from '../api/queries.js';
import { damageQuery, retentionQuery } from '../api/retention-queries.js';
import { useNow } from '../format/use-now.js';
import classes from './fleet.module.css';
import { storeAlerts } from './store-alerts.js';

/** What about the store somebody has to know or decide; nothing when all is well. */
export function StoreAlertList() {
  const [store, retention, damage] = [useQuery(storeQuery), useQuery(retentionQuery), useQuery(damageQuery)];
  const alerts = storeAlerts({ store: store.data, retention: retention.data, damage: damage.data, nowMs: useNow(60_000) });
  if (alerts.length === 0) return null;
  return (
    <section className={classes.alerts} aria-label="Alerts of the store">
      {alerts.map((alert) => {
        const Icon = alert.urgent ? IconAlertOctagon : IconAlertTriangle;
        return (
          <div key={alert.key} className={classes.alert} data-urgent={alert.urgent || undefined}>
            <Icon size={20} stroke={1.5} aria-hidden="true" />
            <p><span className="unseen">{alert.urgent ? 'Urgent: ' : 'Note: '}</span>{alert.text}.</p>
            <Link to="/storage">{alert.action}</Link>
          </div>
        );
      })}
    </section>
  );
}
