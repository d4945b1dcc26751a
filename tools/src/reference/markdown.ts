/** A table of the reference pages; bars and line ends inside cells are escaped. */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(escapeCell).join(' | ')} |`;
  return [line(heads), `|${'---|'.repeat(heads.length)}`, ...rows.map(line)].join('\n');
}

/** `text` as code, or a dash when there is none. */
export function code(text: string): string {
  return text === '' ? '–' : `\`${text}\``;
}

/** A page with the line that says where it comes from. */
export function page(title: string, intro: string, ...sections: readonly string[]): string {
  const origin = '<!-- Generated from the sources by `npm run generate`. Do not edit. -->';
  return `${[`# ${title}`, origin, intro, ...sections].join('\n\n')}\n`;
}

function escapeCell(cell: string): string {
  return cell.replaceAll('|', '\\|').replaceAll(/\s*\n\s*/g, ' ');
}
