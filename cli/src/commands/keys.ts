/**
 * `keys test`: which of a file's keys open it here, with what, how fast, and why the others do not.
 * @module
 */
import { CodedError, parseMetadata, requiredGroups, testKeys, type KeyTest } from '@waxseal/core'
import { EXIT_STATUS } from '../exit-status.ts'
import { keyNames, withName, type KeyNames } from '../settings/key-names.ts'
import type { NativeAction } from '../native-command.ts'
import { printable } from '../ui/print-error.ts'
import { nativeProviders } from '../providers/providers.ts'
import { formatOf, inFile, readSource } from '../documents/secret-file.ts'

interface Tested {
  readonly file: string
  readonly opens: boolean
  readonly groupsNeeded: number
  readonly keys: readonly KeyTest[]
}

const WORDS = { recovered: 'opens', absent: 'no fit', failed: 'fails', untried: 'untried' } as const

export const keys: NativeAction = async ([action = '', file = ''], options, context) => {
  if (action !== 'test') throw new CodedError('USAGE', `keys has no action ${JSON.stringify(action)}`, { hint: 'waxseal keys test FILE' })
  const source = readSource(context, file)
  const tested = await inFile(file, async (): Promise<Tested> => {
    const providers = await nativeProviders(context)
    const { groups, threshold } = parseMetadata(formatOf(file, options.text('type')).parse(source).metadata, providers)
    const tests = await testKeys({ groups, providers, signal: context.signal })
    const open = new Set(tests.filter(({ outcome }) => outcome === 'recovered').map(({ group }) => group))
    const groupsNeeded = requiredGroups(groups.length, threshold)
    return { file, opens: open.size >= groupsNeeded, groupsNeeded, keys: tests }
  })
  context.stdout.write(options.bool('json') ? `${JSON.stringify(plain(tested), null, 2)}\n` : lines(tested, await keyNames(context)))
  return tested.opens ? 0 : EXIT_STATUS.DATA_KEY_UNRECOVERABLE
}

function plain({ keys: tests, ...facts }: Tested): object {
  return {
    ...facts,
    keys: tests.map(({ group, type, name, outcome, elapsedMs, source, error }) => ({
      group,
      type,
      key: name,
      outcome,
      ms: Math.round(elapsedMs),
      ...(source !== undefined && { source }),
      ...(error && { error: { code: error.code, message: error.message, ...(error.hint !== undefined && { hint: error.hint }) } }),
    })),
  }
}

function lines({ file, opens, groupsNeeded, keys: tests }: Tested, names: KeyNames): string {
  const groups = new Set(tests.map(({ group }) => group))
  const needs = groups.size > 1 ? `, ${groupsNeeded} of its ${groups.size} groups are needed` : ''
  const parts = tests.flatMap((test, at) => [...(groups.size > 1 && tests[at - 1]?.group !== test.group ? [`group ${test.group}`] : []), ...keyLines(test, names)])
  return [`${printable(file)}: ${opens ? 'opens' : 'does not open'} here${needs}`, ...parts, ''].join('\n')
}

function keyLines({ type, name, outcome, elapsedMs, source, error }: KeyTest, names: KeyNames): readonly string[] {
  const took = `${Math.round(elapsedMs)} ms`
  const facts = [type, took, ...(source === undefined ? [] : [printable(source)])].join(', ')
  return [
    `  ${WORDS[outcome].padEnd(7)} ${printable(withName(name, names))} (${facts})`,
    ...(error ? [`          ${printable(error.message)}`] : []),
    ...(error?.hint === undefined ? [] : [`          hint: ${printable(error.hint)}`]),
  ]
}
