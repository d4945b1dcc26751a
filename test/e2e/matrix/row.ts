import { type SeenMessage } from '../../support/phone-ladder.ts';

/** One feature, shown by the ladders of all phones that take part. */
export interface Row {
  /** What is shown; a test's title as well. */
  readonly feature: string;
  /** Where it is written how it has to be. */
  readonly rfc: string;
  /**
   * By name, in the order in which they start. A phone does what its ladder says, and that ladder is what it must have
   * seen in the end. `bob-desk` is a phone of bob. Who is called is registered; who calls need not be.
   */
  readonly phones: Readonly<Record<string, string | RowPhone>>;
  /** Where the calls of users go, by user; whom it names is another user of the row. */
  readonly settings?: Readonly<
    Record<string, { readonly forwards?: Readonly<Record<string, string>>; readonly ringSec?: number }>
  >;
  /** Whether users are numbers. */
  readonly areNumbers?: boolean;
  /** Why it holds at one edge only. */
  readonly oneEdge?: string;
  /** Why drachtio-server cannot do it. */
  readonly notByDrachtio?: string;
}

export interface RowPhone {
  readonly ladder: string;
  /** Request-URI of its first request; `{name}` is a user. `sip:{bob}@{edge}` unless told otherwise. */
  readonly calls?: string;
  /** How much its user likes this phone, from 0 to 1. RFC 3261 §20.10 */
  readonly q?: string;
  /** At which edge, when not at the usual one: who calls is at the first, who is called at the second. */
  readonly edge?: 1 | 2;
  /** It starts when others have got so far: what `{name}` in its ladder stands for besides, or undefined until then. */
  readonly after?: (seen: (phone: string) => readonly SeenMessage[]) => Readonly<Record<string, string>> | undefined;
}

/** Where the phones of a row are: at one edge, or who is called at another than who calls. */
export const places = ['one edge', 'two edges'] as const;
export type Place = (typeof places)[number];
