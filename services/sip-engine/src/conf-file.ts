import { readFileSync } from 'node:fs';
import { type Spammers } from '@callweave/sip-engine';
import { elements } from './elements.table.ts';
import { type Setting, settings } from './settings.table.ts';
import { type Given, type GivenContact, type GivenHandler, Source } from './source.ts';
import { parseXml, type XmlElement, XmlError } from './xml.ts';

/** Where drachtio-server looks for its configuration unless it is told. */
export const DEFAULT_FILE = '/etc/drachtio.conf.xml';

/** What drachtio-server takes for the secret of a file that gives none. */
const DEFAULT_SECRET = 'admin';

/** What drachtio.conf.xml says. Elements that are not known become warnings, what is no XML a problem. */
export class ConfFile extends Source {
  spammers: Spammers | undefined;
  readonly requestHandlers: GivenHandler[] = [];
  readonly #seen = new Set<string>();

  /** Reads a file. One that cannot be read is a problem, unless it is `optional` and not there. */
  static read(path: string, isOptional = false): ConfFile {
    let text: string;
    try {
      text = readFileSync(path, 'utf8');
    } catch (error) {
      if (isOptional && error instanceof Error && 'code' in error && error.code === 'ENOENT') return new ConfFile();
      const file = new ConfFile();
      file.problems.push(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
      return file;
    }
    return new ConfFile(text, path);
  }

  constructor(text?: string, path = DEFAULT_FILE) {
    super();
    if (text === undefined) return;
    try {
      this.#document(parseXml(text));
    } catch (error) {
      if (!(error instanceof XmlError)) throw error;
      this.problems.push(`${path} is no XML: ${error.message}`);
    }
  }

  #document(root: XmlElement): void {
    if (root.name !== 'drachtio') this.problems.push(`the outermost element must be <drachtio>, not <${root.name}>`);
    for (const child of root.children) this.#element(child, child.name);
  }

  #element(element: XmlElement, path: string): void {
    const known = elements.get(path);
    if (known === undefined) {
      this.warnings.push(`<${path}> has no effect: it is not known`);
      return;
    }
    const isRepeated = this.#seen.has(path) && known.kind !== 'list' && known.kind !== 'ignored';
    this.#seen.add(path);
    if (isRepeated) {
      this.warnings.push(`<${path}> has no effect: it is there before`);
      return;
    }
    if (known.kind === 'ignored') this.warnings.push(`<${path}> has no effect: ${known.because}`);
    if (known.kind === 'setting') this.#setting(element, path, settings[known.name]);
    for (const [name, text] of element.attributes) this.#attribute(element, path, { name, text });
    if (path === 'sip/contact' || path === 'sip/contacts/contact') this.contacts.push(contactOf(element, path));
    if (path === 'sip/spammers') this.#spammers(element);
    if (path === 'request-handlers/request-handler') this.#handler(element, path);
    if (path === 'admin' && !element.attributes.has('secret')) {
      this.take('secret', { text: DEFAULT_SECRET, from: '<admin>' });
    }
    for (const child of element.children) this.#element(child, `${path}/${child.name}`);
  }

  #attribute(element: XmlElement, path: string, { name, text }: { name: string; text: string }): void {
    const from = `<${path} ${name}>`;
    const known = elements.get(`${path}@${name}`);
    if (known === undefined) this.warnings.push(`${from} has no effect: it is not known`);
    else if (known.kind === 'ignored') this.warnings.push(`${from} has no effect: ${known.because}`);
    else if (known.kind === 'setting') this.take(known.name, { text: text.trim(), from });
    else if (path === 'monitoring/prometheus') {
      this.take('prometheus-scrape-port', { text: `${element.text}:${text.trim()}`.replace(/^:/, ''), from });
    }
  }

  #setting({ text }: XmlElement, path: string, { type }: Setting): void {
    const known = elements.get(path);
    if (known?.kind !== 'setting') return;
    // An empty element is a switch that is on; of anything else it says nothing.
    const value = text === '' && type === 'boolean' ? 'true' : text;
    const isPort = path === 'monitoring/prometheus';
    if (value !== '' && !isPort) this.take(known.name, { text: value, from: `<${path}>` });
  }

  #handler({ text, attributes }: XmlElement, path: string): void {
    const httpMethod = (attributes.get('http-method') ?? 'GET').toUpperCase();
    if (httpMethod !== 'GET' && httpMethod !== 'POST') {
      this.problems.push(`<${path} http-method> must be GET or POST: ${httpMethod}`);
    }
    const method = (attributes.get('sip-method') ?? '*').toUpperCase();
    this.requestHandlers.push({ method, httpMethod, url: { text, from: `<${path}>` } });
  }

  #spammers({ attributes, children }: XmlElement): void {
    const action = this.#action(attributes.get('action'), 'action');
    const streamAction = this.#action(attributes.get('tcp-action'), 'tcp-action');
    const headers = children.flatMap((child) => {
      if (child.name !== 'header') return [];
      const name = child.attributes.get('name')?.trim() ?? '';
      if (name === '') this.warnings.push('<sip/spammers/header> has no effect: it has no name');
      const values = child.children.map((value) => value.text).filter((value) => value !== '');
      return name === '' ? [] : [{ name: name.toLowerCase(), values }];
    });
    this.spammers = { action, streamAction, headers };
  }

  #action(text: string | undefined, name: string): 'reject' | 'discard' {
    if (text !== undefined && text !== 'reject' && text !== 'discard') {
      this.problems.push(`<sip/spammers ${name}> must be reject or discard: ${text}`);
    }
    return text === 'reject' ? 'reject' : 'discard';
  }
}

function contactOf({ text, attributes }: XmlElement, path: string): GivenContact {
  const attribute = (name: string): Given | undefined => {
    const value = attributes.get(name)?.trim() ?? '';
    return value === '' ? undefined : { text: value, from: `<${path} ${name}>` };
  };
  return {
    uri: { text, from: `<${path}>` },
    externalIp: attribute('external-ip'),
    localNet: attribute('local-net'),
    dnsNames: attribute('dns-names')
      ?.text.split(/[,; ]+/)
      .filter((name) => name !== ''),
  };
}
