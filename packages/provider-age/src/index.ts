export { generateIdentity, type NewIdentity } from './keygen.ts'
export { namedRecipients, type NamedRecipient } from './identity-file.ts'
export { createAgeProvider, type AgeOptions, type IdentitySource } from './provider.ts'
export { recipientKind, type AgeRef } from './ref.ts'
