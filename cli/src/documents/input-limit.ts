/**
 * How large an input may be. All of it is held in memory, several times over, so what is larger needs the user's word.
 * @module
 */
import { CodedError } from '@waxseal/core'
import { MAX_INPUT_BYTES, type Context, type ReadLimit } from '../context.ts'

const VARIABLE = 'WAXSEAL_MAX_INPUT'
const UNITS: Readonly<Record<string, number>> = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 }

/** Of `WAXSEAL_MAX_INPUT`: bytes, or with K, M or G behind the number. @throws CodedError USAGE */
export function inputLimit({ env }: Context): ReadLimit {
  const hint = `${VARIABLE}, or --max-input of the native commands, raises the limit, for example to 400M`
  const given = env[VARIABLE] ?? ''
  if (given === '') return { limitBytes: MAX_INPUT_BYTES, hint }
  const [, digits = '', unit = ''] = /^(\d{1,12})([KMG]?)$/i.exec(given) ?? []
  if (digits === '') throw new CodedError('USAGE', `${VARIABLE}: ${JSON.stringify(given)} is not a size`, { hint: 'for example 400M' })
  return { limitBytes: Number(digits) * UNITS[unit.toUpperCase()]!, hint }
}

/** `--max-input` counts as the variable does. */
export function withInputLimit(size: string | undefined, context: Context): Context {
  return size === undefined ? context : { ...context, env: { ...context.env, [VARIABLE]: size } }
}
