import { reasonPhrase } from '@callweave/sip';

/**
 * Where drachtio-server does something else than we think right; `docs/drachtio-compatibility.md` says why. All true is
 * `--compat drachtio`.
 */
export interface Quirks {
  /** A CANCEL of a proxied INVITE is answered with 487 at once, whatever the targets say. */
  readonly answersCancelItself: boolean;
  /** Record-Route carries nothing by which we know it as ours, so that anybody may send through us. */
  readonly marksNoRoutes: boolean;
  /** A request that came by two ways is given to applications twice; so is the ACK of the one refused. */
  readonly allowsMergedRequests: boolean;
  /** Offers that meet are the applications' business. */
  readonly allowsGlare: boolean;
  /** A request that takes long is not answered with 100 unless it is an INVITE. */
  readonly keepsSilent: boolean;
  /** Sessions are refreshed by INVITE alone, nobody is required to know timers, and who names no refresher gets none. */
  readonly timesSessionsLoosely: boolean;
  /** Routes of a request outside dialogs are left out, also where its next hop is given. */
  readonly dropsRoutes: boolean;
  /** A request of a dialog that was overtaken by a later one is given to the application. */
  readonly deliversOvertaken: boolean;
  /** REFER, and methods that nobody has described, are not answered outside a dialog. */
  readonly ignoresWhatIsNew: boolean;
  /** An INVITE that nobody takes is told 100 first, and its refusal until the ACK comes. */
  readonly refusesInTransactions: boolean;
  /** The 200 to a CANCEL and the 487 to its INVITE have a To tag each. */
  readonly tagsCancelsApart: boolean;
  /** Failures within a dialog name our Contact. */
  readonly givesContactToFailures: boolean;
  /** A BYE ends what the application has not answered before it with 500. */
  readonly endsRequestsWithDialogs: boolean;
  /** `remove_route` forgets every verb of an application. */
  readonly forgetsAllRoutes: boolean;
  /** A 100 repeats Record-Route. */
  readonly recordsRoutesEarly: boolean;
  /** A BYE cancels a re-INVITE that is unanswered, whose end is not told. */
  readonly cancelsBeforeBye: boolean;
  /** From and To name the transport of a request. */
  readonly namesTransports: boolean;
  /** An application that goes, or is silent, leaves its peers as they are: nobody is answered, cancelled or hung up. */
  readonly leavesPeersWaiting: boolean;
  /** Max-Forwards of what comes through Record-Route stays as it is. */
  readonly leavesHopsUncounted: boolean;
  /** The ACK of a redirected INVITE through a proxy goes to an address without a user. */
  readonly acksRedirectsWithoutUser: boolean;
  /** A Request-URI may be of any scheme. */
  readonly takesAnyScheme: boolean;
  /** A 505 does not say from which port its request came. */
  readonly leavesPortOf505: boolean;
  /** A 2xx to a re-INVITE after a provisional response is lost. */
  readonly losesLateReinviteAnswers: boolean;
  /** A second phone that answers gets the ACK of the first, and is never released. */
  readonly acknowledgesForksAlike: boolean;
  /** The answer to an UPDATE before the call is answered names neither what its body is nor its dialog. */
  readonly answersEarlyUpdatesBarely: boolean;
  /** An INFO before the call is answered is shown as outside its dialog, and fails whatever its application says. */
  readonly showsEarlyInfoOutside: boolean;
  /** A request to a `sips:` URI is taken where there is no TLS, and answered with 416 unsent. */
  readonly refusesSipsItself: boolean;
  /** Where a sender is as it says, `rport` is answered without `received`. */
  readonly answersRportAlone: boolean;
  /** A request that nobody takes is refused without saying when to try again. */
  readonly wantsNoRetryLater: boolean;
  /** A 500 of the server's own has other words than those of RFC 3261 §21.5.1. */
  readonly saysInternalServerError: boolean;
  /** A 400 does not say what is wrong. */
  readonly namesNoDefects: boolean;
  /** The CANCEL and the ACK of a failure that a proxy sends have no Max-Forwards. */
  readonly proxiesWithoutHops: boolean;
  /** What has not left is shown with a To as the application wrote it, and without brackets if it wrote none. */
  readonly showsUnsentToBare: boolean;
  /** An UPDATE before the call is answered is shown under the id of its INVITE. */
  readonly showsEarlyUpdatesAsInvites: boolean;
  /** Credentials and challenges have a space after every comma. */
  readonly spacesCredentials: boolean;
  /** In responses every Record-Route has a line of its own. */
  readonly splitsRecordRoutes: boolean;
  /** A Date of an application that cannot be read is left out, and so are headers after it. */
  readonly losesHeadersAfterBrokenDate: boolean;
  /** Who routes a verb twice is asked twice in a round, and who routed last is asked first. */
  readonly countsEveryRoute: boolean;
  /** A ping is answered before the connection has authenticated. */
  readonly answersAnyPing: boolean;
  /** Max-Breadth is neither written nor heeded. */
  readonly ignoresBreadth: boolean;
  /** The ACK of a re-INVITE has an id of its own. */
  readonly namesReinviteAcksAnew: boolean;
}

/** The words for a status of our own. */
export function reasonFor(status: number, { saysInternalServerError }: Quirks): string {
  return status === 500 && saysInternalServerError ? 'Internal Server Error' : reasonPhrase(status);
}

/** What is right. */
export const noQuirks: Quirks = {
  answersCancelItself: false,
  marksNoRoutes: false,
  allowsMergedRequests: false,
  allowsGlare: false,
  keepsSilent: false,
  timesSessionsLoosely: false,
  deliversOvertaken: false,
  dropsRoutes: false,
  ignoresWhatIsNew: false,
  refusesInTransactions: false,
  tagsCancelsApart: false,
  givesContactToFailures: false,
  endsRequestsWithDialogs: false,
  forgetsAllRoutes: false,
  recordsRoutesEarly: false,
  cancelsBeforeBye: false,
  namesTransports: false,
  leavesPeersWaiting: false,
  leavesHopsUncounted: false,
  acksRedirectsWithoutUser: false,
  leavesPortOf505: false,
  takesAnyScheme: false,
  losesLateReinviteAnswers: false,
  acknowledgesForksAlike: false,
  answersEarlyUpdatesBarely: false,
  showsEarlyInfoOutside: false,
  refusesSipsItself: false,
  answersRportAlone: false,
  wantsNoRetryLater: false,
  saysInternalServerError: false,
  namesNoDefects: false,
  proxiesWithoutHops: false,
  showsUnsentToBare: false,
  showsEarlyUpdatesAsInvites: false,
  spacesCredentials: false,
  splitsRecordRoutes: false,
  losesHeadersAfterBrokenDate: false,
  countsEveryRoute: false,
  answersAnyPing: false,
  ignoresBreadth: false,
  namesReinviteAcksAnew: false,
};

/** What drachtio-server does. */
export const drachtioQuirks: Quirks = {
  answersCancelItself: true,
  marksNoRoutes: true,
  allowsMergedRequests: true,
  allowsGlare: true,
  keepsSilent: true,
  timesSessionsLoosely: true,
  dropsRoutes: true,
  deliversOvertaken: true,
  ignoresWhatIsNew: true,
  refusesInTransactions: true,
  tagsCancelsApart: true,
  givesContactToFailures: true,
  endsRequestsWithDialogs: true,
  forgetsAllRoutes: true,
  recordsRoutesEarly: true,
  cancelsBeforeBye: true,
  namesTransports: true,
  leavesPeersWaiting: true,
  leavesHopsUncounted: true,
  acksRedirectsWithoutUser: true,
  leavesPortOf505: true,
  takesAnyScheme: true,
  losesLateReinviteAnswers: true,
  acknowledgesForksAlike: true,
  answersEarlyUpdatesBarely: true,
  showsEarlyInfoOutside: true,
  refusesSipsItself: true,
  answersRportAlone: true,
  wantsNoRetryLater: true,
  saysInternalServerError: true,
  namesNoDefects: true,
  proxiesWithoutHops: true,
  showsUnsentToBare: true,
  showsEarlyUpdatesAsInvites: true,
  spacesCredentials: true,
  splitsRecordRoutes: true,
  losesHeadersAfterBrokenDate: true,
  countsEveryRoute: true,
  answersAnyPing: true,
  ignoresBreadth: true,
  namesReinviteAcksAnew: true,
};
