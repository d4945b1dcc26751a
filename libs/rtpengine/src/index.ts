export { type BencodeDictionary, type BencodeValue, decodeBencode, encodeBencode } from './bencode.ts';
export {
  BencodeError,
  NgBusyError,
  NgError,
  NgProtocolError,
  NgRefusedError,
  NgSilentError,
  NgTimeoutError,
  NgTooLargeError,
  NgUnreachableError,
  type RefusalKind,
} from './errors.ts';
export { MAX_COMMANDS_IN_FLIGHT, NgClient, type NgClientOptions, type NgCommand } from './ng-client.ts';
export {
  type NgAnswer,
  NgCommands,
  type NgOffer,
  type NgRelayed,
  type NgStatistics,
  type NgTotals,
} from './ng-commands.ts';
export { type NgParty } from './ng-parties.ts';
export { type NgProfile } from './ng-profile.ts';
export { type NgSocket, type NgSocketEvents, ngUdpSocket, type OpenNgSocket } from './ng-socket.ts';
