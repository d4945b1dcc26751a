import { type Clock } from '@callweave/clock';
import { type IdSource, type SipRequest } from '@callweave/sip';
import { type Logger } from '@callweave/telemetry';
import { type TransactionStore } from '../transaction/store.ts';
import { type TimerValues } from '../transaction/timers.ts';
import { type TimerWheel } from '../transaction/wheel.ts';
import { type Listeners } from '../transport/listeners.ts';
import { type Inbound } from '../transport/transport.ts';
import { type Apps } from './app.ts';
import { type CallRecords } from './call-records.ts';
import { type Connections } from './connections.ts';
import { type DialogStore } from './dialog-store.ts';
import { type LimitCounts } from '../limit-counts.ts';
import { type Overload } from '../overload/overload.ts';
import { type NextApp } from './next-app.ts';
import { type Quirks } from './quirks.ts';
import { type UasRequest } from './uas-request.ts';

/** What both sides of the core work with. */
export interface Core {
  /** The id of this engine, if it has one to tell. */
  readonly instance: string | undefined;
  readonly listeners: Listeners;
  readonly transactions: TransactionStore;
  readonly dialogs: DialogStore;
  readonly connections: Connections;
  readonly apps: Apps;
  readonly wheel: TimerWheel;
  readonly timers: TimerValues;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Logger;
  readonly quirks: Quirks;
  readonly overload: Pick<Overload, 'refusesFor'>;
  readonly limits: LimitCounts;
  /** Undefined when nobody is to be told of calls. */
  readonly records: CallRecords | undefined;
  /** Who refreshes a session whose caller leaves it open; `none` for a session without timer. */
  readonly defaultRefresher: 'none' | 'uac' | 'uas' | undefined;
  /** Applications are asked about INVITE, BYE, UPDATE and REFER of a dialog that another engine may have had. */
  readonly offersUnknownDialogs: boolean;
  /** Who decides where a request of this method goes; undefined when the connected applications take it. */
  readonly handlerOf: (method: string) => ((pending: UasRequest, request: Inbound<SipRequest>) => void) | undefined;
  readonly nextApp: NextApp;
  /** Next hop of requests outside dialogs for which an application names none. */
  readonly outboundProxy: string | undefined;
  /** Requests outside dialogs with more bytes go by TCP. */
  readonly udpMtu: number | undefined;
  /** While draining, nothing new is taken on. */
  readonly isDraining: () => boolean;
}
