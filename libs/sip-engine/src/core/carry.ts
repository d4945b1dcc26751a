import { type App } from './app.ts';
import { type RequestWish } from './build-request.ts';
import { ON_BEHALF, STRAY_RESPONSE } from './carried.ts';
import { type Core } from './context.ts';
import { speakOnBehalf } from './on-behalf.ts';
import { type Sent } from './sent.ts';
import { takeStray } from './stray-response.ts';

/** Whether a request of an application carries a message, and does not leave itself. */
export function isCarrier(method: string): boolean {
  return method === STRAY_RESPONSE || method === ON_BEHALF;
}

/** Takes the message that such a request carries; throws `RefusedError`. */
export function carry(core: Core, app: App, wish: RequestWish): Sent {
  return wish.method === ON_BEHALF ? speakOnBehalf(core, app, wish) : takeStray(core, app, wish);
}
