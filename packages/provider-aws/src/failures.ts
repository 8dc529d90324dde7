/**
 * What the errors of AWS's SDK mean. Their texts are left out: a service, or what stands in its place, may quote the request with
 * its credentials. The name of the error, the status and the principal that was refused are told.
 * Follows: docs.aws.amazon.com/kms/latest/APIReference (Decrypt, Encrypt, CommonErrors); STS AssumeRole.
 * @module
 */
import { CodedError, type ErrorCode, type Failure } from '@waxseal/core'

/** What is looked at of an error; nothing else of it is repeated. */
interface SdkError {
  readonly name?: string
  readonly message?: string
  readonly code?: string
  readonly syscall?: string
  readonly $metadata?: { readonly httpStatusCode?: number; readonly clockSkewCorrected?: boolean }
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> }
}

interface Meaning {
  readonly code: ErrorCode
  readonly reason: string
  readonly hint?: string
}

const DENIED: Meaning = { code: 'KEY_ACCESS_DENIED', reason: 'access denied', hint: 'check the key policy and the permissions of the credentials' }
const EXPIRED: Meaning = { code: 'KEY_ACCESS_DENIED', reason: 'the credentials have expired', hint: 'sign in again: aws sso login, or new values in the environment' }
const INVALID: Meaning = { code: 'KEY_ACCESS_DENIED', reason: 'the credentials are not valid', hint: 'check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN and AWS_PROFILE' }
const REJECTED: Meaning = { code: 'KEY_REJECTED', reason: 'the key does not open what stands in the file: another key, another encryption context, or altered' }
const NOT_FOUND: Meaning = { code: 'KEY_UNUSABLE', reason: 'there is no such key', hint: 'check the ARN of the key: account, region, id' }
const DISABLED: Meaning = { code: 'KEY_UNUSABLE', reason: 'the key is disabled', hint: 'enable it in KMS' }
const BAD_STATE: Meaning = { code: 'KEY_UNUSABLE', reason: 'the state of the key does not allow it, as when it is to be deleted', hint: 'look at the state of the key in KMS' }
const WRONG_USE: Meaning = { code: 'KEY_UNUSABLE', reason: 'the key is not made for this', hint: 'it must be a symmetric key for encryption and decryption' }
const THROTTLED: Meaning = { code: 'KEY_SERVICE_FAILED', reason: 'too many requests', hint: 'try again later' }
const FAILING: Meaning = { code: 'KEY_SERVICE_FAILED', reason: 'the service fails', hint: 'try again later' }
const REFUSED: Meaning = { code: 'KEY_SERVICE_FAILED', reason: 'the service refuses the request' }

const MEANINGS: ReadonlyMap<string, Meaning> = new Map([
  ['AccessDeniedException', DENIED],
  ['AccessDenied', DENIED],
  ['ExpiredTokenException', EXPIRED],
  ['ExpiredToken', EXPIRED],
  ['RequestExpired', EXPIRED],
  ['UnrecognizedClientException', INVALID],
  ['InvalidClientTokenId', INVALID],
  ['IncompleteSignature', INVALID],
  ['InvalidSignatureException', INVALID],
  ['SignatureDoesNotMatch', INVALID],
  ['MissingAuthenticationToken', INVALID],
  ['InvalidIdentityToken', INVALID],
  ['IDPRejectedClaim', INVALID],
  ['InvalidCiphertextException', REJECTED],
  ['IncorrectKeyException', REJECTED],
  ['NotFoundException', NOT_FOUND],
  ['InvalidArnException', NOT_FOUND],
  ['DisabledException', DISABLED],
  ['KMSInvalidStateException', BAD_STATE],
  ['InvalidKeyUsageException', WRONG_USE],
  ['ThrottlingException', THROTTLED],
  ['Throttling', THROTTLED],
  ['TooManyRequestsException', THROTTLED],
  ['RequestLimitExceeded', THROTTLED],
])

const TOO_MANY_REQUESTS = 429
const SERVER_ERROR = 500
/** Names of the services' errors; anything else is not repeated. */
const ERROR_NAME = /^[A-Za-z]{1,64}$/
/** Codes of the system and of TLS. */
const ERROR_CODE = /^[A-Z][A-Z\d_]{1,63}$/
const PRINCIPAL = /^User: (arn:[\w:/+=,.@-]{1,512}) is not authorized to perform: ((?:kms|sts):[A-Za-z]{1,64})\b/

export function judge(cause: unknown): Failure {
  const error: SdkError = typeof cause === 'object' && cause !== null ? cause : {}
  const { name = '', message = '' } = error
  if (name === 'CredentialsProviderError' || name === 'TokenProviderError') return { error: missingCredentials(message), isTransient: false }
  if (error.syscall === 'open') return { error: unreadable(error), isTransient: false }
  const status = error.$metadata?.httpStatusCode
  const meaning = MEANINGS.get(name) ?? (status === undefined ? undefined : meaningOf(status))
  if (meaning === undefined) return { error: unreachable(error), isTransient: false }
  const isCorrected = error.$metadata?.clockSkewCorrected === true // the SDK has learned the server's time from the refusal
  const told = [ERROR_NAME.test(name) ? name : 'an error', ...(status === undefined ? [] : [`(status ${status})`])].join(' ')
  const [, principal, action] = (meaning === DENIED && PRINCIPAL.exec(message)) || []
  const who = principal === undefined ? '' : `: ${principal} may not do ${action}`
  return {
    error: new CodedError(meaning.code, `${told}: ${meaning.reason}${who}`, meaning.hint === undefined ? {} : { hint: meaning.hint }),
    isTransient: meaning === THROTTLED || isCorrected || (status !== undefined && (status === TOO_MANY_REQUESTS || status >= SERVER_ERROR)),
    retryAfterMs: retryAfterMs(error),
  }
}

function meaningOf(status: number): Meaning {
  if (status === 401 || status === 403) return DENIED
  if (status === 404) return NOT_FOUND
  if (status === TOO_MANY_REQUESTS) return THROTTLED
  return status >= SERVER_ERROR ? FAILING : REFUSED
}

function retryAfterMs({ $response }: SdkError): number | undefined {
  const seconds = Number($response?.headers?.['retry-after'])
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined
}

/** No answer, or none that can be read. */
function unreachable({ code, name = '' }: SdkError): CodedError {
  const reason = code !== undefined && ERROR_CODE.test(code) ? code : ERROR_NAME.test(name) ? name : 'no answer'
  const isTrust = /CERT|SIGNATURE|ISSUER|TLS|SSL/.test(reason)
  return new CodedError('KEY_SERVICE_FAILED', `the service cannot be reached: ${reason}`, {
    hint: isTrust ? 'if a proxy or a private authority signs for it, AWS_CA_BUNDLE or SSL_CERT_FILE names its certificate' : 'check the network, the proxy and the endpoint',
  })
}

/** A file that the configuration names, as of a web identity. */
function unreadable({ code = '' }: SdkError): CodedError {
  return new CodedError('CREDENTIALS_MISSING', `a file with AWS credentials cannot be read${ERROR_CODE.test(code) ? `: ${code}` : ''}`, { hint: 'check AWS_WEB_IDENTITY_TOKEN_FILE and the shared configuration' })
}

function missingCredentials(message: string): CodedError {
  const missing = (text: string, hint: string): CodedError => new CodedError('CREDENTIALS_MISSING', text, { hint })
  if (/\bSSO\b|\baws login\b/i.test(message)) return missing('the sign-in of the AWS profile is missing or has expired', 'aws sso login, with --profile if it is not the default one')
  if (message.includes('multi-factor')) return missing('the AWS profile asks for multi-factor authentication', 'get a session first, as with aws sts get-session-token')
  return missing('no AWS credentials found', 'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or sign in with aws sso login')
}
