import { ActionIcon, useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import { IconAdjustments, IconDatabase, IconDeviceDesktop, IconLogout, IconMoon, IconProgress, IconSun } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, Outlet, useNavigate } from '@tanstack/react-router';
import { useContext } from 'react';
import { logOut } from '../api/actions.js';
import { jobsQuery } from '../api/queries.js';
import { isActive } from '../jobs/job-lists.js';
import { LiveContext, useLiveRoom } from '../live/use-live-room.js';
import { KeyboardHelp } from './keyboard-help.js';
import { LiveChip } from './live-chip.js';
import { Lifebuoy } from './lifebuoy.js';
import classes from './shell.module.css';

/** The frame of every page after login: skip link, top bar, navigation, content. */
export function Shell() {
  useLiveRoom('jobs');
  const jobs = useQuery(jobsQuery);
  const running = jobs.data?.jobs.filter(isActive).length ?? 0;
  return (
    <div className={classes.shell}>
      <a className={classes.skip} href="#content">
        Skip to content
      </a>
      <header className={classes.top}>
        <Link to="/fleet" className={classes.brand}>
          <Lifebuoy />
          Lifeboat
        </Link>
        <div className={classes.topEnd}>
          <LiveChip />
          <KeyboardHelp />
          <ThemeToggle />
          <LogOut />
        </div>
      </header>
      <nav className={classes.nav} aria-label="Main">
        <Link to="/fleet" className={classes.navLink} activeProps={{ 'aria-current': 'page' }}>
          <IconDeviceDesktop size={18} stroke={1.5} aria-hidden="true" />
          Fleet
        </Link>
        <Link to="/jobs" className={classes.navLink} activeProps={{ 'aria-current': 'page' }}>
          <IconProgress size={18} stroke={1.5} aria-hidden="true" />
          Jobs
          {running > 0 && (
            <span className={classes.count}>
              {running}
              <span className="unseen"> active</span>
            </span>
          )}
        </Link>
        <Link to="/storage" className={classes.navLink} activeProps={{ 'aria-current': 'page' }}>
          <IconDatabase size={18} stroke={1.5} aria-hidden="true" />
          Storage
        </Link>
        <Link to="/policies" className={classes.navLink} activeProps={{ 'aria-current': 'page' }}>
          <IconAdjustments size={18} stroke={1.5} aria-hidden="true" />
          Policies
        </Link>
      </nav>
      <main id="content" className={classes.content} tabIndex={-1}>
        <Outlet />
      </main>
    </div>
  );
}

function ThemeToggle() {
  const scheme = useComputedColorScheme('light');
  const { setColorScheme } = useMantineColorScheme();
  const other = scheme === 'dark' ? 'light' : 'dark';
  const Icon = scheme === 'dark' ? IconSun : IconMoon;
  return (
    <ActionIcon variant="subtle" color="gray" c="var(--lb-text)" size={36} aria-label={`Use ${other} colours`} title={`Use ${other} colours`} onClick={() => { setColorScheme(other); }}>
      <Icon size={18} stroke={1.5} aria-hidden="true" />
    </ActionIcon>
  );
}

function LogOut() {
  const client = useQueryClient();
  const navigate = useNavigate();
  const live = useContext(LiveContext);
  const leave = (): void => {
    // The page forgets what it knows even when the server cannot be told.
    void logOut().catch(() => undefined).then(async () => {
      live?.stop();
      client.clear();
      await navigate({ to: '/login' });
    });
  };
  return (
    <ActionIcon variant="subtle" color="gray" c="var(--lb-text)" size={36} aria-label="Log out" title="Log out" onClick={leave}>
      <IconLogout size={18} stroke={1.5} aria-hidden="true" />
    </ActionIcon>
  );
}
