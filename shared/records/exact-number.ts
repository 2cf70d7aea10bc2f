/** A JSON number that a double can't hold exactly, as the digits it was written with. */
export class ExactNumber {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}
