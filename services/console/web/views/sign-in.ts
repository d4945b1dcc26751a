import { html, nothing, type TemplateResult } from 'lit-html';
import { type Console } from '../console.ts';

/** Asks for the token. */
export function signInView(model: Console): TemplateResult {
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const { currentTarget } = event;
    if (!(currentTarget instanceof HTMLFormElement)) return;
    const token = new FormData(currentTarget).get('token');
    if (typeof token === 'string' && token !== '') void model.signIn(token.trim());
  };
  return html`<main class="sign-in">
    <form class="card" @submit=${submit}>
      <h1>Callweave console</h1>
      <label for="token">Token</label>
      <input id="token" name="token" type="password" autocomplete="current-password" required />
      <p class="hint">
        <code>npm start</code> prints it; on a cluster it is what <code>CALLWEAVE_CONSOLE_TOKEN</code> was set to.
      </p>
      ${model.problem === '' ? nothing : html`<p class="notice" role="alert">${model.problem}</p>`}
      <button type="submit" class="primary">Sign in</button>
    </form>
  </main>`;
}
