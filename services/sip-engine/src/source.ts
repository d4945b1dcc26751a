import { type Setting, type SettingName, settings } from './settings.table.ts';

/** What was said, and where: `--port`, `DRACHTIO_ADMIN_TCP_PORT` or `<admin port>`. */
export interface Given {
  readonly text: string;
  readonly from: string;
}

/** A contact with what belongs to it. */
export interface GivenContact {
  readonly uri: Given;
  readonly externalIp?: Given | undefined;
  readonly localNet?: Given | undefined;
  readonly dnsNames?: readonly string[] | undefined;
}

/** Who is asked where the requests of a method go. */
export interface GivenHandler {
  readonly method: string;
  readonly httpMethod: string;
  readonly url: Given;
}

/** What one place says, as text: the command line, the environment or the configuration file. */
export class Source {
  readonly values = new Map<SettingName, Given>();
  readonly contacts: GivenContact[] = [];
  readonly warnings: string[] = [];
  readonly problems: string[] = [];

  /** Notes what a setting is to be; one without effect becomes a warning. */
  take(name: SettingName, given: Given): void {
    const { ignored, type }: Setting = settings[name];
    if (type === 'boolean' && isOff(given.text)) this.values.set(name, given);
    else if (ignored === undefined) this.values.set(name, given);
    else this.warnings.push(`${given.from} has no effect: ${ignored}`);
  }
}

/** Whether a switch is on. */
export function isOn(text: string): boolean {
  return ['1', 'true', 'yes', 'on'].includes(text.toLowerCase());
}

/** Whether a switch is off. */
export function isOff(text: string): boolean {
  return ['0', 'false', 'no', 'off'].includes(text.toLowerCase());
}
