/**
 * Who asks: bearer tokens and the users behind them.
 * @module
 */
import { randomBytes } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { unauthorized } from './status.ts'

export interface User {
  readonly name: string
  readonly groups: readonly string[]
  readonly uid?: string
}

export const ADMIN: User = { name: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'] }
/** Whom tokens are for that name nobody else. */
export const SERVER_AUDIENCE = 'https://kubernetes.default.svc.cluster.local'
const ANONYMOUS: User = { name: 'system:anonymous', groups: ['system:unauthenticated'] }

export class Users {
  readonly #tokens = new Map<string, User>()
  /** Of tokens that are not for the server itself. */
  readonly #audiences = new Map<string, readonly string[]>()

  add(token: string, user: User): void {
    this.#tokens.set(token, user.groups.includes('system:authenticated') ? user : { ...user, groups: [...user.groups, 'system:authenticated'] })
  }

  /** A new token of a service account. @param audience - absent: the server itself */
  serviceAccountToken(namespace: string, name: string, audience?: string): string {
    const token = randomBytes(24).toString('base64url')
    if (audience !== undefined) this.#audiences.set(token, [audience])
    this.add(token, {
      name: `system:serviceaccount:${namespace}:${name}`,
      groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`],
    })
    return token
  }

  revoke(token: string): void {
    this.#tokens.delete(token)
  }

  /**
   * The user that a request speaks for, when its own may impersonate.
   * @param headers - `impersonate-user`, `impersonate-group`
   */
  impersonate(user: User, headers: IncomingHttpHeaders): User {
    const name = headers['impersonate-user']
    if (typeof name !== 'string' || !user.groups.includes('system:masters')) return user
    const groups = [headers['impersonate-group'] ?? []].flat()
    return { name, groups: [...groups, 'system:authenticated'] }
  }

  ofToken(token: string): User | undefined {
    return this.#tokens.get(token)
  }

  audiencesOf(token: string): readonly string[] {
    return this.#audiences.get(token) ?? [SERVER_AUDIENCE]
  }

  /** @throws StatusError 401 for a token that is not known; without a token the user is anonymous */
  authenticate(authorization: string | undefined): User {
    const token = /^Bearer +([^ ]+)$/i.exec(authorization ?? '')?.[1]
    if (token === undefined) return ANONYMOUS
    const user = this.#tokens.get(token)
    if (!user || !this.audiencesOf(token).includes(SERVER_AUDIENCE)) throw unauthorized()
    return user
  }
}
