import { Button, PasswordInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { type SyntheticEvent, useState } from 'react';
import { logIn } from '../api/actions.js';
import { describeError } from '../api/request-errors.js';
import { StatusGlyph } from '../status/status-glyph.js';
import classes from './login-page.module.css';

/** Asks for the admin secret of the first start; paste and password managers work. */
export function LoginPage() {
  const [secret, setSecret] = useState('');
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const client = useQueryClient();
  const navigate = useNavigate();
  const { next } = useSearch({ from: '/login' });

  const submit = (event: SyntheticEvent): void => {
    event.preventDefault();
    const token = secret.trim();
    if (token === '') { setProblem('Paste the admin secret first.'); return; }
    setBusy(true);
    logIn(token)
      .then(async () => {
        client.clear();
        await navigate({ to: next ?? '/fleet' });
      })
      .catch((error: unknown) => {
        const described = describeError(error);
        setProblem([described.message, described.remedy].filter((part) => part !== null).map((part) => `${part.replace(/\.$/, '')}.`).join(' '));
      })
      .finally(() => { setBusy(false); });
  };

  return (
    <main className={classes.page}>
      <form className={classes.card} onSubmit={submit} noValidate>
        <p className={classes.brand}>
          <StatusGlyph state="protected" size={20} />
          Lifeboat
        </p>
        <h1>Log in</h1>
        {/* Password managers file the secret under this name. */}
        <input type="text" name="username" autoComplete="username" value="admin" readOnly hidden />
        <PasswordInput
          label="Admin secret"
          description={<>The server printed it at its first start. It is also in <code>first-run.json</code> in the server’s data directory.</>}
          name="password"
          autoComplete="current-password"
          autoFocus
          value={secret}
          onChange={(event) => { setSecret(event.currentTarget.value); setProblem(null); }}
          error={problem}
          errorProps={{ role: 'alert' }}
        />
        <Button type="submit" loading={busy} fullWidth>
          Log in
        </Button>
      </form>
    </main>
  );
}
