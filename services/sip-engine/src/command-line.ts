import { parseArgs } from 'node:util';
import { allSettings, isSettingName, type Setting, type SettingName, settings } from './settings.table.ts';
import { type Given, type GivenContact, Source } from './source.ts';

/** What the command line says. */
export class CommandLine extends Source {
  /** Set when it asks for text instead of a server, whatever else it says. */
  wants: 'help' | 'version' | undefined;
  readonly origins: string[] = [];
  #contact: { -readonly [key in keyof GivenContact]: GivenContact[key] } | undefined;

  constructor(args: readonly string[]) {
    super();
    const options = Object.fromEntries(
      allSettings
        .filter(([, { flag }]) => flag === undefined)
        .map(([name, { type, short }]) => [name, short === undefined ? { type } : { type, short }]),
    );
    const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true, allowPositionals: true });
    for (const token of tokens) {
      if (token.kind === 'positional') this.problems.push(`unexpected argument: ${token.value}`);
      if (token.kind === 'option') this.#option(token.name, token.rawName, token.value);
    }
  }

  #option(name: string, rawName: string, value: string | undefined): void {
    const setting: Setting | undefined = isSettingName(name) ? settings[name] : undefined;
    if (setting === undefined || setting.flag === false) this.problems.push(`unknown flag: ${rawName}`);
    else if (setting.type === 'string' && (value === undefined || value === '')) {
      this.problems.push(`${rawName} needs a value`);
    } else if (setting.type === 'boolean' && value !== undefined) this.problems.push(`${rawName} takes no value`);
    else if (isSettingName(name)) this.#flag(name, { text: value ?? 'true', from: `--${name}` });
  }

  #flag(name: SettingName, given: Given): void {
    if (name === 'help' || name === 'version') this.wants ??= name;
    else if (name === 'ws-origin') this.origins.push(given.text);
    else if (name === 'contact') this.contacts.push((this.#contact = { uri: given }));
    else if (name !== 'external-ip' && name !== 'local-net' && name !== 'dns-name') this.take(name, given);
    else if (this.#contact === undefined) this.problems.push(`--${name} must follow a --contact`);
    else if (name === 'external-ip') this.#contact.externalIp = given;
    else if (name === 'local-net') this.#contact.localNet = given;
    else this.#contact.dnsNames = [...(this.#contact.dnsNames ?? []), given.text];
  }
}
