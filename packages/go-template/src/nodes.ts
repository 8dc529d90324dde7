/**
 * The parsed form of a template, and each node's text as error messages quote it.
 * Follows: Go text/template/parse/node.go.
 * @module
 */

export interface Place {
  /** Byte offset in the template. */
  readonly at: number
  readonly line: number
}

export type NumberNode = Place & {
  readonly kind: 'number'
  readonly text: string
  readonly int: bigint | undefined
  readonly float: number | undefined
  readonly complex: readonly [re: number, im: number] | undefined
  /** A character constant, or text with neither '.', exponent nor 'i': its type is int. */
  readonly isInt: boolean
}
export type Operand =
  | NumberNode
  | (Place & { readonly kind: 'string'; readonly quoted: string; readonly value: string })
  | (Place & { readonly kind: 'bool'; readonly value: boolean })
  | (Place & { readonly kind: 'nil' })
  | (Place & { readonly kind: 'dot' })
  | (Place & { readonly kind: 'identifier'; readonly name: string })
  | (Place & { readonly kind: 'field'; readonly names: readonly string[] })
  | (Place & { readonly kind: 'variable'; readonly names: readonly string[] })
  | (Place & { readonly kind: 'chain'; readonly of: Operand; readonly names: readonly string[] })
  | Pipe
export type Command = Place & { readonly kind: 'command'; readonly args: readonly Operand[] }
export type Pipe = Place & {
  readonly kind: 'pipe'
  readonly assigns: boolean
  readonly variables: readonly string[]
  readonly commands: readonly Command[]
}
export type Branch = Place & { readonly kind: 'if' | 'with' | 'range'; readonly pipe: Pipe; readonly body: Body; readonly otherwise: Body | undefined }
export type Statement =
  | (Place & { readonly kind: 'text'; readonly text: string })
  | (Place & { readonly kind: 'action'; readonly pipe: Pipe })
  | (Place & { readonly kind: 'template'; readonly name: string; readonly quotedName: string; readonly pipe: Pipe | undefined })
  | (Place & { readonly kind: 'break' | 'continue' })
  | Branch
export type Body = readonly Statement[]

export function nodeText(node: Operand | Command | Statement): string {
  switch (node.kind) {
    case 'number':
    case 'text':
      return node.text
    case 'string':
      return node.quoted
    case 'bool':
      return String(node.value)
    case 'nil':
      return 'nil'
    case 'dot':
      return '.'
    case 'identifier':
      return node.name
    case 'field':
      return node.names.map((name) => `.${name}`).join('')
    case 'variable':
      return node.names.join('.')
    case 'chain':
      return `${node.of.kind === 'pipe' ? `(${nodeText(node.of)})` : nodeText(node.of)}${node.names.map((name) => `.${name}`).join('')}`
    case 'command':
      return node.args.map((arg) => (arg.kind === 'pipe' ? `(${nodeText(arg)})` : nodeText(arg))).join(' ')
    case 'pipe': {
      const variables = node.variables.length ? `${node.variables.join(', ')} ${node.assigns ? '=' : ':='} ` : ''
      return variables + node.commands.map(nodeText).join(' | ')
    }
    case 'template':
      return `{{template ${node.quotedName}${node.pipe ? ` ${nodeText(node.pipe)}` : ''}}}`
    case 'action':
      return `{{${nodeText(node.pipe)}}}`
    default:
      return `{{${node.kind}}}`
  }
}
