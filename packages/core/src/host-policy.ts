/**
 * Which hosts a key may have this program contact, which roles it may have it take on there, and which programs it may have it start. A pull request can
 * change a file and name any of them there, so what stands in the repository never widens what decryption does: the vendor's own domains, what the environment
 * or the vendor's configuration names, and what the user allows. Providers ask before a name is resolved: for every key of a file, also when
 * it is wrapped to, as a rotation does. New keys come from the user or from a rule, which names the recipients anyway.
 * @module
 */
import { CodedError } from './errors.ts'

export interface NamedHost {
  /** What names it, for messages: "vault address", "AWS region". */
  readonly what: string
  /** Where requests would go. Only scheme, host and port count. */
  readonly url: string
  /** Matched against the whole origin: hosts of the vendor's own, each built from a name of a strict pattern. Starts with ^ and ends with $. */
  readonly vendor?: RegExp
  /** URLs that the environment or the vendor's configuration sets. */
  readonly configured?: readonly string[]
  /** What sets such a URL, for the hint: "VAULT_ADDR". Absent: nothing does. */
  readonly setting?: string
}

/** A role of somebody else's account learns who asks, and its keys answer in place of one's own. */
export interface NamedRole {
  /** What names it, for messages: "AWS role". */
  readonly what: string
  readonly role: string
  /** What such names look like, whole. Starts with ^ and ends with $. */
  readonly form: RegExp
  /** Those that the environment or the vendor's configuration names. Asked first. */
  readonly configured: () => readonly string[]
  /** What names such a role, for the hint: "AWS_ROLE_ARN". */
  readonly setting: string
}

export interface HostPolicy {
  /** @throws CodedError HOST_REFUSED */
  check(named: NamedHost): void
  /** @throws CodedError ROLE_REFUSED */
  checkRole(named: NamedRole): void
  /** @param program - a name without a folder. @throws CodedError PROGRAM_REFUSED */
  checkProgram(program: string): void
}

/**
 * The policy of the native commands.
 * @param allowed - asked when nothing else allows a host: `host`, `host:port` (both over https), `https://host:port`, `http://host:port`;
 * `*.` in front of the host stands for anything below it. Names of roles and programs stand in the same list
 */
export function restrictHosts(allowed: () => readonly string[]): HostPolicy {
  return {
    check(named) {
      const url = parseOrigin(named)
      if (named.vendor?.test(url.origin) || isConfigured(url, named) || allowed().some((entry) => allows(entry, url))) return
      throw new CodedError('HOST_REFUSED', `${named.what} ${url.origin} is not among the hosts that keys of files may name`, {
        hint: `if you trust it, ${named.setting ? `set ${named.setting}, or ` : ''}allow it with --allow ${url.origin} or WAXSEAL_ALLOW`,
      })
    },
    checkRole({ what, role, form, configured, setting }) {
      if (configured().includes(role) || allowed().includes(role)) return
      throw new CodedError('ROLE_REFUSED', `${what} ${JSON.stringify(role)} is not among the roles that keys of files may name`, {
        hint: form.test(role) ? `if you trust it, name it in ${setting}, or allow it with --allow ${role} or WAXSEAL_ALLOW` : 'it is not the name of a role: correct the key in the file',
      })
    },
    checkProgram(program) {
      if (allowed().includes(program)) return
      throw new CodedError('PROGRAM_REFUSED', `${program} is not among the programs that keys may have started`, {
        hint: `if you trust it, allow it with --allow ${program} or WAXSEAL_ALLOW=${program}`,
      })
    },
  }
}

/**
 * The reference's policy: files decide.
 * @param warn - told when a file names another host than the one that is set, once for each
 */
export function trustHosts(warn: (message: string) => void): HostPolicy {
  const told = new Set<string>()
  return {
    check(named) {
      const url = parseOrigin(named)
      const isOther = (named.configured?.length ?? 0) > 0 && !isConfigured(url, named)
      const message = `${named.what} ${url.origin} of the file is not the one that ${named.setting} sets`
      if (!isOther || told.has(message)) return
      told.add(message)
      warn(message)
    },
    checkRole() {},
    checkProgram() {},
  }
}

function parseOrigin({ what, url }: NamedHost): URL {
  const parsed = URL.parse(url)
  const isWeb = parsed?.protocol === 'https:' || parsed?.protocol === 'http:'
  if (parsed && isWeb && parsed.username === '' && parsed.password === '') return parsed
  throw new CodedError('HOST_REFUSED', `${what} is not an address of the form https://host`, { hint: 'correct the key in the file' })
}

function isConfigured(url: URL, { configured = [] }: NamedHost): boolean {
  return configured.some((text) => URL.parse(text)?.origin === url.origin)
}

function allows(entry: string, url: URL): boolean {
  const allowed = URL.parse(entry.includes('://') ? entry : `https://${entry}`)
  if (!allowed || allowed.protocol !== url.protocol || allowed.port !== url.port) return false
  if (!allowed.hostname.startsWith('*.')) return allowed.hostname === url.hostname
  return url.hostname.endsWith(allowed.hostname.slice(1))
}
