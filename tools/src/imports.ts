import ts from 'typescript';

/** One import, re-export, dynamic import, import type or require of a fixed specifier. */
export interface Import {
  readonly specifier: string;
  readonly line: number;
}

/** Every module that `text` names, in order of appearance. */
export function importsOf(path: string, text: string): Import[] {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, false);
  const found: Import[] = [];
  const visit = (node: ts.Node): void => {
    const literal = specifierOf(node);
    if (literal !== undefined) {
      found.push({
        specifier: literal.text,
        line: file.getLineAndCharacterOfPosition(literal.getStart(file)).line + 1,
      });
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

function specifierOf(node: ts.Node): ts.StringLiteralLike | undefined {
  if (ts.isImportDeclaration(node)) return literalIn(node.moduleSpecifier);
  if (ts.isExportDeclaration(node)) return literalIn(node.moduleSpecifier);
  if (ts.isImportEqualsDeclaration(node) && ts.isExternalModuleReference(node.moduleReference)) {
    return literalIn(node.moduleReference.expression);
  }
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return literalIn(node.argument.literal);
  if (ts.isCallExpression(node) && isLoader(node.expression)) return literalIn(node.arguments[0]);
  return undefined;
}

function isLoader(callee: ts.Expression): boolean {
  return callee.kind === ts.SyntaxKind.ImportKeyword || (ts.isIdentifier(callee) && callee.text === 'require');
}

function literalIn(node: ts.Node | undefined): ts.StringLiteralLike | undefined {
  return node !== undefined && ts.isStringLiteralLike(node) ? node : undefined;
}
