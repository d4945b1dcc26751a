/** A request inside a dialog that is over, or another edge's. */
export class DialogOverError extends Error {
  readonly code = 'DIALOG_OVER';

  constructor() {
    super('the dialog is over');
    this.name = 'DialogOverError';
  }
}
