import { z } from 'zod';
import { code, page, table } from './markdown.ts';

const Setting = z.object({
  short: z.string().optional(),
  does: z.string().optional(),
  ignored: z.string().optional(),
  variable: z.string().optional(),
  elements: z.array(z.string()).default([]),
  flag: z.literal(false).optional(),
});
const Settings = z.record(z.string(), Setting);
const Elements = z.map(
  z.string(),
  z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('setting'), name: z.string() }),
    z.object({ kind: z.literal('group') }),
    z.object({ kind: z.literal('list'), does: z.string() }),
    z.object({ kind: z.literal('ignored'), because: z.string() }),
  ]),
);

/** docs/reference/drachtio.md: every flag, variable and element of the configuration file, and what it does. */
export function drachtioPage(settings: unknown, elements: unknown): string {
  return page(
    'What the SIP engine can be told',
    'The flags, variables and elements of `drachtio.conf.xml` that drachtio-server has, and our own flags. A flag ' +
      'counts more than its variable, which counts more than the file. What has no effect is named in a warning at ' +
      'start; so are elements that are not listed. Wrong values are reported all at once, and the process exits 78.',
    settingsTable(Settings.parse(settings)),
    `## Elements that are no single value\n\n${elementsTable(Elements.parse(elements))}`,
  );
}

function settingsTable(settings: z.infer<typeof Settings>): string {
  const rows = Object.entries(settings)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { short, does, ignored = '', variable, elements, flag }]) => [
      flag === false ? '–' : [`--${name}`, ...(short === undefined ? [] : [`-${short}`])].map(code).join(', '),
      variable === undefined ? '–' : code(variable),
      elements.length === 0 ? '–' : elements.map(element).join(', '),
      does ?? `none: ${ignored}`,
    ]);
  return table(['Flag', 'Variable', 'Element', 'Effect'], rows);
}

function elementsTable(elements: z.infer<typeof Elements>): string {
  const rows = [...elements].flatMap(([path, known]) => {
    if (known.kind === 'list') return [[element(path), known.does]];
    return known.kind === 'ignored' ? [[element(path), `none: ${known.because}`]] : [];
  });
  return table(['Element', 'Effect'], rows);
}

/** `admin@port` as it is written there. */
function element(path: string): string {
  const [names = '', attribute] = path.split('@');
  return code(attribute === undefined ? `<${names}>` : `<${names} ${attribute}>`);
}
