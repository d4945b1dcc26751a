/**
 * Where drachtio-server does something else than we think right; `docs/drachtio-compatibility.md` says why. All true is
 * `--compat drachtio`.
 */
export interface Quirks {
  /** A CANCEL of a proxied INVITE is answered with 487 at once, whatever the targets say. */
  readonly answersCancelItself: boolean;
  /** Record-Route carries nothing by which we know it as ours, so that anybody may send through us. */
  readonly marksNoRoutes: boolean;
  /** A request that came by two ways is given to applications twice. */
  readonly allowsMergedRequests: boolean;
  /** Offers that meet are the applications' business. */
  readonly allowsGlare: boolean;
  /** A request that takes long is not answered with 100 unless it is an INVITE. */
  readonly keepsSilent: boolean;
  /** Sessions are refreshed by INVITE alone, nobody is required to know timers, and who names no refresher gets none. */
  readonly timesSessionsLoosely: boolean;
}

/** What is right. */
export const noQuirks: Quirks = {
  answersCancelItself: false,
  marksNoRoutes: false,
  allowsMergedRequests: false,
  allowsGlare: false,
  keepsSilent: false,
  timesSessionsLoosely: false,
};

/** What drachtio-server does. */
export const drachtioQuirks: Quirks = {
  answersCancelItself: true,
  marksNoRoutes: true,
  allowsMergedRequests: true,
  allowsGlare: true,
  keepsSilent: true,
  timesSessionsLoosely: true,
};
