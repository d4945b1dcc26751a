/** What was sent for an application, as it is told about it. */
export interface Sent {
  readonly bytes: Buffer;
  readonly protocol: string;
  readonly address: string;
  readonly port: number;
  readonly txn: string;
  /** For a response: its dialog, or empty; undefined for a request. */
  readonly dialogId: string | undefined;
  /** The request waits for something before it goes out. */
  readonly isHeld?: boolean;
}
