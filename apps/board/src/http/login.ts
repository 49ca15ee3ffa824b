/** A form for the token, for browsers: it becomes a cookie that no script can read and no other site can send. */
import { textBody } from './body.ts';
import type { Answer, Route } from './exchange.ts';
import { cookieName, type Guard } from './guard.ts';

const form = (wrong: boolean): string => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>gdarknet board</title>
<main>
<h1>gdarknet board</h1>
<form method="post" action="/login">
<p><label>Token <input name="token" type="password" autocomplete="current-password" required autofocus></label>
<button>Open</button></p>
${wrong ? '<p role="alert">That is not the token.</p>' : ''}
</form>
</main>
</html>
`;

const page = (wrong: boolean): Answer => ({
  status: wrong ? 401 : 200,
  headers: { 'content-type': 'text/html; charset=utf-8' },
  body: form(wrong),
});

const admitted = (token: string): { readonly 'set-cookie': string } => ({
  'set-cookie': `${cookieName}=${encodeURIComponent(token)}; HttpOnly; SameSite=Strict; Path=/; Max-Age=2592000`,
});

export const loginRoutes = (guard: Guard): readonly Route[] => [
  { method: 'GET', path: '/login', run: () => page(false) },
  {
    method: 'POST',
    path: '/login',
    run: async ({ request }) => {
      const token = new URLSearchParams(await textBody(request)).get('token') ?? '';
      return guard.matches(token)
        ? { status: 303, headers: { location: '/', ...admitted(token) }, body: '' }
        : page(true);
    },
  },
];
