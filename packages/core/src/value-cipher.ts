import type { Value } from './tree.ts'

/** Plaintext of a token that holds a comment. */
export class Comment {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}
export type Decrypted = Value | Comment
