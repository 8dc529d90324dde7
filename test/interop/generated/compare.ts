/**
 * What the real sops and this code make of one document, side by side.
 * @module
 */
import type { Edit, Format, LeafNode, Tree } from '@waxseal/core'
import type { Generated } from './documents.ts'
import { explainChoice, explainRefusal, explainRoundTrip, explainStatus, explainTexts, leavesOf, lossOf, placesOf, readIfReadable, type Choice, type Place } from './explain.ts'
import { ownProgram, type Program, type Result } from './programs.ts'

/** `kind` undefined: nobody expects it. */
export interface Difference {
  readonly what: string
  readonly kind: string | undefined
  readonly detail: string
}

export interface Comparison {
  /** By both. */
  readonly refused: boolean
  readonly differences: readonly Difference[]
  /** Decrypting our file gave the original's bytes. */
  readonly backToTheByte: boolean
}

export async function compare(document: Generated, real: Program): Promise<Comparison> {
  const { format } = document
  const [theirs, ours] = [await real.encrypt(document), await ownProgram.encrypt(document)]
  const differences: Difference[] = []
  const differ = (what: string, detail: string, kind?: string): void => void differences.push({ what, kind, detail })
  if (theirs.status !== 0 || ours.status !== 0) {
    if ((theirs.status === 0) !== (ours.status === 0)) differ('refused by one', `${theirs.status} ${theirs.problem} | ${ours.problem}`, explainRefusal(document, theirs, ours))
    return { refused: true, differences, backToTheByte: false }
  }
  const parsed = format.parsePlain?.(document.source) ?? format.parse(document.source)
  const source = parsed.tree
  const [theirTree, ourTree] = [readIfReadable(format, theirs.bytes)?.tree, readIfReadable(format, ours.bytes)?.tree]
  const [theirsByThem, oursByThem] = [await real.decrypt(document, theirs.bytes), await real.decrypt(document, ours.bytes)]
  const [theirsByUs, oursByUs] = [await ownProgram.decrypt(document, theirs.bytes), await ownProgram.decrypt(document, ours.bytes)]
  const loss = lossOf(document, source, theirTree)
  if (theirTree !== undefined && ourTree !== undefined) {
    const [choice, ownChoice] = [choiceOf(theirTree), choiceOf(ourTree)]
    if (choice.values !== ownChoice.values || choice.comments.join() !== ownChoice.comments.join()) differ('what is encrypted', `${JSON.stringify(choice)} | ${JSON.stringify(ownChoice)}`, explainChoice(document, choice, ownChoice) ?? loss)
  }
  compareResults('their file', theirsByThem, theirsByUs)
  compareResults('our file', oursByThem, oursByUs, false)
  compareResults('read by them', theirsByThem, oursByThem)
  const [content, back] = [contentOf(format, document.source), oursByUs.status === 0 ? contentOf(format, oursByUs.bytes) : undefined]
  if (back !== undefined && !back.equals(content)) differ('round trip', oursByUs.bytes.toString(), explainRoundTrip(document, source, oursByUs.bytes, [content, back]))
  const forged = theirsByThem.status === 0 ? tamper(document, theirs.bytes) : undefined
  if (forged !== undefined) {
    const [a, b] = [await real.decrypt(document, forged), await ownProgram.decrypt(document, forged)]
    if (a.status !== b.status) differ('verdict on a forged file', `${a.status} ${a.problem} | ${b.status} ${b.problem}`)
  }
  return { refused: false, differences, backToTheByte: oursByUs.bytes.equals(document.source) }

  function compareResults(what: string, a: Result, b: Result, withText = true): void {
    if (a.status !== b.status) differ(what, `${a.status} ${a.problem} | ${b.status} ${b.problem}`, explainStatus(a, a === theirsByThem ? loss : undefined))
    else if (withText && a.status === 0 && !a.bytes.equals(b.bytes)) differ(`${what}: text`, `${a.bytes.toString()} | ${b.bytes.toString()}`, explainTexts(format, a.bytes, b.bytes, b === oursByThem) ?? loss ?? (parsed.shifted.size > 0 ? 'unfinished-block' : undefined))
  }
}

/** Type and length of every token, or that there is none. */
function choiceOf(tree: Tree): Choice {
  const shown = placesOf(tree).flatMap(({ from, node }) => {
    const text = node.kind === 'comment' ? node.text : node.value
    // the reference makes an element of a list's empty comment
    if (text === '' && (node.kind === 'comment' || from.kind === 'list')) return []
    const [, data, type] = /^ENC\[AES256_GCM,data:([^,\]]+),iv:[^,\]]+,tag:[^,\]]+,type:(\w+)\]/.exec(typeof text === 'string' ? text : '') ?? []
    return [{ isComment: node.kind === 'comment' || type === 'comment', text: data === undefined ? 'clear' : `${type}:${Buffer.from(data, 'base64').length}` }]
  })
  const textsOf = (comments: boolean): string[] => shown.filter(({ isComment }) => isComment === comments).map(({ text }) => text)
  return { values: textsOf(false).join(' '), comments: textsOf(true).toSorted() }
}

/** Values, keys and comments in the reference's own layout. */
function contentOf(format: Format, plain: Uint8Array): Buffer {
  return Buffer.from(format.name === 'binary' ? plain : format.emit(format.parse(plain).tree))
}

/** One change that whoever can write the file can make. undefined: this one does not apply. */
function tamper({ format, tampering }: Generated, encrypted: Uint8Array): Uint8Array | undefined {
  const document = format.parse(encrypted)
  const places = leavesOf(document.tree)
  const pick = (n: number): Place<LeafNode> | undefined => places[n % places.length]
  const [one, other] = [pick(tampering >> 3), pick(tampering >> 7)]
  if (one === undefined || other === undefined) return undefined
  const { node } = one
  const { value } = node
  const token = typeof value === 'string' && value.startsWith('ENC[AES256_GCM') ? value : undefined
  const edit = ((): Edit | undefined => {
    switch (tampering % 6) {
      case 0: return { do: 'remove', from: one.from, item: one.item }
      case 1: return token === undefined ? { do: 'value', node, value: 'forged' } : { do: 'token', node, token: token.replace('data:', 'data:AAAA') }
      case 2: return typeof other.node.value === 'string' && other.node.value !== '' && token !== undefined ? { do: 'token', node, token: other.node.value } : undefined
      case 3: return token === undefined ? undefined : { do: 'value', node, value: '' }
      case 4: return token === undefined ? undefined : { do: 'token', node, token: token.replace(/type:\w+/, 'type:str') }
      default: return { do: 'value', node, value: token === undefined ? null : 'clear' }
    }
  })()
  return edit === undefined ? undefined : document.apply([edit])
}
