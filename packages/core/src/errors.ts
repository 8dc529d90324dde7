/**
 * Errors that a user can meet: a stable code, one line that says what failed and where, and a hint that says what to try.
 * Misuse by our own code stays `TypeError` and `RangeError`.
 * @module
 */

/** Every code there is. `cli/src/exit-status.ts` gives each one its exit status. */
export type ErrorCode =
  // reading a document
  | 'PARSE_FAILED' // not the format's grammar; `line` and `column` say where
  | 'PARSE_EMPTY' // no document in the input
  | 'PARSE_ROOT' // the top level is not a map
  | 'PARSE_DUPLICATE_KEY'
  | 'PARSE_LIMIT' // too large, too deep, too many aliases
  | 'PARSE_ENCODING' // not UTF-8
  | 'KEY_NOT_STRING' // a map key of another type than string
  | 'VALUE_UNSUPPORTED' // a value that the format or SOPS's data model cannot hold
  | 'EMIT_FAILED' // the tree cannot be written in this format
  // encrypting and decrypting
  | 'ALREADY_ENCRYPTED' // the input has SOPS metadata, or a key reserved for it
  | 'NOT_ENCRYPTED' // no SOPS metadata
  | 'METADATA_INVALID'
  | 'VALUE_MALFORMED' // not an ENC[...] token
  | 'VALUE_REJECTED' // wrong key, wrong path or altered bytes: one answer for all three
  | 'MAC_MISSING'
  | 'MAC_MISMATCH'
  | 'MAC_REJECTED' // the stored MAC itself does not decrypt
  | 'VERSION_INVALID'
  // keys
  | 'DATA_KEY_UNRECOVERABLE' // `reports` says what each key answered
  | 'WRAP_FAILED'
  | 'KEY_GROUP_INVALID'
  | 'SHAMIR_INVALID'
  | 'RECIPIENT_INVALID'
  | 'IDENTITY_INVALID'
  | 'PROVIDER_UNKNOWN'
  | 'HOST_REFUSED' // a key of a file names a host that nobody allowed; nothing was contacted
  | 'ROLE_REFUSED' // a key of a file names a role that nobody allowed; nothing was contacted
  | 'PROGRAM_REFUSED' // a key needs a program that nobody allowed; it was not started
  | 'CREDENTIALS_MISSING' // none found for a key service, or they cannot be read
  | 'KEY_ACCESS_DENIED' // the service refuses the credentials: unknown, expired, or without permission for the key
  | 'KEY_UNUSABLE' // the service does not know the key or its version, or it is disabled or deleted
  | 'KEY_REJECTED' // the key does not open what stands in the file: another key, another context, altered bytes
  | 'KEY_SERVICE_FAILED' // a key service cannot be reached, or fails
  | 'KEY_SERVICE_TIMEOUT'
  | 'CHILD_REFUSED' // a program cannot be given its secrets, or cannot be started
  | 'AUDIT_FAILED' // an auditor cannot be told: then nothing is done
  | 'AUDIT_INVALID' // who orders an audit does not say whom to tell
  | 'PUBLISH_FAILED' // a destination cannot be reached, or refuses
  // rules
  | 'CONFIG_INVALID'
  | 'CONFIG_NOT_FOUND'
  | 'RULE_NOT_FOUND'
  | 'SELECTOR_CONFLICT'
  | 'REGEX_INVALID'
  | 'DECRYPTION_ORDER_INVALID'
  // tree paths
  | 'PATH_INVALID'
  | 'PATH_NOT_FOUND'
  | 'SET_VALUE_INVALID'
  // files and the command line
  | 'FILE_NOT_FOUND'
  | 'FILE_UNREADABLE'
  | 'FILE_IS_DIRECTORY'
  | 'FILE_EXISTS'
  | 'FILE_UNWRITABLE'
  | 'FILE_UNCHANGED'
  | 'FILE_CHANGED'
  | 'USAGE'
  | 'FLAGS_CONFLICT'
  | 'EDITOR_FAILED'
  | 'GIT_FAILED'
  | 'CANCELED'
  | 'DEMO_FAILED' // a step of `waxseal demo` did not hold
  // sealing
  | 'CERTIFICATE_INVALID'
  | 'CERTIFICATE_EXPIRED'
  | 'SEALING_KEY_INVALID'
  | 'SEALED_MALFORMED'
  | 'SEALED_REJECTED' // no key opens it: wrong key, scope, name or altered bytes
  | 'SECRET_INVALID' // not a usable Secret or SealedSecret manifest
  | 'NAMESPACE_MISSING'
  | 'NAME_MISSING'
  | 'TEMPLATE_FAILED' // a SealedSecret's template cannot be executed
  // cluster
  | 'KUBE_CONFIG_INVALID'
  | 'KUBE_UNREACHABLE'
  | 'KUBE_REFUSED'

export interface ErrorFacts {
  /** What to try, one line. */
  readonly hint?: string
  readonly cause?: unknown
  /** Place in a source text, 1-based. Never the text itself: it may be plaintext. */
  readonly line?: number
  readonly column?: number
  /** Place in the tree, keys joined by ':' as in the value cipher's associated data. */
  readonly path?: string
  /** One answer per key that was tried; see data-key.ts. */
  readonly reports?: readonly unknown[]
}

/** No `CodedError` holds a value, a token body, a key byte or a foreign stack. */
export class CodedError extends Error {
  override readonly name = 'CodedError'
  readonly code: ErrorCode
  readonly hint: string | undefined
  readonly line: number | undefined
  readonly column: number | undefined
  readonly path: string | undefined
  readonly reports: readonly unknown[] | undefined

  constructor(code: ErrorCode, message: string, facts: ErrorFacts = {}) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause })
    this.code = code
    this.hint = facts.hint
    this.line = facts.line
    this.column = facts.column
    this.path = facts.path
    this.reports = facts.reports
  }
}
