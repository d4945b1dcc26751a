import { flowKeysBucket, nonceKeysBucket, subscribersBucket, tenantsBucket } from './auth.ts';
import { callsBucket } from './call.ts';
import { type BucketType } from './define.ts';
import { instancesBucket } from './instance.ts';
import { locationBucket } from './registration.ts';
import { trunksBucket } from './trunk.ts';
import { userSettingsBucket } from './user-settings.ts';

/** Every bucket that is provisioned. */
export const buckets: readonly BucketType[] = [
  locationBucket,
  subscribersBucket,
  tenantsBucket,
  trunksBucket,
  userSettingsBucket,
  nonceKeysBucket,
  flowKeysBucket,
  instancesBucket,
  callsBucket,
];
