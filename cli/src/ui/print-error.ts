/**
 * How an error looks to the user: one line of what failed, one of what to try.
 * @module
 */
import { CodedError, type ErrorCode } from '@waxseal/core'
import type { Context } from '../context.ts'

const RESTORE = 'it was changed by something else; restore it from git'
const LOOK = `${RESTORE}, or look at it with waxseal sops decrypt --ignore-mac`

/** For errors that do not bring a better one. */
const HINTS: Partial<Readonly<Record<ErrorCode, string>>> = {
  ALREADY_ENCRYPTED: 'waxseal edit and waxseal set change an encrypted file',
  CONFIG_INVALID: 'rules look as in the file that waxseal init writes in an empty folder',
  DATA_KEY_UNRECOVERABLE: 'set SOPS_AGE_KEY_FILE to your identity (for PGP without gpg: WAXSEAL_PGP_KEY_FILE), or ask somebody who can open the file to add your recipient',
  EMIT_FAILED: 'dotenv holds one map of values, ini sections of values; json and yaml hold everything',
  FILE_CHANGED: 'somebody else saved it; do it again on what stands there now',
  FILE_IS_DIRECTORY: 'name the files in it',
  FILE_NOT_FOUND: 'relative names start at the working folder',
  FILE_UNREADABLE: 'check its kind and permissions',
  FILE_UNWRITABLE: 'the file is as it was',
  FLAGS_CONFLICT: 'waxseal help COMMAND shows what goes together',
  KEY_GROUP_INVALID: 'every key group needs a key: age, pgp, kms or another',
  MAC_MISMATCH: LOOK,
  MAC_MISSING: LOOK,
  MAC_REJECTED: LOOK,
  METADATA_INVALID: 'the sops block is damaged; restore the file from git',
  NOT_ENCRYPTED: 'waxseal encrypt -i encrypts it',
  PARSE_DUPLICATE_KEY: 'remove one of the two',
  PARSE_EMPTY: 'write something into it first',
  PARSE_ENCODING: 'text is UTF-8; --type binary takes any bytes',
  PARSE_FAILED: 'if its name does not tell its format, --type does',
  PARSE_LIMIT: '--type binary takes anything as one value',
  PARSE_ROOT: 'the top level must be a map; --type binary takes anything as one value',
  PATH_INVALID: 'waxseal view FILE shows what is there',
  PATH_NOT_FOUND: 'waxseal view FILE shows what is there',
  RECIPIENT_INVALID: 'age recipients begin with age1',
  SEALING_KEY_INVALID: 'give a PEM private key, a key Secret, or a backup of key Secrets',
  USAGE: 'waxseal help COMMAND',
  VALUE_MALFORMED: RESTORE,
  VALUE_REJECTED: RESTORE,
}

/** Foreign errors may quote what they choked on, so only their kind and place are told. */
export function printError(error: unknown, { stderr }: Context): void {
  if (error instanceof CodedError) {
    stderr.write(`waxseal: ${printable(error.message)}${placeOf(error)}\n`)
    const hint = error.hint ?? HINTS[error.code]
    if (hint) stderr.write(`hint: ${printable(hint)}\n`)
  } else if (isTooLong(error)) {
    stderr.write('waxseal: the text is longer than 512 MiB, which is more than can be held\nhint: split the file\n')
  } else if (error instanceof Error) {
    const frames = error.stack?.split('\n').filter((line) => /^\s+at /.test(line)) ?? []
    stderr.write(`waxseal: internal error: ${error.name}\n${frames.map((line) => `${line}\n`).join('')}`)
  } else {
    stderr.write('waxseal: internal error\n')
  }
}

/** A text that the engine cannot hold. */
function isTooLong(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return ('code' in error && error.code === 'ERR_STRING_TOO_LONG') || (error instanceof RangeError && error.message === 'Invalid string length')
}

/** Unless the message tells it, as those do that SOPS words alike. */
export function placeOf({ message, line, column }: CodedError): string {
  if (line === undefined || message.includes(`line ${line}`)) return ''
  return ` (line ${line}${column === undefined ? '' : `, column ${column}`})`
}

/** Names of files and keys come from others: they cannot move the cursor or add lines. */
export function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
