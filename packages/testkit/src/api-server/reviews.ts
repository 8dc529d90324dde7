/**
 * Questions that are asked by creating an object and answered in its status: who is this token, may I, may he.
 * @module
 */
import { isAllowed } from './authorization.ts'
import { arrayOf, objectOf, textOf, type JsonObject } from './json.ts'
import { invalidObject } from './status.ts'
import { required } from './field-errors.ts'
import type { Store } from './store.ts'
import { SERVER_AUDIENCE, type User, type Users } from './users.ts'

export interface ReviewContext {
  readonly store: Store
  readonly users: Users
  readonly user: User
}

interface ReviewType {
  readonly group: string
  readonly kind: string
  readonly plural: string
  answer(body: JsonObject, context: ReviewContext): JsonObject
}

export const REVIEWS: readonly ReviewType[] = [
  {
    group: 'authentication.k8s.io',
    kind: 'TokenReview',
    plural: 'tokenreviews',
    answer(body, { users }) {
      const spec = objectOf(body['spec'])
      const token = textOf(spec['token'])
      const user = users.ofToken(token)
      const wanted = spec['audiences'] === undefined ? [SERVER_AUDIENCE] : arrayOf(spec['audiences']).map(textOf)
      const audiences = users.audiencesOf(token).filter((audience) => wanted.includes(audience))
      if (!user || audiences.length === 0) return { spec, status: { user: {}, error: 'invalid bearer token' } }
      return { spec, status: { authenticated: true, user: userInfo(user), audiences } }
    },
  },
  {
    group: 'authentication.k8s.io',
    kind: 'SelfSubjectReview',
    plural: 'selfsubjectreviews',
    answer: (_, { user }) => ({ status: { userInfo: userInfo(user) } }),
  },
  {
    group: 'authorization.k8s.io',
    kind: 'SelfSubjectAccessReview',
    plural: 'selfsubjectaccessreviews',
    answer: (body, { store, user }) => accessReview('SelfSubjectAccessReview', store, user, body),
  },
  {
    group: 'authorization.k8s.io',
    kind: 'SubjectAccessReview',
    plural: 'subjectaccessreviews',
    answer(body, { store }) {
      const spec = objectOf(body['spec'])
      return accessReview('SubjectAccessReview', store, { name: textOf(spec['user']), groups: arrayOf(spec['groups']).map(textOf) }, body)
    },
  },
]

function userInfo({ name, uid, groups }: User): JsonObject {
  return { username: name, ...(uid === undefined ? {} : { uid }), groups }
}

function accessReview(kind: string, store: Store, user: User, body: JsonObject): JsonObject {
  const spec = objectOf(body['spec'])
  if (spec['resourceAttributes'] === undefined) {
    if (spec['nonResourceAttributes'] !== undefined) return { spec, status: { allowed: user.groups.includes('system:masters') } }
    throw invalidObject({ group: 'authorization.k8s.io', kind }, [required('spec.resourceAttributes', 'exactly one of nonResourceAttributes or resourceAttributes must be specified')])
  }
  const asked = objectOf(spec['resourceAttributes'])
  const access = {
    verb: textOf(asked['verb']),
    group: textOf(asked['group']),
    resource: textOf(asked['resource']),
    subresource: textOf(asked['subresource']),
    namespace: textOf(asked['namespace']),
    name: textOf(asked['name']),
  }
  return { spec, status: { allowed: isAllowed(store, user, access) } }
}
