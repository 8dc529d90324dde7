/**
 * Exit statuses. SOPS's numbers where SOPS has the condition; conditions of our own take numbers that it does not use.
 * Follows: getsops/sops cmd/sops/codes/codes.go.
 * @module
 */
import { CodedError, type ErrorCode } from '@waxseal/core'

export const EXIT_STATUS: Readonly<Record<ErrorCode, number>> = {
  PARSE_FAILED: 2,
  PARSE_EMPTY: 92,
  PARSE_ROOT: 2,
  PARSE_DUPLICATE_KEY: 2,
  PARSE_LIMIT: 2,
  PARSE_ENCODING: 2,
  KEY_NOT_STRING: 23,
  VALUE_UNSUPPORTED: 23,
  EMIT_FAILED: 4,
  ALREADY_ENCRYPTED: 203,
  NOT_ENCRYPTED: 1,
  METADATA_INVALID: 1,
  VALUE_MALFORMED: 25,
  VALUE_REJECTED: 25,
  MAC_MISSING: 51,
  MAC_MISMATCH: 51,
  MAC_REJECTED: 51,
  VERSION_INVALID: 1,
  DATA_KEY_UNRECOVERABLE: 128,
  WRAP_FAILED: 1,
  KEY_GROUP_INVALID: 1,
  SHAMIR_INVALID: 1,
  RECIPIENT_INVALID: 1,
  IDENTITY_INVALID: 1,
  PROVIDER_UNKNOWN: 1,
  CONFIG_INVALID: 1,
  CONFIG_NOT_FOUND: 1,
  RULE_NOT_FOUND: 1,
  SELECTOR_CONFLICT: 8,
  REGEX_INVALID: 1,
  DECRYPTION_ORDER_INVALID: 112,
  PATH_INVALID: 91,
  PATH_NOT_FOUND: 1,
  SET_VALUE_INVALID: 7,
  FILE_NOT_FOUND: 100,
  FILE_UNREADABLE: 2,
  FILE_IS_DIRECTORY: 2,
  FILE_UNWRITABLE: 3,
  FILE_UNCHANGED: 200,
  USAGE: 1,
  FLAGS_CONFLICT: 8,
  EDITOR_FAILED: 201,
  CANCELED: 1,
  // Our own
  FILE_EXISTS: 9,
  CERTIFICATE_INVALID: 30,
  CERTIFICATE_EXPIRED: 31,
  SEALING_KEY_INVALID: 32,
  SEALED_MALFORMED: 33,
  SEALED_REJECTED: 34,
  SECRET_INVALID: 35,
  NAMESPACE_MISSING: 36,
  NAME_MISSING: 37,
  KUBE_CONFIG_INVALID: 40,
  KUBE_UNREACHABLE: 41,
  KUBE_REFUSED: 42,
}

/** Of anything that a handler threw; 1 for what is not ours. */
export function exitStatusOf(error: unknown): number {
  return error instanceof CodedError ? EXIT_STATUS[error.code] : 1
}
