/** What an application is told about a SIP message besides the message. */
export interface SipMeta {
  readonly source: 'network' | 'application';
  /** Bytes as received; 0 for what the engine made itself. */
  readonly size: number;
  /** Empty where drachtio-server leaves it empty. */
  readonly protocol: string;
  readonly address: string;
  readonly port: number;
  readonly txn: string;
  /** Empty outside a dialog. */
  readonly dialogId: string;
  /** Only on new requests outside a dialog. */
  readonly receivedOn?: { readonly address: string; readonly port: number } | undefined;
}

/** One connected application, as the core sees it. */
export interface App {
  readonly isOpen: boolean;
  /** Requests it was given and has not begun to answer; counted by whoever gave them. */
  unanswered: number;
  deliver(meta: SipMeta, sip: Buffer): void;
  /** Tells of something that is no request and no response: `verb` as routed, and further words. */
  tell(verb: string, source: SipMeta['source'], rest: readonly string[], sip: Buffer): void;
  close(): void;
}

/** The connected applications. */
export interface Apps {
  /** The next one, in turn, that takes requests of this method; not `except`. */
  pick(method: string, except?: App): App | undefined;
  /** The next one that takes what is no method, such as `cdr:start`. */
  pickVerb(verb: string): App | undefined;
  /** Methods that some application takes, upper case. */
  methods(): string[];
}
