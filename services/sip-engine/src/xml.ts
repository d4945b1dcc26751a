import { XMLParser } from 'fast-xml-parser';
import { SyntaxValidator } from 'fast-xml-validator';
import { z } from 'zod';

/** One XML element. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  /** What is written between its tags, but for its children. */
  readonly text: string;
  readonly children: readonly XmlElement[];
}

/** The text is no XML. */
export class XmlError extends Error {
  readonly code = 'ENGINE_XML';

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** The library's name for text between tags, and for the attributes of an element. */
const [TEXT, ATTRIBUTES] = ['#text', ':@'] as const;

const Node = z.record(z.string(), z.unknown());

/** Reads a document; the outermost element. Throws `XmlError` with the line of what is wrong. */
export function parseXml(text: string): XmlElement {
  // The parser makes the best of anything.
  try {
    SyntaxValidator.validate(text);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const line = 'line' in error ? `line ${String(error.line)}: ` : '';
    throw new XmlError(`${line}${error.message}`, { cause: error });
  }
  const parser = new XMLParser({
    preserveOrder: true,
    ignoreAttributes: false,
    attributeNamePrefix: '',
    parseTagValue: false,
    ignoreDeclaration: true,
    ignorePiTags: true,
  });
  const nodes = z.array(Node).parse(parser.parse(text));
  const [root] = nodes.flatMap(elementOf);
  if (root === undefined) throw new XmlError('line 1: there is no element');
  return root;
}

function elementOf(node: z.infer<typeof Node>): XmlElement[] {
  const name = Object.keys(node).find((key) => key !== TEXT && key !== ATTRIBUTES);
  if (name === undefined) return [];
  const inside = z.array(Node).parse(node[name]);
  const attributes = z.record(z.string(), z.string()).parse(node[ATTRIBUTES] ?? {});
  const texts = inside.flatMap((child) => (typeof child[TEXT] === 'string' ? [child[TEXT]] : []));
  return [
    {
      name,
      attributes: new Map(Object.entries(attributes)),
      text: texts.join(' ').trim(),
      children: inside.flatMap(elementOf),
    },
  ];
}
