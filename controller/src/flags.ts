/**
 * Flags and their environment variables: `--key-size` is `SEALED_SECRETS_KEY_SIZE`. The environment comes first and the
 * command line overrides it; a value of the environment that cannot be read is ignored, one of the command line ends the program.
 * Follows: bitnami-labs/sealed-secrets cmd/controller/main.go, pkg/flagenv/flagenv.go.
 * @module
 */
import { CodedError } from '@waxseal/core'
import { DURATION, FLOAT, formatDuration, INTEGER, oneOf, SWITCH, TEXT, type FlagKind } from './flag-values.ts'

const ENV_PREFIX = 'SEALED_SECRETS_'
const DAY_MS = 24 * 3_600_000

const HTTP_ACCESS = ['anyone', 'token', 'off'] as const
export type HttpAccess = (typeof HTTP_ACCESS)[number]

interface Flag<T> {
  readonly kind: FlagKind<T & {}>
  readonly initial: T
  readonly usage: string
  /** Deprecated: another name of that flag. */
  readonly aliasOf?: string
}

function flag<T>(kind: FlagKind<T & {}>, initial: T, usage: string): Flag<T> {
  return { kind, initial, usage }
}

const FLAGS = {
  'accept-deprecated-v1-data': flag(SWITCH, true, 'Accept deprecated V1 data field.'),
  'additional-namespaces': flag(TEXT, '', 'Comma-separated list of additional namespaces to be scanned.'),
  'all-namespaces': flag(SWITCH, true, 'Scan all namespaces or only the current namespace.'),
  'http-access': flag<HttpAccess>(oneOf(HTTP_ACCESS), 'anyone', 'Who may use /v1/verify and /v1/rotate: anyone, who brings a token for the audience waxseal-controller (token), or nobody (off).'),
  'key-cutoff-time': flag(TEXT, '', 'Create a new key if latest one is older than this cutoff time. RFC1123 format with numeric timezone expected.'),
  'key-order-priority': flag(TEXT, 'CertNotBefore', 'Ordering of keys: CertNotBefore or SecretCreationTimestamp.'),
  'key-prefix': flag(TEXT, 'sealed-secrets-key', 'Prefix used to name keys.'),
  'key-renew-period': flag(DURATION, 30 * DAY_MS, 'New key generation period (automatic rotation disabled if 0).'),
  'key-size': flag(INTEGER, 4096, 'Size of encryption key.'),
  'key-ttl': flag(DURATION, 3650 * DAY_MS, 'Duration that certificate is valid for.'),
  'kubeclient-burst': flag(INTEGER, 10, 'Requests to the API server that may go at once; counts only beside a rate.'),
  'kubeclient-qps': flag<number | undefined>(FLOAT, undefined, 'Requests to the API server a second; without it there is no limit.'),
  'label-selector': flag(TEXT, '', 'Label selector of the sealed secrets to process.'),
  'listen-addr': flag(TEXT, ':8080', 'HTTP serving address.'),
  'listen-metrics-addr': flag(TEXT, ':8081', 'HTTP metrics serving address.'),
  'log-format': flag(TEXT, 'text', 'Format of log lines: text or json.'),
  'log-info-stdout': flag(SWITCH, true, 'Log to stdout what is no warning or error; otherwise everything goes to stderr.'),
  'log-level': flag(TEXT, 'INFO', 'Log level: DEBUG, INFO, WARN or ERROR.'),
  'max-unseal-retries': flag(INTEGER, 5, 'Accepted and not used: failures are tried again for ever, with growing waits.'),
  'metrics-omit-secret-labels': flag(SWITCH, false, 'Leave out the metric that carries names of sealed secrets.'),
  'my-cn': flag(TEXT, '', 'Common name to be used as issuer/subject DN in generated certificate.'),
  'old-gc-behavior': flag(SWITCH, false, 'Delete a secret when its sealed secret is deleted, instead of leaving it to garbage collection.'),
  'privatekey-annotations': flag(TEXT, '', 'Comma-separated list of additional annotations for newly generated keys.'),
  'privatekey-labels': flag(TEXT, '', 'Comma-separated list of additional labels for newly generated keys.'),
  'rate-limit': flag(INTEGER, 2, 'Number of allowed sustained request per second for verify and rotate endpoints.'),
  'rate-limit-burst': flag(INTEGER, 2, 'Number of requests allowed to exceed the rate limit per second for verify and rotate endpoints.'),
  'read-timeout': flag(DURATION, 120_000, 'HTTP request timeout.'),
  'rotate-period': { ...flag(DURATION, 30 * DAY_MS, 'Deprecated: use key-renew-period.'), aliasOf: 'key-renew-period' },
  'skip-recreate': flag(SWITCH, false, 'Leave secrets alone that were deleted or edited by others.'),
  'update-status': flag(SWITCH, true, 'Update the status of the sealed secrets.'),
  version: flag(SWITCH, false, 'Print version information and exit.'),
  'watch-for-secrets': flag(SWITCH, false, 'Accepted and not used: key secrets are always watched.'),
  'write-timeout': flag(DURATION, 120_000, 'HTTP response timeout.'),
} as const satisfies Readonly<Record<string, Flag<string> | Flag<number> | Flag<boolean> | Flag<number | undefined>>>

export type FlagName = keyof typeof FLAGS
/** Durations in milliseconds. */
export type Settings = { readonly [Name in FlagName]: (typeof FLAGS)[Name] extends Flag<infer T> ? T : never }

export interface ParsedFlags {
  readonly settings: Settings
  readonly help: boolean
  /** Of the cluster, instead of running: the word `check` before or between the flags. */
  readonly isCheck: boolean
  /** Lines for the log: use of deprecated flags. */
  readonly notices: readonly string[]
}

/** @throws CodedError USAGE - the message is Go's; the usage text is for the caller to print */
export function parseFlags(args: readonly string[], env: Readonly<Record<string, string | undefined>>): ParsedFlags {
  const values = new Map<string, unknown>(flagEntries().map(([name, { initial }]) => [name, initial]))
  const notices: string[] = []
  for (const [name, { kind, aliasOf }] of flagEntries()) {
    const text = env[environmentName(name)]
    const value = text === undefined ? undefined : kind.parse(text)
    if (value !== undefined) values.set(aliasOf ?? name, value)
  }
  let help = false
  let isCheck = false
  for (let at = 0; at < args.length; at++) {
    const [, name, inline] = /^--?([^-=][^=]*)(?:=(.*))?$/s.exec(args[at] ?? '') ?? []
    if (name === undefined) {
      isCheck ||= args[at] === 'check' // other words are ignored
      continue
    }
    if (name === 'help' || name === 'h') {
      help = true
      continue
    }
    const found: AnyFlag | undefined = Object.hasOwn(FLAGS, name) ? FLAGS[name as FlagName] : undefined
    if (!found) throw new CodedError('USAGE', `flag provided but not defined: -${name}`)
    const text = inline ?? (found.kind === SWITCH ? 'true' : args[++at])
    if (text === undefined) throw new CodedError('USAGE', `flag needs an argument: -${name}`)
    const value = found.kind.parse(text)
    if (value === undefined) throw new CodedError('USAGE', `invalid value ${JSON.stringify(text)} for flag -${name}`)
    if (found.aliasOf) notices.push(`Flag --${name} has been deprecated, please use --${found.aliasOf} instead`)
    values.set(found.aliasOf ?? name, value)
  }
  return { settings: Object.fromEntries(values) as unknown as Settings, help, isCheck, notices }
}

export function usage(): string {
  const lines = flagEntries().map(([name, { kind, initial, usage }]) => {
    const shown = initial === undefined || initial === '' || initial === false ? '' : ` (default ${kind.name === 'duration' ? formatDuration(Number(initial)) : initial})`
    return `  --${name}${kind.name ? ` ${kind.name}` : ''}\n\t${usage}${shown}`
  })
  return `Usage of controller:\n  check\n\tTell what the cluster lacks, and how its sealing keys are, instead of running.\n${lines.join('\n')}\n`
}

type AnyFlag = { readonly kind: FlagKind<unknown>; readonly initial: string | number | boolean | undefined; readonly usage: string; readonly aliasOf?: string }

function flagEntries(): [string, AnyFlag][] {
  return Object.entries(FLAGS)
}

function environmentName(name: string): string {
  return ENV_PREFIX + name.toUpperCase().replaceAll('-', '_')
}

/** `k=v,k=v`; what follows a second `=` stays in the value. @throws CodedError USAGE - an entry without `=` */
export function parsePairs(flagName: FlagName, text: string): Record<string, string> {
  const pairs = text === '' ? [] : text.split(',').map((entry): [string, string] => {
    const at = entry.indexOf('=')
    if (at < 1) throw new CodedError('USAGE', `invalid value for flag -${flagName}: want a list of key=value`)
    return [entry.slice(0, at), entry.slice(at + 1)]
  })
  return Object.fromEntries(pairs)
}
