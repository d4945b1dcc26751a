/** One of the device's own early dialogs is over, RFC 7362: there is only one with the caller. */
export const EARLY_DIALOG_TERMINATED = 199;

/** Whether the caller hears something: it rings, or the network says why it does not. RFC 3261 §21.1 */
export function isRinging(status: number): boolean {
  return status >= 180 && status !== EARLY_DIALOG_TERMINATED;
}
