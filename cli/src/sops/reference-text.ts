/**
 * The reference's words and statuses for our errors. Editor plug-ins and CI jobs look for its phrases.
 * What it quotes of the input (a value that is no token, a line of a dotenv file) and hashes of plaintext are left out.
 * @module
 */
import { CodedError, type ErrorCode, type Format } from '@waxseal/core'
import { EXIT_STATUS } from '../exit-status.ts'
import { SopsError } from './action.ts'
import { wrapText } from './text.ts'
import { inYamlWords } from './yaml-words.ts'

const REJECTED = 'Could not decrypt with AES_GCM: cipher: message authentication failed'
const WALKING = 'Error walking tree'

const ALREADY_ENCRYPTED = wrapText(
  `The file you have provided contains a top-level entry called 'sops', or for flat file formats top-level entries starting with 'sops_'. \
This is generally due to the file already being encrypted. SOPS uses a top-level entry called 'sops' to store the metadata required to \
decrypt the file. For this reason, SOPS can not encrypt files that already contain such an entry.

If this is an unencrypted file, rename the 'sops' entry.

If this is an encrypted file and you want to edit it, use the editor mode, for example: \`sops edit my_file.yaml\``,
  75,
)

const TEXT: Partial<Readonly<Record<ErrorCode, (error: CodedError) => string>>> = {
  PARSE_EMPTY: () => 'File cannot be completely empty, it must contain at least one document',
  ALREADY_ENCRYPTED: () => ALREADY_ENCRYPTED,
  VALUE_REJECTED: () => `Error decrypting tree: ${WALKING}: Could not decrypt value: ${REJECTED}`,
  VALUE_MALFORMED: (error) => `Error decrypting tree: ${WALKING}: Could not decrypt value: ${error.message}`,
  VALUE_UNSUPPORTED: (error) => `Error encrypting tree: ${WALKING}: ${error.message}`,
  KEY_NOT_STRING: (error) => `Error encrypting tree: ${WALKING}: ${capitalized(error.message)}`,
  MAC_REJECTED: () => `Cannot decrypt MAC: ${REJECTED}`,
  MAC_MISSING: () => 'MAC mismatch. File has no MAC',
  MAC_MISMATCH: () => 'MAC mismatch. The values are not those that the file was written with',
  METADATA_INVALID: (error) => capitalized(error.message),
  SELECTOR_CONFLICT: (error) => (error.message.startsWith('error loading config') ? error.message : capitalized(error.message)),
  CONFIG_INVALID: (error) => error.message.replace('could not unmarshal', 'Could not unmarshal'),
  SHAMIR_INVALID: (error) => error.message.replace('shamir', 'Shamir'),
  DECRYPTION_ORDER_INVALID: (error) => capitalized(error.message),
  FILE_NOT_FOUND: (error) => `open ${error.message}`,
  FILE_UNREADABLE: (error) => `open ${error.message}`,
  FILE_IS_DIRECTORY: (error) => `read ${error.message}`,
  PARSE_FAILED: (error) => error.message.replace('could not unmarshal', 'Could not unmarshal'),
  REGEX_INVALID: (error) => error.message.replace('path_regex is not a regular expression', 'can not compile regexp'),
  PARSE_LIMIT: ({ message, hint }) => (hint === undefined ? message : `${message}: ${hint}`),
  CANCELED: (error) => capitalized(error.message),
}

const UNMARSHAL = 'Could not unmarshal input data: '
/** Formats whose parsers begin so. */
const UNMARSHALLED: ReadonlySet<string> = new Set(['json', 'binary', 'ini'])
const OF_PARSERS: ReadonlySet<ErrorCode> = new Set(['PARSE_FAILED', 'PARSE_ROOT', 'PARSE_DUPLICATE_KEY', 'PARSE_ENCODING'])

/** Where a command says nothing else: what the decrypting side gives. */
const STATUS: Partial<Readonly<Record<ErrorCode, number>>> = {
  PARSE_FAILED: 1,
  PARSE_EMPTY: 1,
  PARSE_ROOT: 1,
  PARSE_DUPLICATE_KEY: 1,
  PARSE_LIMIT: 1,
  PARSE_ENCODING: 1,
  KEY_NOT_STRING: 1,
  SELECTOR_CONFLICT: 1,
  FILE_NOT_FOUND: 1,
  FILE_UNREADABLE: 1,
  FILE_IS_DIRECTORY: 1,
}

export function textInSops(error: CodedError): string {
  return TEXT[error.code]?.(error) ?? error.message
}

/** What a parser of ours finds, as the reference's begins to tell it. A place stands where the reference quotes the text. */
export function inParserWords(error: CodedError, { name }: Format): CodedError {
  if (!OF_PARSERS.has(error.code) || !(name === 'yaml' || UNMARSHALLED.has(name))) return error
  return new CodedError(error.code, name === 'yaml' ? inYamlWords(error, 'map[string]interface {}') : unmarshalling(textInSops(error)), { cause: error })
}

function unmarshalling(text: string): string {
  return text.startsWith(UNMARSHAL) ? text : UNMARSHAL + text.replace(/^line \d+, column \d+: unexpected end of file$/, 'unexpected EOF')
}

/** Why the rule file cannot be used. */
export function configErrorText(error: CodedError): string {
  if (error.code.startsWith('FILE_')) return `could not read config file: ${textInSops(error)}`
  if (error.cause instanceof CodedError && OF_PARSERS.has(error.cause.code)) return `error loading config: Could not unmarshal config file: ${inYamlWords(error.cause, 'config.configFile')}`
  return error.message.startsWith('error loading config') ? textInSops(error) : `error loading config: ${textInSops(error)}`
}

export function statusInSops(error: CodedError): number {
  return STATUS[error.code] ?? EXIT_STATUS[error.code]
}

/** Whatever fails in this step has this status, and this text before it. */
export async function failingWith<T>(status: number, prefix: string, step: () => T | Promise<T>): Promise<T> {
  try {
    return await step()
  } catch (error) {
    if (error instanceof CodedError) throw new SopsError(prefix + textInSops(error), status, error)
    throw error
  }
}

export function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
