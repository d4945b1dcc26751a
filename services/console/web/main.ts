import { render } from 'lit-html';
import { Console } from './console.ts';
import { view } from './views/page.ts';

const root = document.getElementById('app');
if (root === null) throw new Error('no place for the page');
root.replaceChildren();

let isDue = false;
const draw = (): void => {
  if (isDue) return;
  isDue = true;
  requestAnimationFrame(() => {
    isDue = false;
    render(view(model), root);
  });
};
const model = new Console(draw);

// The address that `npm start` prints carries the token where it is never sent to a server or kept in its logs.
const token = new URLSearchParams(location.hash.slice(1)).get('token');
if (token !== null) history.replaceState(null, '', location.pathname);
draw();
void (token === null ? model.start() : model.signIn(token));
// Durations and expiries run.
setInterval(draw, 1_000);
