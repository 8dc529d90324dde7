/**
 * What `edit` offers for a file that does not exist yet, as the reference does: scripts look for these texts.
 * Follows: getsops/sops stores/stores.go.
 * @module
 */
import type { CommentNode, Entry, LeafNode, Tree, ValueNode, Value } from '@waxseal/core'

export const WELCOME = 'Welcome to SOPS! Edit this file as you please!'

/** For formats with maps, lists and types. */
export const complexExample: Tree = [
  {
    kind: 'map',
    items: [
      entry('hello', leaf(WELCOME)),
      entry('example_key', leaf('example_value')),
      comment(' Example comment'),
      entry('example_array', { kind: 'list', items: [leaf('example_value1'), leaf('example_value2')] }),
      entry('example_number', leaf(1234.56789)),
      entry('example_booleans', { kind: 'list', items: [leaf(true), leaf(false)] }),
    ],
  },
]

/** For formats with one level of sections. */
export const sectionExample: Tree = [
  {
    kind: 'map',
    items: [
      entry('Welcome!', {
        kind: 'map',
        items: [comment(' This is an example file.'), entry('hello', leaf(WELCOME)), entry('example_key', leaf('example_value'))],
      }),
    ],
  },
]

/** For formats without any nesting. */
export const flatExample: Tree = [
  {
    kind: 'map',
    items: [
      comment(' This is an example file.'),
      entry('hello', leaf(WELCOME)),
      entry('example_key', leaf('example_value')),
      entry('example_multiline', leaf('foo\nbar\nbaz')),
    ],
  },
]

function entry(key: string, value: ValueNode): Entry {
  return { kind: 'entry', key, value }
}

function leaf(value: Value): LeafNode {
  return { kind: 'leaf', value }
}

function comment(text: string): CommentNode {
  return { kind: 'comment', text, inline: false }
}
