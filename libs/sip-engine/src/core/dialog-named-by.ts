import { type Headers } from '@callweave/sip';
import { type Dialog } from './dialog.ts';
import { type DialogStore } from './dialog-store.ts';
import { routesOf } from './routes.ts';

/** An application that took over from another names a dialog by its tags; if it is still here, it goes on here. */
export function dialogNamedBy(headers: Headers, dialogs: Pick<DialogStore, 'byTags'>): Dialog | undefined {
  const tagIn = (name: string): string => /;\s*tag\s*=\s*([^;,\s]+)/i.exec(headers.get(name) ?? '')?.[1] ?? '';
  const remoteTag = tagIn('to');
  if (remoteTag === '') return undefined;
  const dialog = dialogs.byTags(headers.get('call-id') ?? '', tagIn('from'), remoteTag);
  if (dialog === undefined) return undefined;
  // The application may know of higher numbers, and of routes, than a dialog that began here half-way.
  const cseq = Number.parseInt(headers.get('cseq') ?? '', 10);
  if (cseq > dialog.localCseq) dialog.localCseq = cseq - 1;
  if (dialog.routeSet.length === 0) dialog.routeSet = routesOf(headers);
  return dialog;
}
