/**
 * Who may use the routes that open something: anyone, nobody, or holders of a token that the API server vouches for, made for
 * this program and no other. A token for the API server itself is refused, so nobody is led to hand theirs over. Make one with
 *
 *     kubectl create token NAME --audience waxseal-controller
 *
 * @module
 */
import type { IncomingMessage } from 'node:http'
import { Turns } from '@waxseal/core'
import { KubeError, type KubeClient, type Resource } from '@waxseal/kube'
import type { HttpAccess } from './flags.ts'
import { describe, type Log } from './log.ts'

export const TOKEN_AUDIENCE = 'waxseal-controller'
/** The API server's proxy keeps `Authorization` for itself. */
const PROXIED_HEADER = 'x-waxseal-token'
const MAX_TOKEN_CHARS = 16_384
/** The API server counts them with the controller's own requests, and callers choose how many they are. */
const REVIEWS_AT_ONCE = 4
export const TOKEN_REVIEWS: Resource = { group: 'authentication.k8s.io', version: 'v1', plural: 'tokenreviews' }

interface TokenReview {
  readonly metadata: object
  readonly status?: { readonly authenticated?: boolean; readonly audiences?: readonly string[] }
}

/** What is answered instead: 401 to strangers, 503 if nobody can tell, 404 to all. undefined: come in. */
export type Gate = (request: IncomingMessage) => Promise<401 | 404 | 503 | undefined>

export function createGate(access: HttpAccess, client: KubeClient, log: Log): Gate {
  if (access === 'token') return createTokenGate(client, log)
  return async () => (access === 'off' ? 404 : undefined)
}

function createTokenGate(client: KubeClient, log: Log): Gate {
  const turns = new Turns(REVIEWS_AT_ONCE)
  return async (request) => {
    const token = tokenOf(request)
    if (token === undefined) return 401
    const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', metadata: {}, spec: { token, audiences: [TOKEN_AUDIENCE] } }
    try {
      const { status } = await turns.run(() => client.create<TokenReview>(TOKEN_REVIEWS, {}, review))
      return status?.authenticated === true && status.audiences?.includes(TOKEN_AUDIENCE) ? undefined : 401
    } catch (error) {
      if (!(error instanceof KubeError)) throw error
      log.warn('Error reviewing a token', { error: describe(error) })
      return 503
    }
  }
}

function tokenOf({ headers }: IncomingMessage): string | undefined {
  const { authorization = '', [PROXIED_HEADER]: proxied } = headers
  const token = typeof proxied === 'string' ? proxied : /^bearer (.*)$/i.exec(authorization)?.[1]
  return token !== undefined && token.length > 0 && token.length <= MAX_TOKEN_CHARS ? token : undefined
}
