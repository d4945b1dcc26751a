import ts from 'typescript';
import { type SourceFile } from './repository.ts';

/**
 * The titles of the `test('…')` and `it('…')` calls of each file, by path; `test.each(…)('…')` counts too. In a table of
 * tests, `NAME.rows.ts`, they are what each row calls its `feature`.
 */
export function testTitles(files: readonly SourceFile[]): Map<string, Set<string>> {
  return new Map(files.map((file) => [file.path, titlesIn(file)]));
}

function titlesIn({ path, text }: SourceFile): Set<string> {
  const titles = new Set<string>();
  const isTable = path.endsWith('.rows.ts');
  const visit = (node: ts.Node): void => {
    const title = isTable ? featureOf(node) : titleOf(node);
    if (title !== undefined && ts.isStringLiteralLike(title)) titles.add(title.text);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, false));
  return titles;
}

function titleOf(node: ts.Node): ts.Node | undefined {
  return ts.isCallExpression(node) && isTest(node.expression) ? node.arguments[0] : undefined;
}

function featureOf(node: ts.Node): ts.Node | undefined {
  const isFeature = ts.isPropertyAssignment(node) && ts.isIdentifier(node.name) && node.name.text === 'feature';
  return isFeature ? node.initializer : undefined;
}

/** `test`, `it`, and what is reached from them: `test.concurrent`, `test.each(cases)`. */
function isTest(callee: ts.Expression): boolean {
  if (ts.isIdentifier(callee)) return callee.text === 'test' || callee.text === 'it';
  if (ts.isPropertyAccessExpression(callee) || ts.isCallExpression(callee)) return isTest(callee.expression);
  return ts.isTaggedTemplateExpression(callee) && isTest(callee.tag);
}
