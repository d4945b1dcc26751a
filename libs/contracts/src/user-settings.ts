import { z } from 'zod';
import { defineBucket } from './define.ts';
import { MAX_USER_BYTES, Tenant, User } from './primitives.ts';

const Dialled = z.string().min(1).max(MAX_USER_BYTES);

/** What a user would dial to send a call on, by the case. */
export const Forwards = z.object({
  /** Every call, before any of his devices rings. */
  always: Dialled.optional(),
  busy: Dialled.optional(),
  noAnswer: Dialled.optional(),
  /** None of his devices is registered, or none of them responds. */
  unreachable: Dialled.optional(),
});
export type Forwards = z.infer<typeof Forwards>;

/** How long the devices of one user ring at most, s. */
export const RingSec = z.number().int().min(1).max(600);

/** What a user has set about the calls he gets. */
export const UserSettings = z.object({
  tenant: Tenant,
  user: User,
  forwards: Forwards,
  /** As for everybody when absent. */
  ringSec: RingSec.optional(),
});
export type UserSettings = z.infer<typeof UserSettings>;

export const userSettingsBucket = defineBucket('user-settings', {
  summary: 'Where calls of a user are sent on to, and how long his devices ring; who has set nothing has no record.',
  pattern: '{tenant}.{user}',
  value: UserSettings,
});
